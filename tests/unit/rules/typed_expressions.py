"""Makes typed conditions over every field that there is, and data for them; quick, by a seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
from google.protobuf.descriptor import FieldDescriptor

from services.rules.conditions.variables import COLUMN_VARIABLES, MESSAGES
from services.rules.domain.values import Maps, Words

PARAMETERS = {"rest": timedelta(days=30), "least": 1000, "share": 0.7, "flag": True, "who": "a"}
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXTS = ("", "a", "b", "PRODUCT", "A > B", "é", "aa", "\u0000")
INTS = (0, 1, -1, 3, 7, 2**63 - 1, -(2**63), 2**62, -(2**31), 1_000_000)
DOUBLES = (0.0, -0.0, 1.0, -1.0, 0.5, 30.0, 1e308, -1e308, 5e-324, 1e-3, 2.0**53)
KEYS = ("k", "other", "a", "")
_MAPS = ("item.attributes", "offer.attributes")

_KINDS = {
    FieldDescriptor.CPPTYPE_BOOL: "bool",
    FieldDescriptor.CPPTYPE_INT64: "int",
    FieldDescriptor.CPPTYPE_DOUBLE: "double",
    FieldDescriptor.CPPTYPE_STRING: "text",
    FieldDescriptor.CPPTYPE_MESSAGE: "time",
}


def _kind(field: Any) -> str:
    if not field.is_repeated:
        return _KINDS[field.cpp_type]
    if field.message_type is None:
        return f"{_KINDS[field.cpp_type]}s"
    return f"map of {_KINDS[field.message_type.fields_by_name['value'].cpp_type]}"


FIELDS: dict[str, list[str]] = defaultdict(list)
"""Fields by their kind."""
for _variable, _message in MESSAGES.items():
    for _field in _message.DESCRIPTOR.fields:
        FIELDS[_kind(_field)].append(f"{_variable}.{_field.name}")

_OF_CANDIDATES = {
    kind: [name for name in names if name.split(".")[0] in COLUMN_VARIABLES]
    for kind, names in FIELDS.items()
}


class Expressions:
    """A source of conditions; the same for the same seed."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def condition(self) -> str:
        return self._bool(self._random.choice((1, 2, 2, 3)), ())

    def _one(self, choices: Sequence[str]) -> str:
        return self._random.choice(choices)

    def _field(self, kind: str) -> str:
        """Return a field, three times of four one that differs between candidates."""
        own = _OF_CANDIDATES[kind]
        return self._one(own if own and self._random.random() < 0.75 else FIELDS[kind])

    def _any(self, *made: Callable[[int, tuple[str, ...]], str]) -> Any:
        return self._random.choice(made)

    def _int(self, depth: int, local: tuple[str, ...]) -> str:
        if not depth:
            literal = str(self._random.choice(INTS))
            return self._one([self._field("int"), self._field("int"), literal, "params.least"])
        depth -= 1
        one = self._int(depth, local)
        return self._one(
            [
                f"({one} {self._one('+-*/%')} {self._int(depth, local)})",
                f"({one} {self._one('+-*/%')} {self._int(depth, local)})",
                f"(-{self._field('int')})",
                f"int({one})",
                f"{self._text(depth, local)}.size()",
                f"size({self._text(depth, local)})",
                f"size({self._sized()})",
                f"{self._sized()}.size()",
                f"({self._bool(depth, local)} ? {one} : {self._int(depth, local)})",
            ]
        )

    def _double(self, depth: int, local: tuple[str, ...]) -> str:
        if not depth:
            literal = repr(self._random.choice(DOUBLES))
            own = self._field("double")
            return self._one([own, own, literal, "params.share", "days(params.rest)"])
        depth -= 1
        one = self._double(depth, local)
        return self._one(
            [
                f"({one} {self._one('+-*/')} {self._double(depth, local)})",
                f"({one} {self._one('+-*/')} {self._double(depth, local)})",
                f"(-{self._field('double')})",
                f"double({self._int(depth, local)})",
                f"double({one})",
                f"{self._one(FIELDS['map of double'])}[{self._text(0, local)}]",
                f"({self._bool(depth, local)} ? {one} : {self._double(depth, local)})",
            ]
        )

    def _text(self, depth: int, local: tuple[str, ...]) -> str:
        if not depth:
            literal = _literal(self._random.choice(TEXTS))
            own = self._field("text")
            maps = f"{self._field('map of text')}{self._one(['.k', '.other'])}"
            return self._one([own, own, literal, "params.who", maps, *local, *local])
        depth -= 1
        one = self._text(depth, local)
        return self._one(
            [
                f"({one} + {self._text(depth, local)})",
                f"({self._bool(depth, local)} ? {one} : {self._text(depth, local)})",
                f"{self._field('map of text')}[{one}]",
                f"{self._one(_MAPS)}[{_literal(self._one(KEYS))}]",
                f"{self._one(FIELDS['texts'])}[{self._int(0, local)}]",
            ]
        )

    def _sized(self) -> str:
        kinds = ("map of text", "map of text", "texts", "map of double", "ints")
        return self._field(self._one(kinds))

    def _bool(self, depth: int, local: tuple[str, ...]) -> str:
        if not depth:
            return self._one([self._field("bool"), self._field("bool"), "true", "params.flag"])
        depth -= 1
        return self._any(
            self._joined,
            self._joined,
            self._compared,
            self._compared,
            self._tested,
            self._among,
            self._present,
            self._loop,
            self._odd,
        )(depth, local)

    def _joined(self, depth: int, local: tuple[str, ...]) -> str:
        one, other = self._bool(depth, local), self._bool(depth, local)
        third = self._bool(depth, local)
        sign = self._one(("&&", "||", "==", "!="))
        return self._one(
            [f"({one} {sign} {other})", f"!({one})", f"({one} ? {other} : {third})"]
            + [f"({one} {sign} {other})"] * 2
        )

    def _compared(self, depth: int, local: tuple[str, ...]) -> str:
        made = self._any(self._int, self._double, self._text)
        sign = self._one(("<", "<=", ">", ">=", "==", "!="))
        return f"({made(depth, local)} {sign} {made(depth, local)})"

    def _tested(self, depth: int, local: tuple[str, ...]) -> str:
        test = self._one(("startsWith", "endsWith", "contains"))
        return f"{self._text(depth, local)}.{test}({self._text(depth, local)})"

    def _among(self, depth: int, local: tuple[str, ...]) -> str:
        text, number = self._text(depth, local), self._int(depth, local)
        return self._one(
            [
                f"({text} in {self._field('texts')})",
                f"({text} in ['a', 'b', ''])",
                f"({text} in {self._field('map of text')})",
                f"({_literal(self._one(KEYS))} in {self._one(_MAPS)})",
                f"({number} in [1, 3, 7])",
                f"({number} in customer.hours)",
                f"({self._double(depth, local)} in [0.5, 1.0])",
                f"({self._bool(depth, local)} in [true])",
            ]
        )

    def _present(self, depth: int, local: tuple[str, ...]) -> str:
        kinds = [*FIELDS, "bool", "int", "double", "text", "map of text"]
        return f"has({self._one([self._field(self._one(kinds)), f'{self._one(_MAPS)}.k'])})"

    def _loop(self, depth: int, local: tuple[str, ...]) -> str:
        name = self._one([f"x{len(local)}"] * 6 + sorted(COLUMN_VARIABLES))
        ranges = self._one([*FIELDS["texts"], "request.attributes", "['a', 'b']", *_MAPS])
        made = self._any(self._tested, self._compared, self._joined, self._among)
        body = made(min(depth, 1), (*local, name))
        kind = self._one(("exists", "all", "exists", "all", "exists_one"))
        return f"{ranges}.{kind}({name}, {body})" if len(local) < 2 else "true"

    def _odd(self, depth: int, local: tuple[str, ...]) -> str:
        """Return what has no form over columns, or reads the time."""
        return self._one(
            [
                f"{self._text(depth, local)}.matches('a+|B')",
                "(now - session.last_time > duration('30m'))",
                "(session.last_time < now)",
                f"({self._one(_MAPS)} == request.attributes)",
                "(customer.segments == request.categories)",
                f"(string({self._int(depth, local)}) == {self._text(0, local)})",
                f"(size({FIELDS['texts'][0]}.filter(t, t != {self._text(0, ('t',))})) > 0)",
            ]
        )


