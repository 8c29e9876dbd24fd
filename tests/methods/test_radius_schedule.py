import math

from diffeo.methods import RadiusSchedule

SCHEDULE = RadiusSchedule(radius=8.0, width=1.0, patience=2)


def test_the_ball_is_halved_towards_finds() -> None:
    shell = SCHEDULE.start()
    assert (shell.inner, shell.outer) == (0, 8)

    shell = SCHEDULE.following(shell, math.inf)
    assert (shell.inner, shell.outer) == (4, 8)

    shell = SCHEDULE.following(shell, 5.0)
    assert (shell.inner, shell.outer) == (2.5, 5)


def test_thin_shells_end_after_some_empty_ones() -> None:
    shell = SCHEDULE.following(SCHEDULE.start(), 1.5)
    assert (shell.inner, shell.outer, shell.wide) == (0.5, 1.5, False)

    shell = SCHEDULE.following(SCHEDULE.following(shell, math.inf), 1.2)
    assert shell.empty == 0
    assert not SCHEDULE.ended(shell)

    shell = SCHEDULE.following(SCHEDULE.following(shell, math.inf), math.inf)
    assert SCHEDULE.ended(shell)


def test_a_find_at_the_point_itself_ends_the_search() -> None:
    assert SCHEDULE.ended(SCHEDULE.following(SCHEDULE.start(), 0.0))
