"""Compiles conditions: type-checked by CEL, kept within limits, turned into terms over columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cel_expr_python import cel

from services.rules.conditions.one_by_one import one_by_one
from services.rules.conditions.translation import Translation, UnsupportedError
from services.rules.conditions.variables import MESSAGES
from services.rules.domain.values import Frame, Outcome, Term
from shared.conditions import Checked, Environment
from shared.conditions.syntax import fields_read, variables_read
from shared.conditions.values import ParameterValue


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
        self._environment = Environment(MESSAGES, parameters)
        self.activation = self._environment.activation
        self.reads: set[str] = set()
        """Every field that a condition compiled so far reads; a variable where it is all of it."""

    def compile(self, text: str) -> Condition:
        """Return the condition; raises `ConditionError` with its place in the text."""
        return self._condition(self._environment.check(text))

    def _condition(self, checked: Checked) -> Condition:
        translation = Translation(checked.tree, self._environment)
        self.reads.update(fields_read(checked.tree.expr))
        obstacle = ""
        try:
            term = translation.term()
        except UnsupportedError as error:
            reads = frozenset(variables_read(checked.tree.expr))
            term = one_by_one(checked.program, translation.fields, reads)
            obstacle = str(error)
        return Condition(
            checked.text,
            term,
            translation.fields,
            translation.reads_placement,
            obstacle,
            checked.program,
            translation,
        )
