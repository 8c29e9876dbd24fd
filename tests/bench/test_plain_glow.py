import pytest
import torch

from diffeo.models.flow.dequantization import dequantize
from diffeo.models.flow.recipes import Level, glow

pytest.importorskip("normflows", reason="the extra bench is not installed")

from benchmarks.curve_ways import more_work, ways
from benchmarks.plain_glow import plain_bits, plain_glow, start


def digits(rows: int, side: int = 28) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    levels = torch.randint(256, (rows, 1, side, side), generator=generator)

    return dequantize(levels.float() / 255, generator=generator)


def test_flows_without_steps_give_both_the_same_bits() -> None:
    shape, levels = (1, 8, 8), [Level(0, 1), Level(0, 1)]
    x = digits(4, side=8)
    ours = glow(shape, levels, bins=0).bits_per_dimension(x)

    torch.testing.assert_close(plain_bits(plain_glow(shape, levels), x), ours)


def test_both_have_the_same_work() -> None:
    x = digits(8)

    assert more_work(ways(x), x[:1]) == pytest.approx(1, rel=0.01)


def test_first_images_set_their_scales_and_later_ones_do_not() -> None:
    model = plain_glow((1, 8, 8), [Level(2, 4), Level(1, 4)])
    states = [copied(model)]

    for x in (digits(16, side=8), digits(16, side=8) / 2):
        start(model, x)
        states.append(copied(model))

    untouched, first, second = states
    scales = [name for name in first if name.endswith("flows.2.s")]

    assert len(scales) == 3
    assert all((first[name] != untouched[name]).any() for name in scales)
    torch.testing.assert_close(second, first, rtol=0, atol=0)


def copied(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}
