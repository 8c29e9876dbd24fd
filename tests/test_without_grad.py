import torch
from torch import nn

from diffeo.meter import Meter
from diffeo.without_grad import without_grad


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(16, 64), nn.SiLU(), nn.Linear(64, 3)).double()


def test_a_detached_model_answers_alike_and_keeps_less() -> None:
    model, x = network(), torch.ones(50, 16, dtype=torch.float64)
    frozen, kept, results = without_grad(model), {}, {}

    for name, answer in (("whole", model), ("frozen", frozen)):
        meter, z = Meter(), x.clone().requires_grad_()

        with meter.watch():
            outputs = answer(z)
            gradients = torch.autograd.grad(outputs.sum(), z)

        kept[name], results[name] = meter.peak, (outputs.detach(), *gradients)

    torch.testing.assert_close(results["whole"], results["frozen"])
    assert kept["frozen"] < 0.7 * kept["whole"]
    assert all(value.requires_grad for value in model.parameters())


def test_answers_of_a_detached_model_do_not_depend_on_its_parameters() -> None:
    assert not without_grad(network())(torch.ones(2, 16).double()).requires_grad


def test_what_has_nothing_to_detach_is_returned_as_it_is() -> None:
    frozen = network().requires_grad_(requires_grad=False)
    script = torch.jit.trace(network(), torch.ones(2, 16).double())

    assert without_grad(frozen) is frozen
    assert without_grad(script) is script
    assert without_grad(torch.sin) is torch.sin