class Data:
    """A source of columns and variables; the same for the same seed."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def columns(self) -> dict[str, Any]:
        """Return columns of 0 to 6 candidates."""
        size = self._random.choice((0, 1, 2, 4, 6))
        found: dict[str, Any] = {"size": size}
        for kind, names in _OF_CANDIDATES.items():
            for name in names:
                found[name] = self._column(kind, size)
        return found

    def _column(self, kind: str, size: int) -> Any:
        if kind == "text":
            return Words(
                np.array([self._random.randrange(len(TEXTS)) for _ in range(size)], int), TEXTS
            )
        values = [self._value(kind) for _ in range(size)]
        if kind.startswith("map"):
            return Maps(values)
        return np.array(values, {"bool": np.bool_, "int": np.int64, "double": np.float64}[kind])

    def variables(self) -> dict[str, Any]:
        """Return messages of all variables, and `now`."""
        given: dict[str, Any] = {"now": NOW}
        for variable, message in MESSAGES.items():
            values = {field.name: self._value(_kind(field)) for field in message.DESCRIPTOR.fields}
            given[variable] = message(**{name: v for name, v in values.items() if v is not None})
        return given

    def _value(self, kind: str) -> Any:
        choose, many = self._random.choice, range(self._random.choice((0, 0, 1, 3)))
        match kind:
            case "bool":
                return choose((True, False))
            case "int":
                return choose(INTS)
            case "double":
                return choose(DOUBLES)
            case "text":
                return choose(TEXTS)
            case "time":
                return choose((None, NOW, NOW - timedelta(minutes=45)))
            case "texts" | "ints":
                return [self._value(kind[:-1]) for _ in many]
            case _:
                return {choose(KEYS): self._value(kind.removeprefix("map of ")) for _ in many}


def _literal(text: str) -> str:
    return '"' + text.replace("\u0000", "\\x00") + '"'
