"""Compiles conditions: type-checked by CEL, kept within limits, turned into terms over columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cel.expr.checked_pb2 import CheckedExpr
from cel_expr_python import cel
from google.protobuf.any_pb2 import Any as AnyProto

from services.rules.conditions.gate import check_cost, check_length
from services.rules.conditions.one_by_one import one_by_one
from services.rules.conditions.problems import ConditionError, from_report
from services.rules.conditions.translation import Translation, UnsupportedError
from services.rules.conditions.variables import ParameterValue, environment, parameter_data
from services.rules.domain.values import Frame, Outcome, Term


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, ready to be asked of all candidates of a request."""

    text: str
    term: Term
    fields: frozenset[str]
    """What it reads of each candidate: `offer.stock`; `offer` for all of it."""
    reads_placement: bool
    """It may differ from placement to placement."""
    obstacle: str
    """Why it has to be evaluated candidate by candidate; empty: all at once."""
    program: cel.Expression
    translation: Translation

    def evaluate(self, frame: Frame) -> Outcome:
        """Return whether it holds: for all alike or as a column, with where it failed."""
        return self.term(frame, {})

    def bound(self, known: frozenset[str]) -> Term | None:
        """Return a term that holds or fails wherever this does, of these columns only.

        None: they say nothing about it.
        """
        return self.translation.bound(known)


class ConditionCompiler:
    """Compiles the conditions of one bundle, whose parameters are typed constants."""

    def __init__(self, parameters: Mapping[str, ParameterValue]) -> None:
        self._environment = environment(parameters)
        self.parameter_data = parameter_data(parameters)

    def compile(self, text: str) -> Condition:
        """Return the condition; raises `ConditionError` with its place in the text."""
        check_length(text)
        try:
            program = self._environment.compile(text)
        except RuntimeError as error:  # how the binding reports every mistake
            raise from_report(str(error)) from None
        if program.return_type() != cel.Type.BOOL:
            raise ConditionError(f"must be true or false, is {program.return_type().name()}")
        checked = _checked(program)
        check_cost(checked)
        return self._condition(text, program, checked)

    def activation(self, data: Mapping[str, object]) -> cel.Activation:
        """Return variables to evaluate by, the parameters among them."""
        return self._environment.Activation({**self.parameter_data, **data})

    def _condition(self, text: str, program: cel.Expression, checked: CheckedExpr) -> Condition:
        translation = Translation(checked, self._environment, self.parameter_data)
        obstacle = ""
        try:
            term = translation.term()
        except UnsupportedError as error:
            term, obstacle = one_by_one(program, translation.fields), str(error)
        return Condition(
            text,
            term,
            translation.fields,
            translation.reads_placement,
            obstacle,
            program,
            translation,
        )


def _checked(program: cel.Expression) -> CheckedExpr:
    wrapped = AnyProto.FromString(program.serialize())
    checked = CheckedExpr()
    wrapped.Unpack(checked)
    return checked
