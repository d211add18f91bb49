"""Weights files: HDF5 in the layout that Keras's ``load_weights`` takes for ``*.h5``.

The layout (Keras's legacy format, TensorFlow 2.x): the file's attribute ``layer_names`` lists the
layers, each is a group whose attribute ``weight_names`` lists its data sets in order. Keras 3 reads
it but no longer writes it under a public name, so it is written here with h5py. Values may be
stored as float16: half the file, and Keras casts them while loading.
"""

import os
from pathlib import Path

import h5py
import numpy as np

SOFTMAX = "blstm2_out"


def save(model, path, dtype="float16"):
    """Write the weights of ``model`` to ``path``: whole, or not at all."""
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    with h5py.File(partial, "w") as file:
        named = _weighted_layers(model)
        file.attrs["layer_names"] = [layer.name.encode() for layer in named]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.15.0"
        for layer in named:
            group = file.create_group(layer.name)
            names = [_weight_name(layer, weight) for weight in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, weight in zip(names, layer.weights, strict=True):
                group.create_dataset(name, data=np.asarray(weight.value, dtype))
    os.replace(partial, path)


def load(model, path, classes=None):
    """Set the weights of ``model`` from ``path``; layers meet by their names.

    Args:
        classes: see ``network.CRNN.load_weights``.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no HDF5, or a layer is missing, unknown or of another shape; nothing is changed then.
    """
    if not h5py.is_hdf5(path):
        raise ValueError(f"{path}: not an HDF5 file")
    with h5py.File(path, "r") as file:
        if "layer_names" not in file.attrs:
            raise ValueError(f"{path}: not a Keras weights file (it has no attribute layer_names)")
        stored = {_text(name): _values(file[name]) for name in file.attrs["layer_names"]}
    stored = {name: values for name, values in stored.items() if values}
    layers = _weighted_layers(model)
    unknown = sorted(stored.keys() - {layer.name for layer in layers})
    if unknown:
        raise ValueError(f"{path}: the network has no layer {unknown[0]}")
    for layer in layers:
        if layer.name not in stored:
            raise ValueError(f"{path}: layer {layer.name} is missing")
        if classes is not None and layer.name == SOFTMAX:
            stored[layer.name] = _taken_over(stored[layer.name], layer.get_weights(), np.array(classes))
        want = [tuple(weight.shape) for weight in layer.weights]
        have = [value.shape for value in stored[layer.name]]
        if want != have:
            raise ValueError(f"{path}: layer {layer.name} has shapes {have}, the network needs {want}")
    for layer in layers:
        layer.set_weights(stored[layer.name])


def _taken_over(stored, own, classes):
    """Kernel and bias of a softmax of other classes; a new class gets the mean bias of the known ones."""
    known = classes >= 0
    kernel, bias = own[0].copy(), np.full_like(own[1], stored[1].mean())
    kernel[:, known] = stored[0][:, classes[known]]
    bias[known] = stored[1][classes[known]]
    return [kernel, bias]


def _weighted_layers(model):
    return [layer for layer in model.layers if layer.weights]


def _weight_name(layer, weight):
    """``conv1/kernel:0``; inside a wrapper the path within it (``blstm1/forward_lstm/.../kernel:0``)."""
    inner = weight.path.split("/")
    inner = inner[inner.index(layer.name) :] if layer.name in inner else [layer.name, *inner]
    return "/".join(inner) + ":0"


def _values(group):
    return [group[name][()] for name in group.attrs["weight_names"]]


def _text(name):
    return name.decode() if isinstance(name, bytes) else name
