"""Write ONNX models with NumPy alone: the messages of ``onnx.proto3`` that ``onnx_graph`` needs.

A message is a sequence of fields. A field is its number and type, then an integer in groups of 7 bits, or a length and
so many bytes: strings, arrays and messages within it (Protocol Buffers, Encoding). The numbers are those of
``onnx.proto3``; ``tests/test_onnx_format.py`` holds what is written here against the package onnx, which reading text
then does not need.
"""

from collections.abc import Iterable, Sequence

import numpy as np

_TENSOR_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7}
_INT, _STRING, _INTS = 2, 3, 7  # types of an attribute


def tensor(name: str, values: np.ndarray) -> bytes:
    """Write a TensorProto: a constant of a graph.

    Args:
        name: of the constant.
        values: of one of the types float32, uint8, int8, int32 and int64.
    """
    little = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False)
    dims = (_field(1, size) for size in values.shape)
    return b"".join((*dims, _field(2, _TENSOR_TYPES[values.dtype.name]), _field(8, name), _field(9, little.tobytes())))


def node(
    kind: str, inputs: Iterable[str], output: str, attributes: dict[str, int | str | Sequence[int]], domain: str = ""
) -> bytes:
    """Write a NodeProto: an operation.

    Args:
        kind: of the operation, as ``Conv``.
        inputs: names; an empty one stands for an optional input that is left out.
        output: name.
        attributes: of the operation.
        domain: that defines it; by default that of ONNX itself.
    """
    fields = [*(_field(1, name) for name in inputs), _field(2, output), _field(4, kind)]
    fields += [_field(5, _attribute(*item)) for item in attributes.items()]
    return b"".join((*fields, _field(7, domain) if domain else b""))


def value(name: str, shape: Sequence[int | str] | None = None) -> bytes:
    """Write a ValueInfoProto: an input or output of a graph, float32.

    Args:
        name: of the input or output.
        shape: a number for an axis of fixed length, a name for one of any length; None if nothing is known.
    """
    tensor_type = _field(1, _TENSOR_TYPES["float32"])
    if shape is not None:
        axes = (_field(2 if isinstance(axis, str) else 1, axis) for axis in shape)
        tensor_type += _field(2, b"".join(_field(1, axis) for axis in axes))
    return _field(1, name) + _field(2, _field(1, tensor_type))


def model(
    nodes: Iterable[bytes],
    constants: Iterable[bytes],
    inputs: Iterable[bytes],
    outputs: Iterable[bytes],
    operations: dict[str, int],
    ir_version: int,
) -> bytes:
    """Write a ModelProto: the bytes of an ONNX file.

    Args:
        nodes: of ``node``, in an order in which they can be computed.
        constants: of ``tensor``.
        inputs: of ``value``.
        outputs: of ``value``.
        operations: version of the operations of each domain.
        ir_version: of the format.
    """
    graph = [_field(1, one) for one in nodes] + [_field(2, "crnn")] + [_field(5, one) for one in constants]
    graph += [_field(11, one) for one in inputs] + [_field(12, one) for one in outputs]
    opsets = (_field(8, _field(1, domain) + _field(2, version)) for domain, version in operations.items())
    return b"".join((_field(1, ir_version), _field(7, b"".join(graph)), *opsets))


def _attribute(name: str, given: int | str | Sequence[int]) -> bytes:
    if isinstance(given, int):
        return _field(1, name) + _field(3, given) + _field(20, _INT)
    if isinstance(given, str):
        return _field(1, name) + _field(4, given) + _field(20, _STRING)
    return _field(1, name) + b"".join(_field(8, number) for number in given) + _field(20, _INTS)


def _field(number: int, given: int | str | bytes) -> bytes:
    if isinstance(given, int):
        return _varint(number << 3) + _varint(given % 2**64)  # negative ones as two's complement
    data = given.encode() if isinstance(given, str) else given
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    """Write an integer from its lowest 7 bits on; the eighth bit of a byte says that more follow.

    >>> _varint(300).hex()
    'ac02'
    """
    groups = bytearray()
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    return bytes((*groups, number))
