"""How exactly inputs were encoded, where encoding is an iteration."""

from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.counterfactuals import Counterfactuals

__all__ = ["state_encoding"]


def state_encoding(record: Counterfactuals, place: FlowMatching) -> Counterfactuals:
    """State how exactly a velocity field encodes each input, and how surely alone.

    Whether a row is approximate is known without, from its reconstruction.

    Args:
        record: Of a search in these coordinates.
        place: The coordinates.

    Returns:
        The record with the statements "step_residual" and "contraction", the greatest
        of all steps, as `Certificate` has them.

    Example:
        >>> import torch
        >>> from diffeo import AtLeast, search
        >>> class Grow(torch.nn.Module):
        ...     def forward(self, x, t):
        ...         return x / 2
        >>> place = FlowMatching(Grow().eval(), (2,), times=(0.0, 1.0))
        >>> x = torch.ones(1, 2)
        >>> record = search(x, lambda x: x[:, 0], AtLeast(2.0), place)
        >>> state_encoding(record, place).statements["contraction"]
        tensor([0.5000])
    """

    certificate = place.certify(record.factual)

    return record.stating(
        {
            "step_residual": certificate.residual.amax(1),
            "contraction": certificate.contraction.amax(1),
        }
    )
