import sys
from pathlib import Path

import pytest
import torch

from diffeo.user_code import UserCodeError
from diffeo.workflows.loading import find_coordinates
from diffeo.workflows.models import find_model

CODE = """
from dataclasses import dataclass
import sys

import torch

import neighbor_of_mine


@dataclass
class Settings:
    width: int = 10


def good():
    import late_neighbor

    return torch.nn.Linear(4, Settings().width).eval()

class Autoencoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.eval()

    def encode(self, x): return x.flatten(1)
    def decode(self, z): return z.reshape(-1, 1, 2, 2)

class Trained(torch.nn.Module):
    def encode(self, x): return x.flatten(1)
    def decode(self, z): return z.reshape(-1, 1, 2, 2)

class Posterior(Autoencoder):
    def encode(self, x): return x, torch.zeros_like(x)
    def decode(self, z): return z.clone(memory_format=torch.channels_last)

class Plain:
    def encode(self, x): return x.flatten(1)
    def decode(self, z): return z.reshape(-1, 1, 2, 2)

class Decoder(torch.nn.Module):
    def decode(self, z): return z

def Maps(): return (lambda x: (x, x)), Posterior().decode
def Pair(): return torch.nn.Flatten().eval(), lambda z: z.reshape(-1, 1, 2, 2)
def number(): return 3
def needy(width): return good()
def raises(): return {}["my own bug"]
def refuses(): raise ValueError("my own refusal")
def quits(): sys.exit(3)
def empty(): return torch.nn.Linear(2, 2, device="meta")

constant = 5
instance = good()
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A Python file with neighbors, called like a module that is in use."""

    (tmp_path / "neighbor_of_mine.py").write_text("")
    (tmp_path / "late_neighbor.py").write_text("")
    (tmp_path / "json.py").write_text(CODE)

    return tmp_path / "json.py"


def test_a_file_imports_its_neighbors_and_takes_no_modules_place(mine: Path) -> None:
    before, json = sys.path.copy(), sys.modules["json"]
    model = find_model(f"{mine}:good", device=torch.device("cpu"))

    assert isinstance(model, torch.nn.Linear)
    assert sys.modules["json"] is json
    assert sys.path == before


@pytest.mark.parametrize("name", ["Autoencoder", "Plain", "Pair", "Posterior", "Maps"])
def test_what_encodes_and_decodes_is_coordinates(name: str, mine: Path) -> None:
    coordinates = find_coordinates(f"{mine}:{name}", (1, 2, 2))
    x = torch.rand(3, 1, 2, 2)

    assert torch.equal(coordinates.decode(x.flatten(1)), x)  # before any encoding
    assert torch.equal(coordinates.encode(x), x.flatten(1))


def test_coordinates_in_training_mode_are_refused(mine: Path) -> None:
    with pytest.raises(ValueError, match="evaluation mode"):
        find_coordinates(f"{mine}:Trained", (1, 2, 2))


def test_a_model_is_put_on_the_device_asked_for(mine: Path) -> None:
    for text in (f"{mine}:good", "mnist-cnn"):
        model = find_model(text, device="meta")

        assert all(value.is_meta for value in model.parameters())

    flow = find_coordinates("mnist-flow", (1, 28, 28), device="meta")

    assert isinstance(flow, torch.nn.Module)
    assert all(value.is_meta for value in flow.parameters())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "must define a function none, got none"),
        ("", "must define a function"),
        ("constant", "must be a function, got a int"),
        ("instance", "must be a function, got a Linear"),
        ("needy", "must be callable without arguments, got: missing a required"),
        (
            "number",
            "must return a torch.nn.Module, or of tables an estimator .* got int",
        ),
        ("empty", "must have weights, got some on the meta device"),
        (
            "Autoencoder",
            "a classifier or regressor, got .*, a generative model",
        ),
    ],
)
def test_a_function_that_gives_no_model_is_refused(
    name: str, message: str, mine: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        find_model(f"{mine}:{name}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "mnist-flow",
            "a classifier or regressor, got mnist-flow, a generative",
        ),
        (
            "helix-flow",
            "a classifier or regressor, got helix-flow, a generative",
        ),
        ("{folder}/json.py", "json.py:FUNCTION, got .*json.py$"),
        (
            "{folder}/net.pt",
            "for any other write a function .* as file.py:FUNCTION, got",
        ),
        ("none.py:good", "file must exist, got none.py"),
        ("none", "weights must be one of .* or a file, got none"),
    ],
)
def test_a_model_that_is_none_is_refused_with_the_way_out(
    text: str, message: str, mine: Path
) -> None:
    torch.save({}, mine.parent / "net.pt")

    with pytest.raises((ValueError, FileNotFoundError), match=message):
        find_model(text.format(folder=mine.parent))


@pytest.mark.parametrize("name", ["Decoder", "number", "good"])
def test_coordinates_must_encode_and_decode(name: str, mine: Path) -> None:
    with pytest.raises(ValueError, match=r"with encode\(x\) and decode\(z\), got .*:"):
        find_coordinates(f"{mine}:{name}", (1, 2, 2))


def test_a_classifier_is_no_coordinates() -> None:
    with pytest.raises(ValueError, match=r"got mnist-cnn, a Sequential without them"):
        find_coordinates("mnist-cnn", (1, 28, 28))


@pytest.mark.parametrize(
    ("name", "last", "cause"),
    [
        ("raises", "KeyError: 'my own bug'", KeyError),
        ("refuses", "ValueError: my own refusal", ValueError),
        ("quits", "SystemExit: 3", SystemExit),
    ],
)
def test_errors_inside_the_users_file_are_told_with_its_lines_alone(
    name: str, last: str, cause: type[BaseException], mine: Path
) -> None:
    with pytest.raises(UserCodeError, match=r"json.py failed: ") as caught:
        find_model(f"{mine}:{name}")

    lines = caught.value.report().splitlines()
    assert lines[0] == f"This error is in {mine}, not in diffeo:"
    assert lines[2].startswith(f'  File "{mine}"')
    assert lines[-1] == last
    assert "user_code.py" not in caught.value.report()
    assert isinstance(caught.value.__cause__, cause)


@pytest.mark.parametrize(
    ("code", "last"),
    [
        ("import no_such_module", "No module named 'no_such_module'"),
        ("def good(:", "SyntaxError: invalid syntax"),
        ("import sys; sys.exit('enough')", "SystemExit: enough"),
    ],
)
def test_a_file_that_does_not_run_is_told_likewise(
    code: str, last: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(code)

    with pytest.raises(UserCodeError) as caught:
        find_model(f"{tmp_path / 'mine.py'}:good")

    assert caught.value.report().splitlines()[-1].endswith(last)
    assert f'File "{tmp_path / "mine.py"}", line 1' in caught.value.report()


def test_an_interrupt_passes(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        find_model(f"{tmp_path / 'mine.py'}:good")
