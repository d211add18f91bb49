"""A CRNN that reads printed lines of Chinese, English or both.

The modules, in the order in which a picture meets them:

=================  =====================================================================
``charset``        the table of labels: encoding, decoding, folding; owns space and blank
``image``          picture file -> grey line 32 pixels high -> pieces with colour added
``network``        the layers, ``predict_core`` and ``train_core``
``losses``         the CTC loss, and the loss of columns
``weights``        the weights file: HDF5 that Keras reads
``prediction``     ``predict_core`` as a fast function of arrays: ONNX Runtime or Keras
``graph``          the network as an ONNX graph, in float32 or 8-bit integers; ``quantization``: what these need to know
``export``         the network for other programs: ONNX or a SavedModel
``ctc``            greedy decoding into runs, which labels can be aligned
``beam``           prefix beam search, which weighs what usually follows what
``ngrams``         what usually follows what, counted in texts
``spacing``        the one rule that decides where a space stands
``recognizer``     pictures -> lines of text, batched over all pieces
``metrics``        character error rate, exact lines, 1 - NED
``labels``         label files of millions of lines
``folders``        batch folders and their images
``dataset``        the loader that feeds the training from them
``checking``       every label and image of a data set looked at before a long training
``archives``       packing and unpacking ``part_K.7z``
``writing``        data sets of one's own, of labelled pictures
``synthesis``      lines drawn from fonts and texts: a stream, or a data set on disk
``training``       the stages from random weights to a reader of lines
``fitting``        training from batch folders
``checkpoint``     the whole state of either training in one file
``optimizer``      Muon, for convolutions too
``evaluation``     how well weights read; ``heldout``: synthetic lines to measure on; ``curves``: pictures of it
``robustness``     how well they read what has been cropped, turned, shaded, blurred
``benchmark``      how fast reading is; ``data_benchmark``: unpacking, loader, training step
``demo``           what ``demo_infer.py`` does
``backend``        all that only TensorFlow, JAX or PyTorch can do
=================  =====================================================================

Nothing is imported here, so that ``import crnn`` stays instant.
"""
