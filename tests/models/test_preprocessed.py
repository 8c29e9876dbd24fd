import pytest
import torch
from torch import nn

from diffeo import Preprocessed, TargetClass, explain
from diffeo.coordinates.identity import Identity


class Seen(nn.Module):
    """Returns what it is given."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def test_images_are_resized_repeated_and_normalized() -> None:
    model = Preprocessed(Seen(), size=6, mean=(0.1, 0.2, 0.3), std=(0.5,))
    x = torch.full((2, 1, 3, 3), 0.6)

    seen = model(x)

    assert seen.shape == (2, 3, 6, 6)
    assert torch.allclose(seen[:, :, 0, 0], torch.tensor([1.0, 0.8, 0.6]).expand(2, 3))


def test_large_images_are_made_small_without_aliasing() -> None:
    stripes = torch.arange(64).remainder(2).float().expand(1, 1, 64, 64)

    assert (Preprocessed(Seen(), size=8)(stripes) - 0.5).abs().max() < 0.05


def test_gradients_reach_every_pixel() -> None:
    x = torch.rand(1, 3, 4, 4, requires_grad=True)
    Preprocessed(Seen(), size=7, mean=(0.5,), std=(0.2,))(x).sum().backward()

    assert x.grad is not None
    assert (x.grad > 0).all()


def test_a_model_of_large_images_is_explained_by_small_ones() -> None:
    torch.manual_seed(0)
    weights = nn.Linear(3 * 16 * 16, 2)
    weights.weight.data *= 20
    large = nn.Sequential(nn.Flatten(), weights, nn.Softmax(1)).eval()
    model = Preprocessed(large, size=16, mean=(0.5,) * 3, probabilities=True)
    x = torch.rand(4, 1, 4, 4)
    record = explain(x, model, Identity((1, 4, 4)), objective=TargetClass("other", 0.7))
    before, after = model(x), model(record.counterfactual)

    assert record.reached.all()
    assert (before.argmax(1) != after.argmax(1)).all()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"size": 0}, "size must be from 1 to"),
        ({"std": (0.0,)}, "std must be positive"),
        ({"mean": (0.1, 0.2, 0.3), "std": (1.0, 1.0)}, "one for each of 3 means"),
    ],
)
def test_impossible_settings_are_refused(
    settings: dict[str, object], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        Preprocessed(Seen(), **settings)  # type: ignore[arg-type]


def test_colors_need_a_mean_each() -> None:
    with pytest.raises(ValueError, match="one for each of 3 channels, got 2"):
        Preprocessed(Seen(), mean=(0.1, 0.2))(torch.rand(1, 3, 2, 2))
