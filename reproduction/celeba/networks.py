"""Networks that tell attributes of faces, trained once and kept."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from diffeo.batching import in_batches
from diffeo.data.faces import Faces
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.oracles import Oracle
from diffeo.models.classifiers import cnn
from diffeo.models.strided import encoder
from diffeo.shapes import Images, Indices
from diffeo.training.augmentation import RandomCrop
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from reproduction.multi_label import MultiLabel

__all__ = [
    "Probabilities",
    "attribute_classifier",
    "attribute_oracle",
    "attribute_probabilities",
    "second_classifier",
]

Probabilities = Float[Tensor, "batch attributes"]
WIDTH, WIDTHS = 16, (32, 64, 128, 128)
EPOCHS, BATCH, SEED = 10, 64, 401
VERSION = 1  # of all that decides the weights besides these


def attribute_classifier(faces: Faces, size: int, *, quick: bool) -> nn.Module:
    """Return a network that tells all attributes, trained or from the cache.

    Args:
        faces: Training faces with a margin to crop from.
        size: Side of the images that it looks at, in pixels.
        quick: Whether to hardly train it.
    """

    model = cnn((3, size, size), len(faces.attribute_names), width=WIDTH, seed=SEED)

    return _trained("attributes", model, faces, size, quick=quick)


def second_classifier(faces: Faces, size: int, *, quick: bool) -> nn.Module:
    """Return a network that tells all attributes and is unlike those explained.

    Its convolutions have strides in place of pooling, larger kernels, normalized
    groups of channels and smooth activations, and there is no dropout.

    Args:
        faces: Training faces with a margin to crop from.
        size: Side of the images that it looks at, in pixels.
        quick: Whether to hardly train it.
    """

    model = encoder((3, size, size), len(faces.attribute_names), WIDTHS, seed=SEED)

    return _trained("strided", model, faces, size, quick=quick)


@torch.no_grad()
def attribute_probabilities(model: nn.Module, x: Images) -> Probabilities:
    """Return the probability of each attribute of each face."""

    return in_batches(lambda part: model(part).sigmoid(), x)


def attribute_oracle(model: nn.Module, attribute: int) -> Oracle:
    """Return in which faces a network sees an attribute: 1, else 0.

    Args:
        model: What tells the attributes.
        attribute: Number of the one.
    """

    def oracle(x: Images) -> Indices:
        return (attribute_probabilities(model, x)[:, attribute] > 0.5).long()

    return oracle


def _trained(
    name: str, model: nn.Module, faces: Faces, size: int, *, quick: bool
) -> nn.Module:
    tensors = faces.pixels, faces.attributes
    epochs = 1 if quick else EPOCHS

    def train(model: nn.Module) -> None:
        module = MultiLabel(
            model, Schedule(decay=0.05), seed=SEED, crop=RandomCrop(size)
        )
        loader = batches(*tensors, size=BATCH, seed=SEED)
        fit(module, loader, None, Fit(None, epochs, progress=False))

    return Cache.usual().trained(
        model,
        train,
        data=tensors,
        settings={"name": name, "version": VERSION, "epochs": epochs},
    )
