"""Networks with constant weights."""

import copy
from typing import TypeGuard

import torch
from torch import nn

from diffeo.models.flow.inference.convolution import InferenceConvolution, channels_last
from diffeo.shapes import Maps

__all__ = ["InferenceNetwork"]


class InferenceNetwork(nn.Module):
    """A network of images with the weights of now, its convolutions the fastest.

    Args:
        network: From images to images of the same size; it stays as it is.
        dtype: Precision in which it runs. Inputs and outputs keep theirs.

    Example:
        >>> network, x = nn.Conv2d(2, 4, 3, padding=1), torch.rand(1, 2, 4, 4)
        >>> fast = InferenceNetwork(network, torch.float32)
        >>> torch.allclose(fast(x), network(x), atol=1e-5)
        True
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        constant = copy.deepcopy(network).requires_grad_(requires_grad=False)

        if any(value.dtype != dtype for value in constant.parameters()):
            constant = constant.float()  # automatic casting leaves doubles alone

        self.network = _with_fast_convolutions(constant, dtype)
        self.dtype = dtype

    def forward(self, x: Maps) -> Maps:
        """Return the network's output, each channel in one piece of memory."""

        lower = x.dtype != self.dtype
        inside = channels_last(x.to(self.dtype, memory_format=torch.channels_last))

        with torch.autocast(x.device.type, self.dtype, enabled=lower):
            y: Maps = self.network(inside)

        return y.to(x.dtype, memory_format=torch.contiguous_format).contiguous()


def _with_fast_convolutions(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    if _is_plain_convolution(module):
        return InferenceConvolution(module, dtype)

    for name, child in module.named_children():
        setattr(module, name, _with_fast_convolutions(child, dtype))

    return module


def _is_plain_convolution(module: nn.Module) -> TypeGuard[nn.Conv2d]:
    """Return whether a module is a convolution that keeps the size of its input."""

    return (
        type(module) is nn.Conv2d
        and isinstance(module.weight, nn.Parameter)
        and module.stride == module.dilation == (1, 1)
        and module.groups == 1
        and module.padding_mode == "zeros"
        and all(side % 2 == 1 for side in module.kernel_size)
        and module.padding == tuple(side // 2 for side in module.kernel_size)
    )
