"""ONNX files that are damaged or foreign: a message that names the file, and nothing taken from them."""

import numpy as np
import pytest

from crnn.inference.engines import onnx_predict
from crnn.inference.onnx_graph import graph_from_weights
from crnn.model.network import CRNN

CLASSES = 5


def test_onnx_files_of_something_else_are_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    path = tmp_path / "other.onnx"

    def write(shape, weight):
        ends = [onnx.helper.make_tensor_value_info(name, 1, shape) for name in "xy"]
        graph = onnx.helper.make_graph([onnx.helper.make_node("Add", ["x", "w"], ["y"])], "g", *[[end] for end in ends])
        graph.initializer.append(weight)
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])
        model.ir_version = 10
        path.write_bytes(model.SerializeToString())

    plain = onnx.numpy_helper.from_array(np.ones(1, np.float32), "w")
    for shape in ([], [4], [1, 2, 3]):
        write(shape, plain)
        with pytest.raises(ValueError, match=r"other\.onnx: takes no images or gives no probabilities"):
            onnx_predict(str(path))
    (tmp_path / "secret").write_bytes(bytes(4))
    outside = onnx.TensorProto(name="w", data_type=1, dims=[1], data_location=onnx.TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="secret")
    write([4], outside)
    with pytest.raises(ValueError, match=r"other\.onnx: ONNX Runtime cannot read it"):
        onnx_predict(str(path))


@pytest.mark.parametrize("value", [np.nan, np.inf, 0])
def test_onnx_files_that_no_training_ends_with_are_refused(tmp_path, value):
    pytest.importorskip("onnx")
    path = tmp_path / "CRNN.h5"
    network = CRNN(CLASSES)
    network.save_weights(path)
    good = graph_from_weights(path, CLASSES)
    (tmp_path / "network.onnx").write_bytes(good)
    onnx_predict(str(tmp_path / "network.onnx"))
    kernel = np.asarray(network.predict_core.get_layer("blstm2_out").weights[0])
    assert kernel.astype(np.float16).astype(np.float32).tobytes() in good
    bad = good.replace(kernel.astype(np.float16).astype(np.float32).tobytes(), np.full_like(kernel, value).tobytes())
    (tmp_path / "network.onnx").write_bytes(bad)
    with pytest.raises(ValueError, match=r"network\.onnx: gives no probabilities"):
        onnx_predict(str(tmp_path / "network.onnx"))


def test_onnx_files_whose_names_are_no_utf8_are_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    path = tmp_path / "other.onnx"
    ends = [onnx.helper.make_tensor_value_info(name, 1, ["name", 32, "width", 1]) for name in "xy"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", *[[end] for end in ends])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])
    model.ir_version = 10
    path.write_bytes(model.SerializeToString().replace(b"width", b"wi\xffth"))
    with pytest.raises(ValueError, match=r"other\.onnx: "):
        onnx_predict(str(path))
