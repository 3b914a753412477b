"""Compiles the conditions of segments: over a person as such, whoever asks and however."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from shared.conditions.customer import PERSON_MESSAGES
from shared.conditions.environment import Environment
from shared.conditions.predicate import Predicate, compile_predicate
from shared.conditions.problems import ConditionError
from shared.conditions.values import ParameterValue

_NOT_OF_THE_PERSON: Mapping[str, str] = MappingProxyType(
    {
        "customer": "read single fields of customer, such as customer.frequency",
        "customer.known": "customer.known belongs to a request, and a segment to the person",
        "customer.verified": "customer.verified belongs to a request, and a segment to the person",
        "customer.assurance": "how sure it is belongs to a request, and a segment to the person",
        "customer.identity_kinds": "a segment is made of what people do: compare their attributes",
        "customer.profile_answered": "a segment is evaluated by profile: it always answers there",
        "customer.segments": "a segment cannot be made of segments: write out what they say",
    }
)
"""What a segment may not read, and why."""


class SegmentCompiler:
    """Compiles the segments of one bundle, whose parameters are typed constants."""

    def __init__(self, parameters: Mapping[str, ParameterValue]) -> None:
        self._environment = Environment(PERSON_MESSAGES, parameters)

    def compile(self, text: str) -> Predicate:
        """Return the condition; raises `ConditionError` with its place in the text."""
        predicate = compile_predicate(self._environment, self._environment.check(text))
        for name in sorted(predicate.reads & _NOT_OF_THE_PERSON.keys()):
            line, column = _place(text, name)
            raise ConditionError(_NOT_OF_THE_PERSON[name], line, column)
        return predicate


def _place(text: str, name: str) -> tuple[int, int]:
    """Return where a field stands first, as it is usually written; else the beginning."""
    before = text.partition(name)[0] if name in text else ""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
