from dataclasses import replace

import torch
from torch import nn

from diffeo.coordinates.inversion import Inversion, InvertedGenerator
from diffeo.models.seeded import seeded
from diffeo.training.batches import batches
from diffeo.training.encoder_regression import EncoderRegression
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule


def test_a_fitted_encoder_gives_descent_a_start() -> None:
    with seeded(2):
        layers = nn.Linear(3, 12), nn.Tanh(), nn.Linear(12, 16), nn.Sigmoid()
        generator = nn.Sequential(*layers).eval()
        encoder = nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 3))

    place = InvertedGenerator(generator, 3, (16,))
    weights = {name: value.clone() for name, value in generator.state_dict().items()}
    z = torch.randn(512, 3, generator=torch.Generator().manual_seed(1))
    x = place.decode(z).detach()
    schedule = Schedule(rate=1e-2, warmup=5)
    module = EncoderRegression(encoder, place, schedule, seed=0)
    train = batches(x, size=64, seed=0)
    held_out = batches(x[:64], size=64, seed=None)
    fit(module, train, held_out, Fit(None, 25, average=0.5, progress=False))
    encoder.eval().requires_grad_(requires_grad=False)

    for name, value in generator.state_dict().items():
        assert torch.equal(value, weights[name])

    alone, followed, unled = (
        InvertedGenerator(
            generator,
            3,
            (16,),
            encoder=first,
            inversion=replace(how, prior=0.0, tolerance=2e-3),
        ).invert(x[:20])
        for first, how in (
            (encoder, Inversion(steps=0)),
            (encoder, Inversion(starts=1)),
            (None, Inversion(starts=1)),
        )
    )

    assert alone.error.median() < 0.25 * x.std()
    assert (followed.error <= 2e-3).all()
    assert followed.steps.double().mean() < unled.steps.double().mean() / 1.5
