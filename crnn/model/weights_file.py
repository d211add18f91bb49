"""Weights files: HDF5 in the layout that Keras's ``load_weights`` takes for ``*.h5``.

The layout (Keras's legacy format, TensorFlow 2.x): the file's attribute ``layer_names`` lists the
layers, each is a group whose attribute ``weight_names`` lists its data sets in order. Keras 3 reads
it but no longer writes it under a public name, so it is written here with h5py; reading needs NumPy
alone. Values may be stored as float16: half the file, and Keras casts them while loading.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from crnn.files import atomic_path
from crnn.model import hdf5

if TYPE_CHECKING:  # reading a file needs no Keras
    import keras

SOFTMAX = "blstm2_out"


def save(model: "keras.Model", path: str | Path, dtype: str = "float16") -> None:
    """Write the weights of ``model`` to ``path``: whole, or not at all."""
    write(model, values_of(model), path, dtype)


def values_of(model: "keras.Model") -> dict[str, list[np.ndarray]]:
    """Copy the weights of every layer that has some: name -> arrays, as ``read`` gives them."""
    return {layer.name: [np.array(weight) for weight in layer.get_weights()] for layer in _weighted_layers(model)}


def save_average(
    model: "keras.Model", other: str | Path, share: float, path: str | Path, dtype: str = "float16"
) -> None:
    """Write the average of the weights of a model and of a file.

    Args:
        model: its weights count for 1 - ``share``.
        other: weights file of the same layers.
        share: what the weights of ``other`` count for.
        path: file to write.
        dtype: of the values in it.
    """
    theirs = read(other)
    average = {
        name: [(1 - share) * own + share * their for own, their in zip(values, theirs[name], strict=True)]
        for name, values in values_of(model).items()
    }
    write(model, average, path, dtype)


def write(
    model: "keras.Model", values: Mapping[str, Sequence[np.ndarray]], path: str | Path, dtype: str = "float16"
) -> None:
    """Write values of the layers of a model: whole, or not at all.

    Args:
        model: its layers give names and order.
        values: name -> arrays, as ``values_of`` gives them.
        path: file to write.
        dtype: of the values in it.
    """
    import h5py

    with atomic_path(path) as partial, h5py.File(partial, "w", libver="earliest", locking=False) as file:
        named = _weighted_layers(model)
        file.attrs["layer_names"] = [layer.name.encode() for layer in named]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.15.0"
        for layer in named:
            group = file.create_group(layer.name)
            names = [_weight_name(layer, weight) for weight in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, values[layer.name], strict=True):
                group.create_dataset(name, data=np.asarray(value, dtype))


def load(model: "keras.Model", path: str | Path, classes: Sequence[int] | None = None) -> None:
    """Set the weights of ``model`` from ``path``; layers meet by their names.

    Args:
        model: gets the weights.
        path: weights file.
        classes: see ``network.CRNN.load_weights``.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no HDF5, or a layer is missing, unknown or of another shape; nothing is changed then.
    """
    stored = read(path)
    layers = {layer.name: layer for layer in _weighted_layers(model)}
    if classes is not None and SOFTMAX in stored:
        stored[SOFTMAX] = _taken_over(stored[SOFTMAX], layers[SOFTMAX].get_weights(), np.array(classes))
    check(stored, {name: [tuple(weight.shape) for weight in layer.weights] for name, layer in layers.items()}, path)
    for name, layer in layers.items():
        layer.set_weights(stored[name])


def read(path: str | Path) -> dict[str, list[np.ndarray]]:
    """Read the values of every layer that has some: name -> float32 arrays.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no HDF5 of weights, damaged, or its weights are not finite or all zero.
    """
    root = hdf5.open_root(path)
    if "layer_names" not in root.attributes:
        raise ValueError(f"{path}: not a Keras weights file (it has no attribute layer_names)")
    names = _names(root, "layer_names", path)
    stored, left = {}, Path(path).stat().st_size
    for name in names:
        arrays = [root[name][weight].values for weight in _names(root[name], "weight_names", path)]
        if arrays:
            left -= sum(array.nbytes for array in arrays if array is not None)
            if left < 0 or any(array is None or array.dtype.kind != "f" for array in arrays):
                raise ValueError(f"{path}: damaged: layer {name} has no weights, or more than the file")
            stored[name] = [_checked(array.astype(np.float32), name, path) for array in arrays if array is not None]
    return stored


def _names(node: hdf5.Node, attribute: str, path: str | Path) -> list[str]:
    """Return the names that an attribute lists, each once."""
    names = [_text(name) for name in np.atleast_1d(node.attributes.get(attribute, [])).tolist()]
    if len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{path}: damaged: {attribute} does not list names, each once")
    return names


def _checked(values: np.ndarray, layer: str, path: str | Path) -> np.ndarray:
    """Refuse values that no training ends with."""
    if not np.isfinite(values).all():
        raise ValueError(f"{path}: layer {layer} has weights that are not finite: the training went wrong")
    if values.ndim > 1 and not values.any():
        raise ValueError(f"{path}: layer {layer} has weights that are all zero: nothing was trained")
    return values


def read_activation_ranges(path: str | Path) -> dict[str, float]:
    """Read the highest outputs of layers, by name, that ``write_activation_ranges`` has put there; {} if it has not.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged.
    """
    if not hdf5.is_hdf5(path):
        return {}
    root = hdf5.open_root(path)
    attributes = {name: root[name].attributes for name in root.children}
    ranges = {name: those["peak"] for name, those in attributes.items() if "peak" in those}
    if not all(value.size == 1 and value.dtype.kind == "f" and 0 < value < np.inf for value in ranges.values()):
        raise ValueError(f"{path}: damaged: an activation range is no positive number")
    return {name: float(value) for name, value in ranges.items()}


def write_activation_ranges(path: str | Path, ranges: Mapping[str, float]) -> None:
    """Put the highest outputs of layers, name -> value, beside their weights; Keras ignores them."""
    import h5py

    with atomic_path(path) as partial:
        shutil.copyfile(path, partial)
        with h5py.File(partial, "r+", libver="earliest", locking=False) as file:
            for name, highest in ranges.items():
                file[name].attrs["peak"] = highest


def check(stored: Mapping[str, Sequence[np.ndarray]], wanted: Mapping[str, Sequence[tuple]], path: str | Path) -> None:
    """Check that values have the shapes a network needs.

    Args:
        stored: as ``read`` gives them.
        wanted: name -> shapes.
        path: named in error messages.

    Raises:
        ValueError: a layer is missing, unknown or of another shape.
    """
    unknown = sorted(stored.keys() - wanted.keys())
    if unknown:
        raise ValueError(f"{path}: the network has no layer {unknown[0]}")
    for name, shapes in wanted.items():
        if name not in stored:
            raise ValueError(f"{path}: layer {name} is missing")
        have = [value.shape for value in stored[name]]
        if have != list(shapes):
            raise ValueError(f"{path}: layer {name} has shapes {have}, the network needs {list(shapes)}")


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


def _text(name):
    return name.decode(errors="replace") if isinstance(name, bytes) else name
