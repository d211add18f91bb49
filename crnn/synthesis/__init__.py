"""Lines of text drawn from fonts and texts: a stream for training, or a data set on disk.

It knows nothing of networks, of reading or of training. Of the data set it uses the writer alone.
"""
