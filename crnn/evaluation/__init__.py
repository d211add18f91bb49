"""How well weights read: scores, held-out lines, altered images, plots. ``python -m crnn.evaluation`` measures.

It changes no weights, and knows nothing of how they were trained.
"""
