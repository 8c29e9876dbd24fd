"""Models of other programs answer here as they do there."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import Tensor, nn

from diffeo.models.model_input import ModelInput
from diffeo.models.preprocessed import Preprocessed
from diffeo.readers.known_model import KnownModel
from diffeo.readers.onnx import read_onnx
from diffeo.workflows.models import find_model, read_model

SHAPE = 1, 6, 6
NAMES = "cat", "dog", "fox"


def network() -> nn.Module:
    """A small classifier, with all that differs between training and evaluation."""

    torch.manual_seed(0)

    return nn.Sequential(
        nn.Conv2d(1, 2, 3),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(32, 3),
    ).eval()


def export(path: Path, size: object) -> None:
    """Save the network as a program of a batch of a size, or of any if None."""

    dynamic = ({0: torch.export.Dim("rows")},) if size is None else None
    x = torch.zeros(2 if size is None else int(str(size)), *SHAPE)
    program = torch.export.export(network(), (x,), dynamic_shapes=dynamic)
    torch.export.save(program, path, extra_files={"classes.txt": "\n".join(NAMES)})


def script(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(network(), torch.zeros(2, *SHAPE))
        traced.save(path, _extra_files={"classes.txt": "\n".join(NAMES)})


def write_onnx(path: Path, size: int | str = "rows", names: str = "") -> None:
    """Write the network as an ONNX file, node by node."""

    weights = {
        key: value.detach().numpy() for key, value in network().state_dict().items()
    }
    normal = ["c", "1.weight", "1.bias", "1.running_mean", "1.running_var"]
    nodes = [
        helper.make_node("Conv", ["x", "0.weight", "0.bias"], ["c"]),
        helper.make_node("BatchNormalization", normal, ["n"]),
        helper.make_node("Relu", ["n"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("Gemm", ["f", "5.weight", "5.bias"], ["y"], transB=1),
    ]
    kept = [
        numpy_helper.from_array(value, key)
        for key, value in weights.items()
        if value.ndim
    ]
    x, y = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [size, *shape])
        for name, shape in (("x", SHAPE), ("y", (3,)))
    )
    graph = helper.make_graph(nodes, "network", [x], [y], kept)
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset)
    helper.set_model_props(model, {"names": names} if names else {})
    onnx.save(model, path)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("any.pt2", lambda path: export(path, None)),
        ("one.pt2", lambda path: export(path, 1)),
        ("traced.pt", script),
        ("any.onnx", lambda path: write_onnx(path, names=str(list(NAMES)))),
        (
            "four.onnx",
            lambda path: write_onnx(path, 4, json.dumps(dict(enumerate(NAMES)))),
        ),
    ],
)
def test_a_file_answers_as_the_model_did_for_any_number_of_rows(
    name: str, write: Callable[[Path], None], tmp_path: Path
) -> None:
    write(tmp_path / name)
    known, model = read_model(str(tmp_path / name)), network()

    assert known.classes == NAMES
    assert isinstance(known.model, nn.Module)
    assert not any(part.training for part in known.model.modules())

    for rows in (1, 5):
        x = torch.rand(rows, *SHAPE, requires_grad=True)
        answers = known.model(x), model(x)
        slopes = [torch.autograd.grad(each[:, 1].sum(), x)[0] for each in answers]

        torch.testing.assert_close(*answers)
        torch.testing.assert_close(*slopes)


def test_onnx_is_converted_to_what_its_own_reference_computes(tmp_path: Path) -> None:
    write_onnx(tmp_path / "net.onnx")
    x = np.random.default_rng(0).random((3, *SHAPE), np.float32)
    reference = ReferenceEvaluator(str(tmp_path / "net.onnx"))
    (wanted,) = map(np.asarray, reference.run(None, {"x": x}))
    known = read_onnx(tmp_path / "net.onnx", "cpu")

    assert known.classes == ()
    np.testing.assert_allclose(
        known.module()(torch.from_numpy(x)).detach(), wanted, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "net.pt2",
            b"no",
            "net.pt2 must be a program of torch.export; for any other write a function",
        ),
        ("net.pt", b"no", "net.pt must be a module of TorchScript; for any other"),
        ("net.onnx", b"no", "net.onnx must be an ONNX file that onnx2fx can convert"),
    ],
)
def test_a_file_that_is_none_of_its_kind_is_refused(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ValueError, match=message):
        find_model(str(tmp_path / name))

    with pytest.raises(FileNotFoundError, match="file must exist"):
        find_model(str(tmp_path / f"none-{name}"))


def test_an_operator_that_cannot_be_converted_is_named(tmp_path: Path) -> None:
    write_onnx(tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    model.graph.node[2].op_type = "NoSuchOperator"
    onnx.save(model, tmp_path / "net.onnx")

    with pytest.raises(ValueError, match="NoSuchOperator"):
        find_model(str(tmp_path / "net.onnx"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small classifier of transformers and what it does to images."""

    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    labels = dict(enumerate(NAMES))
    config = transformers.ResNetConfig(
        embedding_size=4, hidden_sizes=[4, 8], depths=[1, 1], id2label=labels
    )
    path = tmp_path_factory.mktemp("transformers")
    transformers.ResNetForImageClassification(config).save_pretrained(path)
    asked = {
        "do_normalize": True,
        "image_mean": [0.5, 0.4, 0.3],
        "image_std": [0.2, 0.2, 0.1],
        "size": {"shortest_edge": 20},
        "crop_size": {"height": 16, "width": 16},
        "do_center_crop": True,
    }
    (path / "preprocessor_config.json").write_text(json.dumps(asked))

    return path


