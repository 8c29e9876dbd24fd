import numpy as np
import pytest
from skimage.metrics import structural_similarity

from diffeo.evaluation.metrics.change import ssim
from laws import images


@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_is_the_references(channels: int) -> None:
    shape = (channels, 17, 20)
    y = images(3, shape, seed=1)
    x = 0.7 * y + 0.3 * images(3, shape, seed=2)
    edges = (0, 0), (5, 5), (5, 5)  # which the reference does not look at
    expected = [
        structural_similarity(  # type: ignore[no-untyped-call]
            np.pad(one.numpy(), edges, mode="reflect"),
            np.pad(other.numpy(), edges, mode="reflect"),
            channel_axis=0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1.0,
        )
        for one, other in zip(x, y, strict=True)
    ]

    np.testing.assert_allclose(ssim(x, y), expected, rtol=1e-6, atol=1e-6)


def test_an_image_is_like_itself() -> None:
    x = images(2, (1, 12, 12))

    np.testing.assert_allclose(ssim(x, x), [1, 1], rtol=1e-9)


def test_a_single_pair_is_a_row() -> None:
    assert ssim(images(1, (1, 12, 12)), images(1, (1, 12, 12), seed=1)).shape == (1,)
