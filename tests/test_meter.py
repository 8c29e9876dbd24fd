from diffeo.meter import Meter
from kept import KEPT, network, step


def test_the_meter_counts_what_is_kept_for_the_gradient() -> None:
    model, one, two = network(), Meter(), Meter()

    for rows, meter in ((10, one), (20, two)):
        with meter.watch():
            step(rows, model)

    # A tanh keeps its output; a frozen linear map keeps nothing but weights.
    assert (one.peak, two.peak) == (10 * KEPT, 20 * KEPT)


def test_the_meter_counts_what_is_kept_at_one_time() -> None:
    model, meter, once = network(), Meter(), Meter()

    with once.watch():
        step(10, model)

    with meter.watch():
        for _ in range(5):
            step(10, model)

    assert meter.peak == once.peak
