"""What a page shows of an input: pictures, or the values that changed most."""

import base64
import io
import statistics
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate

from diffeo.counterfactuals import Counterfactuals
from diffeo.report.images import as_picture, drawable, signed_difference

__all__ = ["data_uri", "features", "pictures", "plan", "thumbnail"]

BUDGET = 10_000_000  # bytes of all pictures of a page, as text
SAMPLE = 8  # pictures of a method by which the bytes of all are estimated
STILLS = 5  # pictures of a search without its path
FRAMES = 9  # most pictures of a path
FEWEST_FRAMES = 3
LARGEST_SIDE = 128  # pixels of a picture on the page
FEATURES = 8  # that changed most, where data are no images


def thumbnail(image: Float[Tensor, "channels height width"]) -> str:
    """Return an image, no larger than pages show it, as text that a page can hold.

    Example:
        >>> import torch
        >>> thumbnail(torch.zeros(1, 2, 2))[:22]
        'data:image/png;base64,'
    """

    return data_uri(_reduced(image))


def data_uri(image: Float[Tensor, "channels height width"]) -> str:
    """Return an image of any size as text that a page can hold.

    Example:
        >>> import torch
        >>> data_uri(torch.zeros(1, 200, 2))[:22]
        'data:image/png;base64,'
    """

    buffer = io.BytesIO()
    as_picture(image).save(buffer, "PNG")

    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def pictures(record: Counterfactuals, row: int, limit: float) -> dict[str, str]:
    """Return the pictures of a search by their caption.

    The difference is that to where the search began; r is this where it is not x.

    Args:
        record: Of images.
        row: Number of the row.
        limit: Change of a pixel that has the full color of a difference.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 1, 2, 2), Identity((1, 2, 2))
        >>> model, goal = lambda x: x.flatten(1)[:, :2], TargetClass(1, 0.6)
        >>> record = search(x, model, goal, place)
        >>> list(pictures(record, 0, limit=1.0))
        ['x′', 'x′ − x']
    """

    one = record.select(torch.tensor([row]))
    start, after = _reduced(one.start[0]), _reduced(one.counterfactual[0])
    change = signed_difference(start, after, limit)

    if not torch.equal(one.start, one.factual):
        shown = {"reconstruction r": start, "x′": after, "x′ − r": change}
    elif one.exact:
        shown = {"x′": after, "x′ − x": change}
    else:
        decoded = _reduced(one.reconstruction[0])
        shown = {"reconstruction r": decoded, "x′": after, "x′ − x": change}

    return {caption: thumbnail(image) for caption, image in shown.items()}


def features(
    names: Sequence[str], record: Counterfactuals, row: int
) -> list[tuple[str, str, str, str]]:
    """Return name, value before, value after and change of what changed most.

    Values before are those where the search began.

    Args:
        names: What the features are called; their places if empty.
        record: Of any data.
        row: Number of the row.

    Example:
        >>> import torch
        >>> from diffeo import AtLeast, Identity, search
        >>> x, place = torch.zeros(1, 2), Identity((2,))
        >>> record = search(x, lambda x: x[:, 1], AtLeast(0.5), place)
        >>> [name for name, *_ in features(("age", "height"), record, 0)]
        ['height', 'age']
    """

    one = record.select(torch.tensor([row]))
    before, after = one.start.flatten(), one.counterfactual.flatten()
    most = (after - before).abs().nan_to_num().argsort(descending=True)[:FEATURES]
    shape = record.factual.shape[1:]
    called = [
        names[place] if names else ", ".join(map(str, np.unravel_index(place, shape)))
        for place in most.tolist()
    ]

    values = zip(called, before[most].tolist(), after[most].tolist(), strict=True)

    return [
        (name, f"{old:.4g}", f"{new:.4g}", f"{new - old:+.4g}")
        for name, old, new in values
    ]


def plan(records: Mapping[str, Counterfactuals], limit: int) -> tuple[int, int]:
    """Return how many rows and frames of each path the size of a page allows.

    Args:
        records: What is to be shown, by method.
        limit: Most rows to show.

    Returns:
        Most rows, and most frames of a path; 0 for none.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 1, 2, 2), Identity((1, 2, 2))
        >>> model, goal = lambda x: x.flatten(1)[:, :2], TargetClass(1, 0.6)
        >>> record = search(x, model, goal, place)
        >>> plan({"ours": record}, limit=200)
        (2, 9)
    """

    longest = max(map(len, records.values()))
    sample = [
        thumbnail(image)
        for record in records.values()
        for image in record.counterfactual[:: 1 + len(record) // SAMPLE]
        if drawable(record.factual)
    ]

    if not sample:
        return limit, 0

    pictures = BUDGET / len(records) / statistics.mean(map(len, sample))
    rows = max(1, min(limit, longest, int(pictures / STILLS)))
    frames = int(pictures / rows) - STILLS

    return rows, min(frames, FRAMES) if frames >= FEWEST_FRAMES else 0


def _reduced(image: Tensor) -> Tensor:
    """Return an image no larger than pages show it."""

    scale = min(1.0, LARGEST_SIDE / max(image.shape[1:]))
    size = [max(1, round(side * scale)) for side in image.shape[1:]]

    return interpolate(image.float().nan_to_num()[None], size, mode="area")[0]
