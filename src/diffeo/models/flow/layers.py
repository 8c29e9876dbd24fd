"""The layers of Glow that are linear in the image: normalize, mix channels, squeeze."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffeo.models.flow.folded import Decoder, Mix
from diffeo.models.flow.retrace import Cotangents, Ledger, retrace
from diffeo.shapes import Images, Latent, LogDet, Maps

__all__ = ["ActivationNorm", "InvertibleConvolution", "Squeeze", "Whiten"]


class ActivationNorm(nn.Module):
    """Scale and shift of each channel, at first to mean 0 and variance 1.

    Source: Kingma and Dhariwal, 2018, Glow, Section 3.1.
    """

    initialized: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))
        self.log_scale = nn.Parameter(torch.zeros(channels, 1, 1))
        self.register_buffer("initialized", torch.tensor(False))

    @torch.no_grad()
    def initialize(self, x: Images) -> None:
        """Set scale and shift so that each channel of `x` is standardized."""

        deviation, mean = torch.std_mean(x, dim=(0, 2, 3))
        self.shift.copy_(-mean[:, None, None])
        self.log_scale.copy_(-(deviation + 1e-6).log()[:, None, None])
        self.initialized.fill_(value=True)

    def forward(self, x: Images) -> tuple[Images, LogDet]:
        """Return (x + shift) · exp(log_scale)."""

        self._check()

        return (x + self.shift) * self.log_scale.exp(), self._logdet(x)

    def inverse(self, y: Images) -> tuple[Images, LogDet]:
        """Return y · exp(−log_scale) − shift."""

        self._check()

        return y * (-self.log_scale).exp() - self.shift, -self._logdet(y)

    def retrace(
        self, y: Images, cotangents: Cotangents, ledger: Ledger
    ) -> tuple[Images, Images]:
        """Return the input that `forward` made `y` of, and the gradient in it."""

        return retrace(self, self.forward, self.inverse, y, cotangents, ledger)

    def retrace_inverse(
        self, x: Images, cotangents: Cotangents, ledger: Ledger
    ) -> tuple[Images, Images]:
        """Return the input that `inverse` made `x` of, and the gradient in it."""

        return retrace(self, self.inverse, self.forward, x, cotangents, ledger)

    def decoder(self, dtype: torch.dtype) -> Mix:  # noqa: ARG002
        """Return the inverse as an affine map of the channels."""

        self._check()
        scale = (-self.log_scale.detach()).exp().flatten()

        return Mix(scale.diag(), -self.shift.detach().flatten())

    def _check(self) -> None:
        if not self.initialized:
            raise RuntimeError(
                "activation normalization must be initialized with a batch of data "
                "or loaded weights before it runs; call initialize(flow, batch)"
            )

    def _logdet(self, x: Images) -> LogDet:
        _, _, height, width = x.shape

        return (self.log_scale.sum() * height * width).expand(len(x))


class InvertibleConvolution(nn.Module):
    """An invertible 1×1 convolution: one matrix that mixes the channels.

    The matrix is P L (U + diag(s)), with P a fixed permutation, L and U strictly
    triangular but for L's unit diagonal, and the sign of s fixed. It starts as a random
    rotation.

    Source: Kingma and Dhariwal, 2018, Glow, Section 3.2.
    """

    permutation: Tensor
    sign: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        rotation, _ = torch.linalg.qr(torch.randn(channels, channels).double())
        permutation, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()

        self.lower = nn.Parameter(lower.tril(-1).float())
        self.upper = nn.Parameter(upper.triu(1).float())
        self.log_diagonal = nn.Parameter(diagonal.abs().log().float())
        self.register_buffer("permutation", permutation.float())
        self.register_buffer("sign", diagonal.sign().float())

    def forward(self, x: Images) -> tuple[Images, LogDet]:
        """Return the mixed channels."""

        with torch.autocast(x.device.type, enabled=False):
            lower, upper = self._triangles()

            return _mix(self.permutation @ lower @ upper, x), self._logdet(x)

    def inverse(self, y: Images) -> tuple[Images, LogDet]:
        """Return the channels as they were."""

        with torch.autocast(y.device.type, enabled=False):
            return _mix(self._inverse_matrix(), y), -self._logdet(y)

    def retrace(
        self, y: Images, cotangents: Cotangents, ledger: Ledger
    ) -> tuple[Images, Images]:
        """Return the input that `forward` made `y` of, and the gradient in it."""

        return retrace(self, self.forward, self.inverse, y, cotangents, ledger)

    def retrace_inverse(
        self, x: Images, cotangents: Cotangents, ledger: Ledger
    ) -> tuple[Images, Images]:
        """Return the input that `inverse` made `x` of, and the gradient in it."""

        return retrace(self, self.inverse, self.forward, x, cotangents, ledger)

    @torch.no_grad()
    def decoder(self, dtype: torch.dtype) -> Mix:  # noqa: ARG002
        """Return the inverse as an affine map of the channels."""

        matrix = self._inverse_matrix()

        return Mix(matrix, matrix.new_zeros(len(matrix)))

    def _inverse_matrix(self) -> Tensor:
        lower, upper = self._triangles()
        half = torch.linalg.solve_triangular(lower, self.permutation.T, upper=False)

        matrix: Tensor = torch.linalg.solve_triangular(upper, half, upper=True)

        return matrix

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


class Squeeze(nn.Module):
    """Blocks of 2×2 pixels become four channels."""

    def forward(self, x: Maps) -> tuple[Maps, LogDet]:
        """Halve the height and width."""

        return functional.pixel_unshuffle(x, 2), x.new_zeros(len(x))

    def inverse(self, y: Maps) -> tuple[Maps, LogDet]:
        """Double the height and width."""

        return functional.pixel_shuffle(y, 2), y.new_zeros(len(y))


class Whiten(nn.Module):
    """The learned normal prior of an image's last scale, whitened and made a vector.

    Args:
        shape: Channels, height and width of one image.
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

    def decoder(self, dtype: torch.dtype) -> Decoder:  # noqa: ARG002
        """Return the inverse alone."""

        return _Unwhitened(self.mean.detach(), self.log_deviation.detach().exp())

    def _logdet(self, x: Tensor) -> LogDet:
        return self.log_deviation.sum().expand(len(x))


@dataclass(frozen=True)
class _Unwhitened:
    mean: Tensor
    deviation: Tensor

    def __call__(self, y: Latent) -> Images:
        return y.reshape(len(y), *self.mean.shape) * self.deviation + self.mean
