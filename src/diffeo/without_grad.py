"""Models with their parameters taken out of the gradient's way."""

from functools import partial

import torch
from torch import nn
from torch.func import functional_call

from diffeo.shapes import Model

__all__ = ["without_grad"]


def without_grad(model: Model) -> Model:
    """Return a model of the same answers whose parameters need no gradient.

    Nothing is then kept for the gradient of weights, and nothing of the model is
    changed. A model without such parameters is returned as it is, and so is a compiled
    script, whose parameters cannot be exchanged.

    Args:
        model: From data to outputs.

    Example:
        >>> model = nn.Linear(2, 1)
        >>> without_grad(model)(torch.zeros(1, 2)).requires_grad
        False
    """

    if not isinstance(model, nn.Module) or isinstance(model, torch.jit.ScriptModule):
        return model

    if not any(value.requires_grad for value in model.parameters()):
        return model

    weights = {name: value.detach() for name, value in model.named_parameters()}

    return partial(functional_call, model, weights)
