"""Reading: from an image of a line to its text, with ONNX Runtime or Keras.

It needs nothing of training, data sets, synthesis or evaluation, and imports neither Keras nor TensorFlow unless the
engine ``keras`` is asked for.
"""
