"""Reading: from an image of a line to its text, with ONNX Runtime or Keras.

Needs nothing of training, data sets, synthesis or evaluation, and imports neither Keras nor TensorFlow unless the
engine ``keras`` is asked for. On an image's way: ``views`` and ``line_splitting`` prepare it, ``engines`` compute
probabilities, ``beam_search`` with ``ngram_lm`` finds the text, ``spacing`` puts the spaces, ``recognizer`` runs it all
and looks again, as ``views`` says, at what is not convincing;
``demo`` is what ``demo_infer.py`` does.
"""
