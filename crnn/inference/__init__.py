"""Reading: from an image of a line to its text, with ONNX Runtime or Keras.

Needs nothing of training, data sets, synthesis or evaluation, and imports neither Keras nor TensorFlow unless the
engine ``keras`` is asked for. On an image's way: ``line_splitting`` prepares it, ``engines`` compute probabilities,
``beam_search`` with ``ngram_lm`` finds the text, ``spacing`` puts the spaces, ``recognizer`` runs it all,
``demo`` is what ``demo_infer.py`` does.
"""
