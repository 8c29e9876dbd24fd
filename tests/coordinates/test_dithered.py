import pytest
import torch

from diffeo import AtLeast, Dithered, Identity, Residual, Run, search
from diffeo.coordinates.protocol import is_exact, is_typical
from diffeo.coordinates.wrapping import density_of
from laws import SHAPE, autoencoder, images, tiny_classifier, tiny_flow

X = images(6, seed=5)
FLOW = tiny_flow()


def test_what_is_added_before_is_taken_off_after() -> None:
    place = Dithered(FLOW, spread=0.1)
    noise = place.decode(FLOW.encode(X)) - X

    torch.testing.assert_close(place.decode(place.encode(X)), X)
    torch.testing.assert_close(place.encode(X), FLOW.encode(X - noise))
    torch.testing.assert_close(noise, noise[:1].expand_as(noise))
    assert 0.05 < noise.std() < 0.2
    assert is_exact(place)
    assert not is_exact(Dithered(autoencoder()))


def test_the_noise_follows_from_the_seed_alone() -> None:
    one, same, other = (Dithered(FLOW, seed=seed).encode(X) for seed in (1, 1, 2))

    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_data_are_as_likely_and_as_typical_as_they_are_with_the_noise() -> None:
    flow = tiny_flow()
    place = Dithered(flow, spread=0.1)
    noisy = flow.decode(place.encode(X))
    density, expected = density_of(place), flow.log_prob(noisy)
    flow.typical.copy_(expected.sort().values[[1, 4]] + torch.tensor([-1e-9, 1e-9]))
    typical = is_typical(place, X)

    assert density is not None
    assert typical is not None
    torch.testing.assert_close(density(X), expected)
    assert typical.sum() == 4
    assert density_of(Dithered(Identity(SHAPE))) is None


def test_rows_that_are_remembered_keep_their_own() -> None:
    place = Dithered(Residual(autoencoder()), spread=0.1)
    run = Run(steps=20, batch_size=4)
    record = search(X, tiny_classifier(1), AtLeast(0.6), place, run=run)
    kept = record.counterfactual - Dithered(autoencoder(), spread=0.1).decode(
        record.latent
    )
    lost = X - Dithered(autoencoder(), spread=0.1).decode(record.origin)

    torch.testing.assert_close(kept, lost)


@pytest.mark.parametrize("spread", [0.0, -1.0, float("nan"), float("inf")])
def test_a_spread_that_is_no_spread_is_refused(spread: float) -> None:
    with pytest.raises(ValueError, match="spread must be a positive number"):
        Dithered(FLOW, spread=spread)
