"""Evaluates a condition on one example that its author gives, by CEL and over columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from services.rules.conditions.compiler import Condition
from services.rules.conditions.frame import Activate, RequestFrame
from services.rules.conditions.variables import MESSAGES
from services.rules.domain.values import Maps, Words, spread
from shared.conditions.customer import FIELDS
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

Values = Mapping[str, Any]
"""What fields are worth, by `offer.stock` and the like, and `now`."""

NOT_GIVEN: Values = MappingProxyType(
    {
        **{name: field.read(PersonSnapshot()) for name, field in FIELDS.items()},
        "customer.profile_answered": True,
        **dict.fromkeys(
            (
                *("customer.recency_days", "customer.tenure_days", "customer.promotion_share"),
                *("customer.price_sensitivity", "customer.return_share"),
                *("history.days_since_bought", "history.days_since_declined"),
                *("history.days_since_answered", "customer.days_since_complaint"),
                "item.days_since_released",
            ),
            -1.0,
        ),
        "item.stock": -1,
        "offer.kind": "PRODUCT",
        "offer.stock": -1,
        "offer.for_channel": True,
        "offer.in_schedule": True,
        "request.channel": "WEB",
    }
)
"""What an example need not say: an offer that may be shown, of which nobody has heard, and a person
of whom nothing is known. All other fields are zero or empty."""

NO_ITEM: Values = MappingProxyType(
    {
        name: NOT_GIVEN.get(name)
        for name in (f"item.{field.name}" for field in MESSAGES["item"].DESCRIPTOR.fields)
    }
)
"""What every field of `item` is worth where a candidate is no item; None: zero, or empty."""

_DTYPES = {bool: np.bool_, int: np.int64, float: np.float64}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a condition comes to on an example."""

    value: bool
    error: str
    """Why CEL could not evaluate it; empty: it could."""
    is_agreed: bool
    """Over columns it comes to the same."""


def outcome_on(condition: Condition, values: Values, activate: Activate) -> Outcome:
    """Evaluate a condition by CEL itself and over columns."""
    given = ExampleValues({**NOT_GIVEN, **values})
    value, error = by_cel(condition, given, activate)
    found, failed = condition.evaluate(RequestFrame(given, given, activate))
    is_failed = bool(spread(failed, 1)[0])
    is_agreed = is_failed == bool(error) and (is_failed or bool(spread(found, 1)[0]) is value)
    return Outcome(value, error, is_agreed)


def by_cel(condition: Condition, given: ExampleValues, activate: Activate) -> tuple[bool, str]:
    """Return what a condition comes to, and why it could not be evaluated."""
    try:
        result = condition.program.eval(activate(given.messages())).plain_value()
    except RuntimeError as error:  # what takes too many turns
        return False, str(error)
    return (result, "") if isinstance(result, bool) else (False, str(result))


class ExampleValues:
    """One candidate's columns and a request's variables, made of what an example says."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._messages: dict[str, Any] = {}

    def __len__(self) -> int:
        return 1

    def __getitem__(self, name: str) -> Any:
        """Return the column of `offer.stock` and the like."""
        variable, _, field = name.partition(".")
        value = getattr(self.messages()[variable], field)
        if isinstance(value, str):
            return Words(np.zeros(1, np.intp), [value])
        if isinstance(value, bool | int | float):
            return np.array(
                [value], {bool: np.bool_, int: np.int64, float: np.float64}[type(value)]
            )
        return Maps([value])

    def field(self, name: str) -> Any:
        """Return the value of `customer.age` and the like."""
        variable, _, field = name.partition(".")
        return getattr(self.messages()[variable], field)

    def messages(self) -> Mapping[str, Any]:
        """Return all variables as CEL takes them; `now` where it is given."""
        if not self._messages:
            fields: dict[str, dict[str, Any]] = {variable: {} for variable in MESSAGES}
            for name, value in self._values.items():
                variable, _, field = name.partition(".")
                if field and value is not None:
                    fields[variable][field] = value
            self._messages = {name: MESSAGES[name](**fields[name]) for name in MESSAGES}
            if "now" in self._values:
                self._messages["now"] = self._values["now"]
        return self._messages
