import torch

from diffeo.statements.properties import nearest_to
from diffeo.workflows.fit.common_answers import course_answer


def test_the_nearest_is_found_wherever_it_stands() -> None:
    others = torch.rand(1200, 3, generator=torch.Generator().manual_seed(0))
    places = torch.tensor([3, 499, 500, 1199])
    distance, nearest = nearest_to(others[places] + 1e-4, others)

    assert nearest.tolist() == places.tolist()
    assert (distance < 1e-3).all()


def test_few_passes_do_not_tell_whether_a_training_has_ended() -> None:
    answer = course_answer([2.0, 1.0, 0.5], 0.1, "bits")

    assert not answer.well
    assert answer.found == "not known after so few passes: 3"
