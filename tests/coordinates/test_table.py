import pytest
import torch
from torch import Tensor

from diffeo import AtLeast, Identity, Run, explain
from diffeo.columns import Column
from diffeo.coordinates.conditional import Conditional
from diffeo.coordinates.limits import ColumnLimits
from diffeo.coordinates.masked import Masked
from diffeo.coordinates.monotone import Monotone
from diffeo.coordinates.pinned import Pinned
from diffeo.coordinates.protocol import Coordinates, decode_with, start_memory
from diffeo.coordinates.table import TableFlow
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.data.features import columns_of, features_of
from diffeo.data.table import Table
from diffeo.models.affine_spline import affine_spline
from laws import disturb

SIZES = {"age": 1, "color": 3, "height": 1, "exact": 1}


def table(rows: int = 60) -> Table:
    """Correlated columns of each kind."""

    generator = torch.Generator().manual_seed(0)
    age = torch.randint(10, 90, (rows,), generator=generator)
    height = 1 + age / 100 + 0.1 * torch.randn(rows, generator=generator)
    colors = [("blue", "green", "red")[number % 3] for number in age.tolist()]
    exact = torch.randn(rows, generator=generator, dtype=torch.float64).tolist()
    columns = (
        map(str, age.tolist()),
        colors,
        (f"{value:.2f}" for value in height.tolist()),
        map(repr, exact),
    )

    return Table(tuple(SIZES), tuple(zip(*columns, strict=True)))


COLUMNS = columns_of(table())
X = features_of(table(), COLUMNS)


def flow(given: tuple[str, ...] = ()) -> TableFlow:
    """A disturbed flow of the table."""

    made = TableFlow(ZukoFlow(affine_spline(range(6), hidden=(8,))), COLUMNS, given)
    made.initialize(X)
    disturb(made.flow)

    return made.eval().requires_grad_(requires_grad=False)


def moved(place: Coordinates, by: float) -> Tensor:
    """What rows become when all their coordinates move."""

    z = place.encode(X)

    return decode_with(place, z + by, start_memory(place, X, z))


def test_rows_come_back_and_rounded_columns_to_the_last_bit() -> None:
    again = flow().decode(flow().encode(X))

    torch.testing.assert_close(again, X, rtol=1e-4, atol=1e-4)
    assert torch.equal(again[:, :5], X[:, :5])


def test_what_is_decoded_is_a_row_that_the_table_can_hold() -> None:
    made = flow()
    z = 3 * torch.randn(200, 6, generator=torch.Generator().manual_seed(1))
    age, color, height, exact = made.decode(z).split(list(SIZES.values()), dim=1)

    assert torch.equal(age, age.round())
    assert torch.equal(color.sort(1).values, torch.tensor([[0.0, 0.0, 1.0]] * 200))
    assert color.any(0).all()
    torch.testing.assert_close(height, (100 * height).round() / 100)

    for values, place in ((age, 0), (height, 2), (exact, 3)):
        column = COLUMNS[place]
        assert values.double().min() >= column.low - 1e-6
        assert values.double().max() <= column.high + 1e-6
        assert len(values.unique()) > 10


def test_gradients_pass_to_each_coordinate() -> None:
    z = flow().encode(X).requires_grad_()
    flow().decode(z).square().sum().backward()

    assert z.grad is not None
    assert (z.grad.abs().amax(0) > 0).all()


def test_given_columns_stay_where_the_first_coordinates_do() -> None:
    made = flow(("color", "height"))
    names = ["height"], ["color", "age"], ["age"]
    assert [made.leading(each) for each in names] == [0, 3, 0]
    assert [made.deciding(each) for each in names] == [4, 3, 0]

    x = moved(Pinned(made, made.leading(["color", "height"])), 0.5)

    assert torch.equal(x[:, 1:5], X[:, 1:5])
    assert (x[:, 0] != X[:, 0]).any()
    assert not torch.equal(moved(made, 0.5)[:, 4], X[:, 4])


@pytest.mark.parametrize("by", [-0.5, 0.5])
def test_other_columns_go_along_with_given_ones_that_are_at_their_limit(
    by: float,
) -> None:
    made, first = flow(("height",)), torch.arange(6) == 4
    place = Conditional(made, first, torch.zeros(6) > 0, order=made.order[:1])
    x, free = moved(place, by), moved(made, by)
    held = free[:, 4] < X[:, 4]

    assert held.any() == (by < 0)
    assert (x[:, 4] >= X[:, 4]).all()
    assert torch.equal(x[held], moved(Pinned(made, 1), by)[held])
    assert torch.equal(x[~held], free[~held])


def test_coordinates_of_columns_at_their_limit_have_no_gradient() -> None:
    made, first = flow(("height", "age")), torch.arange(6) == 4
    place = Conditional(made, first, torch.zeros(6) > 0, order=made.order[:2])
    z = made.encode(X)
    memory, z = start_memory(place, X, z), (z - 0.5).requires_grad_()
    decode_with(place, z, memory).sum().backward()

    held = moved(made, -0.5)[:, 4] < X[:, 4]
    assert held.any()
    assert z.grad is not None
    assert torch.equal(z.grad[:, 0] == 0, held)
    assert (z.grad[:, 1:] != 0).all()


