"""Request validation as data: rules per message, every violation found at once, with its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from shared.errors import FieldViolation, InvalidArgument
from shared.well_formed import wrong_times

MAX_VIOLATIONS = 100
"""More than this many are not reported: the answer must stay smaller than the request."""


@dataclass(slots=True)
class Violations:
    """Collects what is wrong with a request, each under the path of its field."""

    found: list[FieldViolation] = field(default_factory=list)

    def add(self, path: str, description: str) -> None:
        """Note one violation; those beyond MAX_VIOLATIONS are dropped."""
        if len(self.found) < MAX_VIOLATIONS:
            self.found.append(FieldViolation(path, description))

    def raise_if_any(self) -> None:
        """Raise InvalidArgument with all of them, if there is one."""
        if self.found:
            raise InvalidArgument(self.found)


Validator = Callable[[Any, Violations], None]
"""Looks at one whole request and adds what is wrong with it."""
Rule = Callable[[Any, str, Violations], None]
"""Looks at one message; the string is the message's path with its dot, empty at the top."""


def validator(*rules: Rule) -> Validator:
    """Make one validator of the rules for a request."""

    def validate(message: Message, violations: Violations) -> None:
        for rule in rules:
            rule(message, "", violations)

    return validate


def required(*names: str) -> Rule:
    """Demand that each field holds something: a non-empty string, list or set message."""

    def check(message: Message, path: str, violations: Violations) -> None:
        for name in names:
            if not _is_set(message, name):
                violations.add(path + name, "must not be empty")

    return check


def _is_set(message: Message, name: str) -> bool:
    value = getattr(message, name)
    return message.HasField(name) if isinstance(value, Message) else bool(value)


def length(name: str, maximum: int) -> Rule:
    """Demand at most so many characters, bytes or entries in a field."""

    def check(message: Message, path: str, violations: Violations) -> None:
        size = len(getattr(message, name))
        if size > maximum:
            violations.add(path + name, f"has length {size}, at most {maximum} is allowed")

    return check


def between(name: str, minimum: float, maximum: float) -> Rule:
    """Demand a number within bounds, both included; NaN is outside of any."""

    def check(message: Message, path: str, violations: Violations) -> None:
        value = getattr(message, name)
        if not minimum <= value <= maximum:
            violations.add(path + name, f"is {value}, must be from {minimum} to {maximum}")

    return check


def known_enum(name: str, *, may_be_unspecified: bool = False) -> Rule:
    """Demand a value that the enum knows, and by default not its zero."""

    def check(message: Message, path: str, violations: Violations) -> None:
        value = getattr(message, name)
        enum = message.DESCRIPTOR.fields_by_name[name].enum_type
        if enum is None or value not in enum.values_by_number:
            violations.add(path + name, f"has the unknown value {value}")
        elif value == 0 and not may_be_unspecified:
            violations.add(path + name, "must be specified")

    return check


def one_of(name: str, allowed: Sequence[str]) -> Rule:
    """Demand one of the named values."""
    choices = ", ".join(allowed)

    def check(message: Message, path: str, violations: Violations) -> None:
        value = getattr(message, name)
        if value not in allowed:
            violations.add(path + name, f"must be one of {choices}")

    return check


def nested(name: str, *rules: Rule) -> Rule:
    """Apply rules to a message field where it is set."""

    def check(message: Message, path: str, violations: Violations) -> None:
        if message.HasField(name):
            inner = getattr(message, name)
            for rule in rules:
                rule(inner, f"{path}{name}.", violations)

    return check


def each(name: str, *rules: Rule, at_most: int) -> Rule:
    """Apply rules to every entry of a repeated message field of bounded length."""

    def check(message: Message, path: str, violations: Violations) -> None:
        entries = getattr(message, name)
        if len(entries) > at_most:
            violations.add(path + name, f"has {len(entries)} entries, at most {at_most} is allowed")
            return
        for index, entry in enumerate(entries):
            for rule in rules:
                rule(entry, f"{path}{name}[{index}].", violations)

    return check


def validate(validators: Mapping[type[Message], Validator], request: Message) -> None:
    """Raise InvalidArgument when the validator of the request's type finds anything.

    Before that, for times that are none: no validator has to expect them.
    """
    if wrong := wrong_times(request):
        raise InvalidArgument(wrong[:MAX_VIOLATIONS])
    found = validators.get(type(request))
    if found is not None:
        violations = Violations()
        found(request, violations)
        violations.raise_if_any()
