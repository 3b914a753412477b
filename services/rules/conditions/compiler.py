"""Compiles conditions: type-checked by CEL, kept within limits, turned into terms over columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from cel_expr_python import cel

from services.rules.conditions.cost import check_cost
from services.rules.conditions.one_by_one import one_by_one
from services.rules.conditions.shapes import Shapes
from services.rules.conditions.translation import Translation, UnsupportedError
from services.rules.conditions.variables import MESSAGES
from services.rules.domain.definitions import Bound
from services.rules.domain.values import Frame, Outcome, Term
from shared.conditions import Checked, ConditionError, Environment
from shared.conditions.gate import is_suspect
from shared.conditions.syntax import fields_read, texts_sought, variables_read
from shared.conditions.values import ParameterValue


@dataclass(frozen=True, eq=False)
class Condition:
    """One condition, ready to be asked of all candidates of a request.

    What is told of it besides is worked out once, for as long as it is remembered.
    """

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
    _bounds: dict[frozenset[str], Bound | None] = field(default_factory=dict, init=False)

    def evaluate(self, frame: Frame) -> Outcome:
        """Return whether it holds: for all alike or as a column, with where it failed."""
        return self.term(frame, {})

    def bound(self, known: frozenset[str]) -> Bound | None:
        """Return what these columns alone say of it; None: nothing."""
        if known not in self._bounds:
            self._bounds[known] = self.translation.bound(known)
        return self._bounds[known]

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Every field that it reads, a variable where it is all of it, in the order of its text."""
        return tuple(fields_read(self.translation.checked.expr))

    @cached_property
    def segments_sought(self) -> tuple[str, ...]:
        """The segments that it names."""
        return tuple(texts_sought(self.translation.checked.expr, "customer.segments"))

    @cached_property
    def refusal(self) -> ConditionError | None:
        """Why it would take too long; None: it would not."""
        try:
            check_cost(self.translation.checked, self.obstacle)
        except ConditionError as error:
            return error.with_traceback(None)
        return None

    @cached_property
    def is_suspect(self) -> bool:
        """Whether it is tried on the largest input before it is accepted."""
        return bool(self.obstacle) or is_suspect(self.translation.checked)


class ConditionCompiler:
    """Compiles the conditions of one bundle, whose parameters are typed constants."""

    def __init__(self, parameters: Mapping[str, ParameterValue]) -> None:
        values = sorted(parameters.items())
        self._known = _known(tuple((name, type(value), value) for name, value in values))
        self._environment = self._known.environment
        self.activation = self._environment.activation
        self.reads: set[str] = set()
        """Every field that a condition compiled so far reads; a variable where it is all of it."""

    def compile(self, text: str) -> Condition:
        """Return the condition; raises `ConditionError` with its place in the text."""
        conditions = self._known.conditions
        known = conditions.get(text)
        if known is None:
            known = self._condition(self._environment.check(text))
            if len(conditions) >= _MOST_KNOWN:
                conditions.clear()
                self._known.shapes.forget()
            conditions[text] = known
        self.reads.update(known.reads)
        return known

    def accept(self, text: str) -> Condition:
        """Do so for its author: what would take too long is refused as well."""
        condition = self.compile(text)
        if condition.refusal is not None:
            raise condition.refusal
        return condition

    def _condition(self, checked: Checked) -> Condition:
        translation = Translation(checked.tree, self._environment, self._known.shapes)
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


@dataclass(frozen=True, slots=True)
class _Known:
    """What was compiled with the same parameters: bundles that follow share most of it."""

    environment: Environment
    conditions: dict[str, Condition] = field(default_factory=dict)
    """By their texts."""
    shapes: Shapes = field(default_factory=Shapes)


_MOST_KNOWN = 10_000


@lru_cache(maxsize=4)
def _known(parameters: tuple[tuple[str, type, ParameterValue], ...]) -> _Known:
    return _Known(Environment(MESSAGES, {name: value for name, _, value in parameters}))
