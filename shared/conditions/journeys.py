"""Compiles the conditions of scenarios: over a person, what happened, and how far they came."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from google.protobuf.message import Message

from shared.conditions.customer import PERSON_MESSAGES
from shared.conditions.environment import Environment
from shared.conditions.predicate import Predicate, compile_predicate
from shared.conditions.problems import ConditionError
from shared.conditions.values import ParameterValue
from touchpoint.common.v1.conditions_pb2 import Happening, JourneySoFar

EVENT_MESSAGES: Mapping[str, type[Message]] = MappingProxyType(
    {"event": Happening, "journey": JourneySoFar}
)
"""What conditions of an event may read: it arrives, and nobody is asked about the person."""
_NOT_OF_A_REQUEST = MappingProxyType(
    {
        "customer": "read single fields of customer, such as customer.frequency",
        "customer.known": "customer.known belongs to a request, and a scenario to the person",
        "customer.verified": "customer.verified belongs to a request, and a scenario to the person",
        "customer.assurance": "how sure it is belongs to a request, and a scenario to the person",
        "customer.profile_answered": "a scenario asks profile, which answered where it goes on",
        "session": "read single fields of session, such as session.category",
        "event": "read single fields of event, such as event.value_micros",
        "journey": "read single fields of journey, such as journey.stage",
    }
)
"""What a scenario may not read, and why."""
_NOBODY_ASKED = (
    "events are judged without asking about the person: use the condition of a stage or of a way"
)


class JourneyCompiler:
    """Compiles the conditions of scenarios of one bundle, whose parameters are typed constants."""

    def __init__(self, parameters: Mapping[str, ParameterValue]) -> None:
        self._of_events = Environment(EVENT_MESSAGES, parameters)
        self._of_persons = Environment({**PERSON_MESSAGES, **EVENT_MESSAGES}, parameters)

    def where(self, text: str) -> Predicate:
        """Return a condition of an event; raises `ConditionError` with its place in the text."""
        try:
            return _compiled(self._of_events, text)
        except ConditionError as error:
            if not any(f"'{variable}" in error.message for variable in PERSON_MESSAGES):
                raise
            message = f"{error.message}; {_NOBODY_ASKED}"
            raise ConditionError(message, error.line, error.column, error.also) from None

    def condition(self, text: str) -> Predicate:
        """Return a condition that may ask for the person, too; raises `ConditionError`."""
        return _compiled(self._of_persons, text)


def _compiled(environment: Environment, text: str) -> Predicate:
    predicate = compile_predicate(environment, environment.check(text))
    for name in sorted(predicate.reads & _NOT_OF_A_REQUEST.keys()):
        raise ConditionError(_NOT_OF_A_REQUEST[name], 1, 1)
    return predicate
