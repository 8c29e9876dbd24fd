"""Records of searches, kept on disk, so that a run that was ended goes on."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.cache import Cache, content_key

__all__ = ["kept"]


def kept(
    name: str,
    tensors: Sequence[Tensor],
    settings: Mapping[str, object],
    search: Callable[[], Counterfactuals],
) -> Counterfactuals:
    """Return a record that was kept beside trained judges, or search now and keep it.

    Its seconds are those of the processor, which other programs hardly change.

    Args:
        name: What the name of its file begins with.
        tensors: All that the search depends on: factuals, weights.
        settings: The same for numbers and names.
        search: What makes the record.
    """

    folder = Cache.usual().folder / "records"
    path = folder / f"{name}-{content_key(tensors, settings)}.safetensors"

    if path.is_file():
        return Counterfactuals.load(path)

    begun = time.process_time()
    record = search()
    seconds = (time.process_time() - begun) / len(record)
    record = replace(record, seconds=torch.full_like(record.seconds, seconds))
    folder.mkdir(parents=True, exist_ok=True)
    record.save(path)

    return record
