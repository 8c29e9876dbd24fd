"""Random digits that become random classes: whether all of them arrive."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import nn

from diffeo import zoo
from diffeo.coordinates.protocol import Coordinates
from diffeo.coordinates.wrapping import Wrapping
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.mnist import mnist
from diffeo.evaluation.oracles import classifier_oracle
from diffeo.explain import explain
from diffeo.search import Run
from diffeo.shapes import Data, Images, Latent
from reproduction.experiment import Experiment, ExperimentOptions, Findings, mean
from reproduction.mnist.setup import CONFIDENCE, digits_flow

__all__ = ["MNIST_PAIRS", "Displaced"]

CLASSES = 10
GOALS = {"reached_min": "1", "steps_max": "≤ 200"}


@dataclass(frozen=True)
class Scale:
    """How large the experiment is.

    Args:
        pairs: How many digits become another class, by the size of the batches in
            which they are searched; fewer than in the others are the first of them.
        seeds: Seeds of noise that is added to the origin of all rows.
        run: How to search.
    """

    pairs: Mapping[int, int] = field(
        default_factory=lambda: {200: 200, 32: 200, 7: 200, 1: 20}
    )
    seeds: tuple[int, ...] = (1, 2, 3)
    run: Run = field(default_factory=lambda: Run(200))


FULL, QUICK = Scale(), Scale({2: 3, 1: 1}, seeds=(1,))


@dataclass(frozen=True, eq=False)
class Displaced(Wrapping):
    """Coordinates whose encodings are displaced, so that a search begins elsewhere.

    Args:
        coordinates: Those inside.
        shift: What is added to each encoding, of shape (1, latent).
    """

    shift: Latent

    @classmethod
    def like(cls, coordinates: Coordinates, run: Run, latent: int) -> "Displaced":
        """Return coordinates in which a search begins where its first restart does.

        Args:
            coordinates: Where it moves.
            run: How it is carried out, with the seed of the noise.
            latent: Number of coordinates.
        """

        generator = torch.Generator().manual_seed(run.seed)
        noise = torch.randn(1, latent, generator=generator)

        return cls(coordinates, run.restart_noise * noise)

    def encode(self, x: Data) -> Latent:
        """Return a point near the coordinates of data."""

        z = self.coordinates.encode(x)

        return z + self.shift.to(z)

    def decode(self, z: Latent) -> Data:
        """Return the data of coordinates."""

        return self.coordinates.decode(z)


def measure_mnist_pairs(options: ExperimentOptions) -> Findings:
    """Turn 200 random test digits into random other classes, in batches of many sizes.

    They begin at their origins, and at the first restart of each of some seeds: there
    alone, since a search with restarts keeps the nearest of all that arrive.

    Args:
        options: Where the data are, and whether to be quick.
    """

    scale = QUICK if options.quick else FULL
    run = replace(scale.run, progress=options.progress)
    test, model = mnist("test", options.data), zoo.load("mnist-cnn")
    records = dict(_records(test.images, model, replace(scale, run=run)))

    return Findings(
        {
            **{f"reached_{name}": mean(each.reached) for name, each in records.items()},
            **{
                f"steps_max_{name}": float(each.steps.max())
                for name, each in records.items()
            },
            "reached_min": min(mean(each.reached) for each in records.values()),
            "steps_max": max(float(each.steps.max()) for each in records.values()),
        }
    )


def _records(
    images: Images, model: nn.Module, scale: Scale
) -> Iterator[tuple[str, Counterfactuals]]:
    """Yield what was found in batches of each size, from each start, with its name."""

    x, target = _pairs(images, model, max(scale.pairs.values()))
    flow, run = digits_flow(), scale.run
    latent = flow.encode(x[:1]).shape[1]
    starts: dict[str, Coordinates] = {"": flow}
    starts |= {
        f"_seed_{seed}": Displaced.like(flow, replace(run, seed=seed), latent)
        for seed in scale.seeds
    }

    for size, count in scale.pairs.items():
        part = "" if count == len(x) else f"_first_{count}"

        for start, place in starts.items():
            record = explain(
                x[:count],
                model,
                place,
                target=target[:count],
                confidence=CONFIDENCE,
                run=replace(run, batch_size=size),
            )

            yield f"batch_{size}{part}{start}", record


def _pairs(images: Images, model: nn.Module, count: int) -> tuple[Images, list[int]]:
    """Return random images, and for each a class that it is not taken for."""

    generator = torch.Generator().manual_seed(0)
    x = images[torch.randperm(len(images), generator=generator)[:count]]
    answer = classifier_oracle(model)(x)
    shift = torch.randint(1, CLASSES, answer.shape, generator=generator)

    return x, ((answer + shift) % CLASSES).tolist()


MNIST_PAIRS = Experiment(
    "mnist-pairs",
    "MNIST: random digits become random classes, in batches of many sizes.",
    measure_mnist_pairs,
    GOALS,
    "goal",
)
