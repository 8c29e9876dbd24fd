from diffeo.ascents import Momentum, Polyak
from diffeo.methods import GradientMethod
from diffeo.objectives import Smoothed
from diffeo.settings import describe


def test_parts_inside_are_told_with_their_settings() -> None:
    found = describe(Polyak(Momentum(0.5, decay=0.1)))

    assert found["ascent"] == {"name": "Momentum", "rate": 0.5, "decay": 0.1}


def test_of_a_class_only_the_name_is_told() -> None:
    assert describe(GradientMethod(price=Smoothed))["price"] == {"name": "Smoothed"}
