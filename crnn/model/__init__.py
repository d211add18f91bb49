"""The network in Keras: layers, losses, what only one backend can do, and the weights file.

It knows nothing of image files, of texts, of data sets or of how a training goes.
"""
