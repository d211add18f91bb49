"""The two trainings: staged, on lines drawn meanwhile; and with CTC, on batch folders.

It knows nothing of the recognizer: it measures with greedy decoding. ``dataset_trainer`` does not import the synthesis.
"""
