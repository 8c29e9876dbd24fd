import numpy as np
import pytest
import torch

from diffeo.evaluation.metrics.cout import cout
from laws import images, tiny_classifier

ROWS = 3
NINE = torch.full((ROWS,), 2)
FOUR = torch.zeros(ROWS, dtype=torch.long)


def test_cout_is_the_area_between_the_curves_of_pixels_by_size_of_change() -> None:
    before, after = images(ROWS, seed=1), images(ROWS, seed=2)
    model = tiny_classifier(3)
    found = cout(before, after, model, source=FOUR, target=NINE, steps=16)

    for row in range(ROWS):
        x = before[row].flatten().clone()
        y = after[row].flatten()
        order = np.argsort(-np.abs((y - x).numpy()), kind="stable")
        curve = [torch.softmax(model(x.reshape(1, 1, 4, 4)), 1)[0]]

        for pixel in order:
            x[pixel] = y[pixel]
            curve.append(torch.softmax(model(x.reshape(1, 1, 4, 4)), 1)[0])

        nine, four = (torch.stack(curve)[:, label].detach() for label in (2, 0))
        expected = np.trapezoid(nine, dx=1 / 16) - np.trapezoid(four, dx=1 / 16)
        np.testing.assert_allclose(found[row], expected, rtol=1e-9)


def test_channels_of_a_pixel_are_inserted_together() -> None:
    before = torch.zeros(1, 2, 1, 2)
    after = torch.tensor([0.5, 0.6, 0.5, 0.0]).reshape(1, 2, 1, 2)
    seen = []

    def model(x: torch.Tensor) -> torch.Tensor:
        seen.append(x.flatten().tolist())

        return torch.zeros(1, 2)

    one = torch.tensor([1])
    cout(before, after, model, source=one - 1, target=one, steps=2)

    np.testing.assert_allclose(seen[1], [0.5, 0.0, 0.5, 0.0])


@pytest.mark.parametrize(("first", "expected"), [(1.0, 0.75), (0.01, -0.75)])
def test_cout_by_hand(first: float, expected: float) -> None:
    before = torch.zeros(1, 1, 2, 2, dtype=torch.float64)
    after = torch.tensor([first, 0.5, 0.2, 0.1], dtype=torch.float64)

    def model(x: torch.Tensor) -> torch.Tensor:
        turned = 200 * (x.flatten(1)[:, :1] > 0) - 100

        return torch.cat((-turned, turned), dim=1).double()

    found = cout(
        before,
        after.reshape(1, 1, 2, 2),
        model,
        source=torch.tensor([0]),
        target=torch.tensor([1]),
        steps=4,
    )

    assert found.item() == pytest.approx(expected)
