"""What was compiled for one bundle is not compiled again for the next one."""

from __future__ import annotations

import pytest

from services.rules.conditions import ConditionCompiler, ConditionError, compiler

CART = "request.cart_lines > params.least"


def test_a_condition_is_compiled_once_for_all_bundles_with_the_same_parameters() -> None:
    first, second = ConditionCompiler({"least": 3}), ConditionCompiler({"least": 3})
    assert first.compile(CART) is second.compile(CART)
    assert second.reads == first.reads == {"request.cart_lines", "params.least"}


def test_another_value_or_type_of_a_parameter_is_another_condition() -> None:
    compiled = [ConditionCompiler({"least": value}).compile(CART) for value in (3, 4)]
    assert compiled[0] is not compiled[1]
    yes = "offer.stock == 3 || params.least"
    assert ConditionCompiler({"least": True}).compile(yes)
    with pytest.raises(ConditionError):
        ConditionCompiler({"least": 1}).compile(yes)


def test_a_compiler_reads_only_what_its_own_conditions_read() -> None:
    ConditionCompiler({}).compile("offer.withdrawn")
    other = ConditionCompiler({})
    other.compile("offer.stock == 0")
    assert other.reads == {"offer.stock"}


def test_what_its_author_is_told_of_a_condition_is_worked_out_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dear = "customer.segments.exists(s, s == offer.brand)"
    with pytest.raises(ConditionError) as first:
        ConditionCompiler({"least": 5}).accept(dear)
    monkeypatch.setattr(compiler, "check_cost", None)
    with pytest.raises(ConditionError) as second:
        ConditionCompiler({"least": 5}).accept(dear)
    assert second.value is first.value