def test_frozen_columns_need_not_be_the_first_of_those_given() -> None:
    made, frozen = flow(("color", "height")), torch.arange(6) == 4
    x = moved(ColumnLimits(frozen=("height",)).applied(made), 0.5)
    place = Conditional(made, frozen, frozen, made.order[:4])

    assert torch.equal(x[:, 4], X[:, 4])
    assert torch.equal(x, moved(Masked(place, ~frozen), 0.5))
    assert (x[:, 0] != moved(Masked(made, ~frozen), 0.5)[:, 0]).any()


@pytest.mark.parametrize("by", [-0.5, 0.5])
def test_monotone_features_go_one_way(by: float) -> None:
    up = torch.tensor([True, False, False, False, False, False])
    x = moved(Monotone(flow(), up, up.roll(-1)), by)

    assert (x[:, 0] >= X[:, 0]).all()
    assert (x[:, 5] <= X[:, 5]).all()
    assert not torch.equal(x, X)


def test_a_masked_column_keeps_its_last_bit() -> None:
    x = moved(Masked(flow(), torch.arange(6) != 5), 0.5)

    assert torch.equal(x[:, 5], X[:, 5])
    assert (x[:, 0] != X[:, 0]).any()


def test_noise_changes_no_decoded_value() -> None:
    noisy = flow().dequantize(X, generator=torch.Generator().manual_seed(0))
    rounded = flow()._valid(noisy)

    assert (noisy != X).all()
    assert torch.equal(rounded[:, 1:5], X[:, 1:5])


def test_the_first_features_are_whitened_by_themselves() -> None:
    noisy = flow().dequantize(X, generator=torch.Generator().manual_seed(0))
    made = TableFlow(ZukoFlow(affine_spline(range(6), hidden=(8,))), COLUMNS, ["exact"])
    made.initialize(X)
    white = made.whiten(noisy)

    torch.testing.assert_close(
        white.T.cov(correction=0), torch.eye(6), atol=1e-3, rtol=0
    )
    others = torch.cat((noisy.flip(0)[:, :5], noisy[:, 5:]), dim=1)
    torch.testing.assert_close(made.whiten(others)[:, 0], white[:, 0])
    assert torch.equal(white[:, 0].argsort(), noisy[:, 5].argsort())


def test_the_density_is_that_of_standardized_rows() -> None:
    made, noise = flow().double(), torch.Generator().manual_seed(0)
    x = made.dequantize(X.double(), generator=noise)[:3]

    def whitened(u: Tensor) -> Tensor:
        return made.flow.encode(made.whiten(u * made.scale + made.mean)[0][None])[0]

    slopes = [
        torch.autograd.functional.jacobian(whitened, u[None]).reshape(6, 6)
        for u in made.standardize(x)
    ]
    normal = torch.distributions.Normal(0, 1).log_prob(made.encode(x)).sum(1)
    volume = torch.stack([each.slogdet().logabsdet for each in slopes])

    torch.testing.assert_close(made.log_prob(x), normal + volume)


def test_a_skewed_column_is_nearly_normal_before_the_flow() -> None:
    skewed = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0)).exp()
    mean, scale, least = skewed.mean(), skewed.std(), skewed.min()
    column = Column("sum", mean=mean.item(), scale=scale.item(), low=least.item())
    made = TableFlow(ZukoFlow(affine_spline(range(1), hidden=(8,))), [column])
    made.initialize(skewed)

    def skewness(x: Tensor) -> Tensor:
        return ((x - x.mean()) / x.std()).pow(3).mean().abs()

    assert skewness(skewed) > 3
    assert skewness(made.whiten(skewed)) < 1


def test_other_flows_and_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="6 features, got one of"):
        TableFlow(ZukoFlow(affine_spline(range(2), hidden=(8,))), COLUMNS)

    with pytest.raises(ValueError, match="among age, color, height, exact, got sex"):
        flow(("sex",))

    with pytest.raises(ValueError, match="6 features, got"):
        flow().encode(X[:, :2])

    with pytest.raises(ValueError, match="6 features, got"):
        flow().log_prob(X[:, :2])


def test_columns_are_of_one_kind() -> None:
    assert Column("sex", ("f", "m")).features == ("sex=f", "sex=m")


def test_columns_are_limited_in_one_call_as_by_coordinates() -> None:
    made, goal = flow(("height",)), AtLeast(1.0)

    def model(x: torch.Tensor) -> torch.Tensor:
        return x[:, 0] / 40 + x[:, 4] + x[:, 5]

    run = Run(steps=20)
    place = ColumnLimits(("height",), ("age",)).applied(made)
    found = explain(
        X, model, made, objective=goal, run=run, frozen=["height"], only_up=["age"]
    )
    same = explain(X, model, place, objective=goal, run=run)

    assert torch.equal(found.counterfactual, same.counterfactual)
    assert torch.equal(found.counterfactual[:, 4], X[:, 4])
    assert (found.counterfactual[:, 0] >= X[:, 0]).all()
    assert not torch.equal(found.counterfactual, X)

    with pytest.raises(ValueError, match=r"a column must be one of age, .*, got sex"):
        explain(X, model, made, objective=goal, frozen=["sex"])

    with pytest.raises(ValueError, match="can go up or down, got color"):
        explain(X, model, made, objective=goal, only_down=["color"])

    with pytest.raises(ValueError, match="a flow fitted to one, got Identity"):
        explain(X, model, Identity((6,)), objective=goal, frozen=["age"])
