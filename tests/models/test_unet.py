import pytest
import torch

from diffeo.models.unet import UNet


@pytest.mark.parametrize(("channels", "side", "patch"), [(1, 16, 1), (3, 32, 2)])
def test_maps_are_of_the_images_size_and_rows_stand_alone(
    channels: int, side: int, patch: int
) -> None:
    model = UNet(channels, 2, width=4, depth=2, patch=patch).eval()
    x = torch.rand(3, channels, side, side)
    maps = model(x)
    sides = [each.shape[2] * patch for each in model.features(x)]

    assert maps.shape == (3, 2, side, side)
    assert torch.allclose(maps[1:2], model(x[1:2]), atol=1e-5)
    assert sides == [side // 4, side // 2, side]


def test_sides_must_be_halved() -> None:
    with pytest.raises(ValueError, match="divisible by 4, got 8×6"):
        UNet(1, 1, width=4, depth=2)(torch.zeros(1, 1, 8, 6))

    with pytest.raises(ValueError, match="divisible by 8, got 12×8"):
        UNet(1, 1, width=4, depth=2, patch=2)(torch.zeros(1, 1, 12, 8))
