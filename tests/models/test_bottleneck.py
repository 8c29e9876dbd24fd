import torch

from diffeo.models.bottleneck import bottleneck
from laws import images


def test_all_that_passes_is_as_narrow_as_its_middle() -> None:
    model = bottleneck((1, 4, 4), 2, hidden=(8, 6), seed=1)
    x = images(5).float()
    jacobian = torch.autograd.functional.jacobian(
        lambda row: model(row[None]).flatten(), x[0]
    )

    assert model(x).shape == x.shape
    assert torch.linalg.matrix_rank(jacobian.reshape(16, 16), rtol=1e-5) == 2


def test_the_seed_decides_the_first_weights() -> None:
    x = images(2).float()
    one, same, other = (bottleneck((1, 4, 4), 2, seed=seed)(x) for seed in (1, 1, 2))

    assert torch.equal(one, same)
    assert not torch.equal(one, other)
