"""From a whole picture to its lines: where they stand and the order in which they are read.

Knows nothing of networks or characters: OpenCV and NumPy only.
"""
