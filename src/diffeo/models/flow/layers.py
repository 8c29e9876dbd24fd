"""The layers of Glow that are linear in the image: normalize, mix channels, squeeze."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffeo.models.flow.bijection import Bijection, DataDependent
from diffeo.models.flow.inference.channel_affine import ChannelAffine
from diffeo.models.flow.invertible_backprop import Step, both_ways
from diffeo.shapes import Images, Latent, LogDet, Maps

__all__ = ["ActivationNorm", "InvertibleConvolution", "Squeeze", "Whiten"]


class ActivationNorm(DataDependent):
    """Scale and shift of each channel, at first to mean 0 and variance 1.

    Source: Kingma and Dhariwal, 2018, Glow, Section 3.1.

    Args:
        channels: Channels of the images.

    Example:
        >>> norm = ActivationNorm(1)
        >>> norm.initialize(torch.tensor([1.0, 3.0]).reshape(2, 1, 1, 1))
        >>> norm(torch.full((1, 1, 1, 1), 2.0))[0].abs().item()
        0.0
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))
        self.log_scale = nn.Parameter(torch.zeros(channels, 1, 1))

    def set_parameters(self, x: Images) -> None:
        """Set scale and shift so that each channel of `x` is standardized."""

        deviation, mean = torch.std_mean(x, dim=(0, 2, 3))
        self.shift.copy_(-mean[:, None, None])
        self.log_scale.copy_(-(deviation + 1e-6).log()[:, None, None])

    def forward(self, x: Images) -> tuple[Images, LogDet]:
        """Return (x + shift) · exp(log_scale)."""

        self.check_initialized()

        return (x + self.shift) * self.log_scale.exp(), self._logdet(x)

    def inverse(self, y: Images) -> tuple[Images, LogDet]:
        """Return y · exp(−log_scale) − shift."""

        self.check_initialized()

        return y * (-self.log_scale).exp() - self.shift, -self._logdet(y)

    @torch.no_grad()
    def inference(self, dtype: torch.dtype) -> ChannelAffine:  # noqa: ARG002
        """Return the same affine map of the channels."""

        self.check_initialized()
        scale = self.log_scale.double().exp().flatten()
        bias = self.shift.double().flatten() * scale

        return ChannelAffine(scale.diag(), bias, like=self.shift)

    def steps(self) -> tuple[Step, Step]:
        """Return both directions as steps."""

        return both_ways(self.forward, self.inverse, self.parameters())

    def _logdet(self, x: Images) -> LogDet:
        _, _, height, width = x.shape

        return (self.log_scale.sum() * height * width).expand(len(x))


class InvertibleConvolution(Bijection):
    """An invertible 1×1 convolution: one matrix that mixes the channels.

    The matrix is P L (U + diag(s)), with P a fixed permutation, L and U strictly
    triangular but for L's unit diagonal, and the sign of s fixed. It starts as a random
    rotation.

    Source: Kingma and Dhariwal, 2018, Glow, Section 3.2.

    Args:
        channels: Channels of the images.

    Example:
        >>> mix, x = InvertibleConvolution(3), torch.rand(1, 3, 2, 2)
        >>> torch.allclose(mix(x)[0].norm(), x.norm())
        True
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        rotation, _ = torch.linalg.qr(torch.randn(channels, channels).double())
        permutation, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()

        self.lower = nn.Parameter(lower.tril(-1).float())
        self.upper = nn.Parameter(upper.triu(1).float())
        self.log_diagonal = nn.Parameter(diagonal.abs().log().float())
        self.permutation = nn.Buffer(permutation.float())
        self.sign = nn.Buffer(diagonal.sign().float())

    def forward(self, x: Images) -> tuple[Images, LogDet]:
        """Return the mixed channels."""

        with torch.autocast(x.device.type, enabled=False):
            return _mix(self.weight(), x), self._logdet(x)

    def inverse(self, y: Images) -> tuple[Images, LogDet]:
        """Return the channels as they were."""

        with torch.autocast(y.device.type, enabled=False):
            lower, upper = self._triangles()
            half = torch.linalg.solve_triangular(lower, self.permutation.T, upper=False)
            weight = torch.linalg.solve_triangular(upper, half, upper=True)

            return _mix(weight, y), -self._logdet(y)

    @torch.no_grad()
    def inference(self, dtype: torch.dtype) -> ChannelAffine:  # noqa: ARG002
        """Return the same affine map of the channels."""

        weight = copy.deepcopy(self).cpu().double().weight()

        return ChannelAffine(weight, weight.new_zeros(len(weight)), like=self.sign)

    def steps(self) -> tuple[Step, Step]:
        """Return both directions as steps."""

        return both_ways(self.forward, self.inverse, self.parameters())

    def weight(self) -> Tensor:
        """Return the matrix, (channels, channels)."""

        lower, upper = self._triangles()

        return self.permutation @ lower @ upper

    def _triangles(self) -> tuple[Tensor, Tensor]:
        unit = torch.eye(
            len(self.lower), dtype=self.lower.dtype, device=self.sign.device
        )
        diagonal = torch.diag(self.sign * self.log_diagonal.exp())

        return self.lower.tril(-1) + unit, self.upper.triu(1) + diagonal

    def _logdet(self, x: Images) -> LogDet:
        _, _, height, width = x.shape

        return (self.log_diagonal.sum() * height * width).expand(len(x))


def _mix(matrix: Tensor, x: Images) -> Images:
    return functional.conv2d(x, matrix[:, :, None, None])


class Squeeze(Bijection):
    """Blocks of 2×2 pixels become four channels.

    Example:
        >>> Squeeze()(torch.zeros(1, 1, 4, 4))[0].shape
        torch.Size([1, 4, 2, 2])
    """

    def forward(self, x: Maps) -> tuple[Maps, LogDet]:
        """Halve the height and width."""

        return functional.pixel_unshuffle(x, 2), x.new_zeros(len(x))

    def inverse(self, y: Maps) -> tuple[Maps, LogDet]:
        """Double the height and width."""

        return functional.pixel_shuffle(y, 2), y.new_zeros(len(y))


class Whiten(Bijection):
    """The learned normal prior of an image's last scale, whitened and made a vector.

    Args:
        shape: Channels, height and width of one image.

    Example:
        >>> Whiten((1, 2, 2))(torch.zeros(3, 1, 2, 2))[0].shape
        torch.Size([3, 4])
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(shape))
        self.log_deviation = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Images) -> tuple[Latent, LogDet]:
        """Return (x − mean) / deviation as vectors."""

        z = (x - self.mean) * (-self.log_deviation).exp()

        return z.flatten(1), -self._logdet(x)

    def inverse(self, y: Latent) -> tuple[Images, LogDet]:
        """Return y · deviation + mean as images."""

        x = y.reshape(len(y), *self.mean.shape) * self.log_deviation.exp() + self.mean

        return x, self._logdet(y)

    def _logdet(self, x: Tensor) -> LogDet:
        return self.log_deviation.sum().expand(len(x))