def test_a_classifier_of_transformers_says_what_it_takes_and_answers(
    folder: Path,
) -> None:
    known = read_model(f"transformers:{folder}")
    x = torch.rand(2, 1, 8, 8, requires_grad=True)
    model = known.told(ModelInput(size=12)).module()
    (slope,) = torch.autograd.grad(model(x)[:, 0].sum(), x)
    inside = known.model
    assert isinstance(inside, nn.Module)
    seen = Preprocessed(inside, size=12, mean=(0.5, 0.4, 0.3), std=(0.2, 0.2, 0.1))

    assert known.classes == NAMES
    assert known.model_input == ModelInput(16, (0.5, 0.4, 0.3), (0.2, 0.2, 0.1))
    assert model(x).shape == (2, 3)
    assert slope.abs().sum() > 0
    torch.testing.assert_close(model(x), seen(x))


def test_names_that_are_numbers_are_no_names(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        text = path.read_bytes()

        for number, name in enumerate(NAMES):
            if path.name == "config.json":
                text = text.replace(name.encode(), f"LABEL_{number}".encode())

        (tmp_path / path.name).write_bytes(text)

    (tmp_path / "preprocessor_config.json").unlink()
    known = read_model(f"transformers:{tmp_path}")

    assert known.classes == ()
    assert known.model_input == ModelInput()


def test_a_folder_without_a_classifier_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("transformers")

    with pytest.raises(ValueError, match="transformers:NAME must be an image classif"):
        read_model(f"transformers:{tmp_path}")


def test_a_model_of_timm_says_what_it_takes_and_answers(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm", reason="timm cannot be imported")
    model = timm.create_model("test_resnet", num_classes=3).eval()
    told = {"num_classes": 3, "label_names": list(NAMES)}
    timm.models.save_for_hf(model, tmp_path, model_config=told)
    known = read_model(f"timm:{tmp_path}")
    assert isinstance(known.model, nn.Module)
    x = torch.rand(2, 3, 32, 32)

    assert known.classes == NAMES
    assert known.model_input == ModelInput(160, (0.5,) * 3, (0.5,) * 3)
    torch.testing.assert_close(known.model(x), model(x))

    with pytest.raises(ValueError, match="timm:NAME must be a model whose weights"):
        read_model("timm:nonsense")


class Halves(nn.Module):
    """Probabilities."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1)[:, :2].softmax(1)


def test_what_a_user_says_goes_before_what_a_file_says() -> None:
    known = KnownModel(Halves().eval(), (), ModelInput(8, (0.5,), (0.2,)))
    told = known.told(ModelInput(mean=(0.0,), outputs="probabilities"))

    assert told.model_input == ModelInput(8, (0.0,), (0.2,), "probabilities")


def test_probabilities_of_vectors_become_logits() -> None:
    known = KnownModel(Halves().eval(), (), ModelInput(outputs="probabilities"))
    x = torch.tensor([[0.0, 1.0], [2.0, 0.0], [3.0, 1.0]])

    torch.testing.assert_close(known.module()(x), x.log_softmax(1))
