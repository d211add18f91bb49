"""ONNX models written without the package onnx, held against it."""

import numpy as np
import onnx
import pytest

from crnn.inference import onnx_format
from crnn.inference.onnx_graph import graph_from_weights
from crnn.model.weights_file import read_activation_ranges
from crnn.paths import DEFAULT_WEIGHTS


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int8", "int32", "int64", ">f4"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 1, 300)])
def test_tensors(dtype, shape):
    values = np.random.default_rng(0).normal(0, 50, shape).astype(dtype)
    tensor = onnx.TensorProto.FromString(onnx_format.tensor("名", values))
    onnx.checker.check_tensor(tensor)
    assert tensor.name == "名"
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(tensor), values)


def test_nodes():
    attributes = {"axis": -1, "direction": "bidirectional", "group": 2**40, "pads": [0, 1, 300]}
    written = onnx.NodeProto.FromString(onnx_format.node("Conv", ["x", "", "w"], "y", attributes, "com.microsoft"))
    assert written == onnx.helper.make_node("Conv", ["x", "", "w"], ["y"], domain="com.microsoft", **attributes)


@pytest.mark.parametrize("shape", [None, [], ["n", 32, "width", 1]])
def test_values(shape):
    written = onnx.ValueInfoProto.FromString(onnx_format.value("x", shape))
    assert written == onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)


def test_the_network_is_a_valid_model():
    model = graph_from_weights(DEFAULT_WEIGHTS, 5991)
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)


def test_the_network_of_integers_names_both_sets_of_operations():
    model = onnx.load_from_string(graph_from_weights(DEFAULT_WEIGHTS, 5991, read_activation_ranges(DEFAULT_WEIGHTS)))
    assert {opset.domain: opset.version for opset in model.opset_import} == {"": 18, "com.microsoft": 1}
    assert {node.domain for node in model.graph.node} == {"", "com.microsoft"}
