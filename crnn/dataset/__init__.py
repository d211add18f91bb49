"""The training set on disk: label files, batch folders, archives, the loader, and how to write one.

It knows nothing of networks: it imports neither the model nor the recognizer. Only the loader imports Keras, for
``keras.utils.Sequence``.
"""
