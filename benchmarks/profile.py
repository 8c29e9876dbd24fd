"""Where the time of a search step goes."""

from collections.abc import Callable

from torch.profiler import ProfilerActivity, profile

__all__ = ["shares"]

PARTS = {
    "convolutions": ("mkldnn_convolution",),
    "activations": (
        "threshold_backward",
        "relu_",
        "clamp_min_",
        "silu",
        "silu_backward",
    ),
    "mixing": ("bmm", "mm", "matmul"),
    "layout": ("copy_", "cat", "pixel_shuffle", "pixel_unshuffle"),
    "arithmetic": (
        "add",
        "add_",
        "exp_",
        "mul",
        "mul_",
        "neg",
        "sigmoid_",
        "sigmoid_backward",
        "sub",
        "sub_",
    ),
}
"""Operations of torch by what they are for; the rest is calling them."""
ROUNDS = 5


def shares(step: Callable[[], object]) -> dict[str, float]:
    """Return the share of each part in the time of a step, and that of the rest.

    Of several rounds, each operation counts with its least time.
    """

    step()
    least: dict[str, float] = {}

    for _ in range(ROUNDS):
        with profile(activities=[ProfilerActivity.CPU]) as noted:
            step()

        for event in noted.key_averages():
            name, time = event.key.removeprefix("aten::"), event.self_cpu_time_total
            least[name] = min(time, least.get(name, time))

    whole = sum(least.values())
    found = {
        part: sum(least.get(name, 0.0) for name in names) / whole
        for part, names in PARTS.items()
    }

    return {**found, "calls": 1 - sum(found.values())}
