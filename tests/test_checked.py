"""Checks are left out only where they have seen calls that look alike."""

from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import torch
from beartype import beartype
from jaxtyping import Float, TypeCheckError
from jaxtyping._decorator import jaxtyped  # as it was before it was replaced
from jaxtyping._import_hook import Typechecker
from torch import Tensor

from checked import EVERY, FIRST, Function, OwnBytecode, kind, once_for_each_kind
from diffeo.distances import LatentDistance
from unchecked import unchecked_calls

PAIR = Float[Tensor, "rows columns"]


def checked(function: Function, calls: list[str]) -> Function:
    """Check a function as those of the library, and note each call that is checked."""

    def noting(**settings: Function) -> Function:
        def decorate(part: Function) -> Function:
            every_call = jaxtyped(**settings)(part)

            def call(*args: object, **named: object) -> object:
                calls.append(part.__name__)

                return every_call(*args, **named)

            return call

        return decorate

    decorated: Function = once_for_each_kind(noting, {})(typechecker=beartype)(function)

    return decorated


def first(x: PAIR, y: PAIR, word: str = "usual") -> PAIR:
    return x if word == "usual" else y.new_zeros(1)


def test_calls_that_look_alike_are_checked_once() -> None:
    calls: list[str] = []
    call = checked(first, calls)
    results = [
        call(torch.full((2, 3), value), torch.ones(2, 3)) for value in (1.0, 2.0)
    ]

    assert calls == ["first"]
    assert [result[0, 0].item() for result in results] == [1, 2]

    call(torch.ones(2, 3).double(), torch.ones(2, 3))
    call(torch.ones(3, 3), y=torch.ones(3, 3))

    assert len(calls) == 3


@pytest.mark.parametrize(
    "y", [torch.ones(2, 4), torch.ones(6), torch.ones(2, 3).long(), None, 1.0]
)
def test_arguments_of_another_kind_are_checked(y: object) -> None:
    call = checked(first, [])
    call(torch.ones(2, 3), torch.ones(2, 3))

    for _ in range(2):
        with pytest.raises(TypeCheckError):
            call(torch.ones(2, 3), y)


def test_of_many_calls_in_a_test_some_are_looked_at() -> None:
    calls: list[str] = []
    call = checked(first, calls)

    for rows in range(FIRST + 2 * EVERY):
        call(torch.ones(rows, 3), torch.ones(rows, 3))

    assert len(calls) == FIRST + 2


def test_a_result_of_another_kind_is_checked_without_a_second_call() -> None:
    results = iter([torch.ones(2), torch.ones(2), torch.ones(3), torch.ones(2, 2)])

    def next_of(x: Float[Tensor, " rows"]) -> Float[Tensor, " others"]:  # noqa: ARG001
        return next(results)

    calls: list[str] = []
    call = checked(next_of, calls)

    assert [len(call(torch.ones(2))) for _ in range(3)] == [2, 2, 3]
    assert len(calls) == 2

    with pytest.raises(TypeCheckError):
        call(torch.ones(2))

    assert next(results, None) is None


def test_a_result_is_judged_by_the_names_of_the_arguments() -> None:
    call = checked(first, [])
    call(torch.ones(1, 1), torch.ones(1, 1))

    with pytest.raises(TypeCheckError):
        call(torch.ones(1, 1), torch.ones(1, 1), "other")


def test_errors_are_those_of_the_function() -> None:
    def fail(x: int) -> int:
        raise KeyError(x)

    call = checked(fail, [])

    for _ in range(2):
        with pytest.raises(KeyError):
            call(3)


def test_nothing_is_checked_where_checks_are_off() -> None:
    calls: list[str] = []
    call = checked(first, calls)

    with unchecked_calls():
        assert call("a", "b") == "a"

    assert calls == []


def test_the_library_is_checked() -> None:
    features = LatentDistance().features
    features(torch.ones(2, 1), torch.ones(2, 1))

    with pytest.raises(TypeCheckError):
        features(torch.ones(2, 1), torch.ones(3, 1))


@dataclass
class Part:
    """Anything else."""


def test_what_a_check_can_tell_is_of_the_kind() -> None:
    one, other = torch.ones(2), torch.ones(3)

    assert kind([one, one]) == kind([2 * one, one]) != kind([one, other])
    assert kind({"a": one}) != kind({"a": other})
    assert kind({"a": one}) != kind({"b": one})
    assert kind("float") != kind("double")
    assert kind(Part()) == kind(Part()) != kind(Part)
    assert kind(1) != kind(1.0) != kind(None)
    assert kind(1) != kind(1 > 0)


def test_what_a_checked_module_imports_is_found_as_always(tmp_path: Path) -> None:
    path = tmp_path / "part.py"
    path.write_text(
        "from importlib import _bootstrap_external as imports\n"
        "PLACE = imports.cache_from_source('other.py')\n"
        "def same(x: int) -> int: return x\n"
    )
    how = Typechecker("beartype.beartype")  # type: ignore[no-untyped-call]
    loader = OwnBytecode("part", str(path), typechecker=how)
    spec = spec_from_file_location("part", path, loader=loader)
    assert spec is not None
    part = module_from_spec(spec)
    loader.exec_module(part)

    assert "jaxtyping" not in part.PLACE
    assert part.same(3) == 3

    with pytest.raises(TypeCheckError):
        part.same("3")
