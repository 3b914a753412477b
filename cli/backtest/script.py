"""A person as a script has them: who they are, and what they do when."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from services.rules.definitions.yaml_nodes import compose
from services.scenario.domain.outcomes import OUTCOMES
from shared.clock import to_us
from shared.conditions.values import duration
from shared.money import to_micros
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.rules.v1.rules_pb2 import Problem

PERSON = "person"
STARTS = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""A Monday; whoever says nothing begins then, so that the same script is the same every time."""
TASK, RESTOCKED, WAIT = "task", "restocked", "wait"
"""Lines that are no events."""
_KEYS = ("person", "starts", "customer", "consents", "items", "events", "until")
_ITEM = ("item", "category", "brand", "price", "stock", "title")
_WORDS = ("item", "offer", "channel", "quantity", "value", "order", "session", "placement")
_MORE = ("page", "query", "decision", "duration")
_LINE = re.compile(r"\+(\S+)\s+([a-z][a-z0-9_]*)((?:\s.*)?)", re.DOTALL)
_MICROSECOND = timedelta(microseconds=1)
_WORD = re.compile(r'\s*(?:([a-z_]+)=("[^"]*"|\S+)|([a-z_]+)\s+("[^"]*"|\S+))')


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happens."""

    time_us: int
    text: str
    line: int
    column: int
    kind: str
    """A type of event, or `TASK`, `RESTOCKED`, `WAIT`."""
    event: Event | None = None
    says: str = ""
    """The outcome of a task, or the item that is back."""


@dataclass(slots=True)
class Script:
    """All of it."""

    path: str
    person_id: str = PERSON
    starts_us: int = to_us(STARTS)
    until_us: int = 0
    """0: a month after the last line."""
    attributes: dict[str, str] = field(default_factory=dict)
    consents: list[str] = field(default_factory=list)
    items: list[CatalogueRow] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    """Mistakes, all at once; with any of them nothing else counts."""


def read_script(text: str, path: str) -> Script:
    """Read a script; what is wrong with it is among its problems, with line and column."""
    return _Reading(path).read(text)


class _Reading:
    """One script being read."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.script = Script(path)

    def read(self, text: str) -> Script:
        try:
            root = compose(text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
            self._add(*place, error.problem or "is no YAML")
            return self.script
        if not isinstance(root, MappingNode):
            self._add(1, 1, "is no script: write `events:` with a list of lines")
            return self.script
        parts = self._mapping(root, _KEYS)
        self._begin(parts)
        self._who(parts)
        for node in self._list(parts.get("items")):
            self._item(node)
        for node in self._list(parts.get("events")):
            self._event(node)
        if "events" not in parts:
            self._at(root, "has no events: write `events:` with lines such as `+1h view item ID`")
        self._end(parts)
        self.script.lines.sort(key=lambda each: each.time_us)
        return self.script

    def _begin(self, parts: Mapping[str, Node]) -> None:
        node = parts.get("starts")
        if node is None:
            return
        try:
            moment = datetime.fromisoformat(self._text(node))
        except ValueError:
            self._at(node, "is no time: write 2026-03-02T09:00")
            return
        self.script.starts_us = to_us(moment if moment.tzinfo else moment.replace(tzinfo=UTC))

    def _who(self, parts: Mapping[str, Node]) -> None:
        if "person" in parts:
            self.script.person_id = self._text(parts["person"]) or PERSON
        customer = parts.get("customer")
        if isinstance(customer, MappingNode):
            for key, value in customer.value:
                self.script.attributes[self._text(key)] = self._text(value)
        elif customer is not None:
            self._at(customer, "must be attributes, such as {tier: gold}")
        self.script.consents = [self._text(each) for each in self._list(parts.get("consents"))]

    def _end(self, parts: Mapping[str, Node]) -> None:
        node = parts.get("until")
        if node is None:
            last_us = max((each.time_us for each in self.script.lines), default=0)
            month_us = 30 * 86_400_000_000
            self.script.until_us = max(last_us, self.script.starts_us) + month_us
            return
        after_us = self._after_us(self._text(node).removeprefix("+"), node, 0)
        self.script.until_us = self.script.starts_us + (after_us or 0)

    def _item(self, node: Node) -> None:
        if not isinstance(node, MappingNode):
            self._at(node, "is no item: write {item: ID, category: A > B, price: 99}")
            return
        parts = self._mapping(node, _ITEM)
        said = {name: self._text(each) for name, each in parts.items()}
        if not said.get("item"):
            self._at(node, "item is missing: its id")
            return
        number = len(self.script.items) + 1
        row = CatalogueRow(
            offer_no=number,
            offer_id=said["item"],
            kind=OfferKind.PRODUCT,
            family_no=number,
            title=said.get("title", said["item"]),
            category=said.get("category", ""),
            brand=said.get("brand", ""),
            cost_micros=-1,
            stock=-1,
            lever=1.0,
        )
        try:
            row.price_micros = to_micros(said.get("price", "0"))
        except ValueError as error:
            self._at(parts["price"], f"price {error}")
        try:
            row.stock = int(said.get("stock", "-1"))
        except ValueError:
            self._at(parts["stock"], "stock must be a whole number")
        self.script.items.append(row)

    def _event(self, node: Node) -> None:
        text = self._text(node)
        found = _LINE.fullmatch(text)
        if found is None:
            self._at(node, f"{text!r} is no line: write `+3d view item ID`, the time first")
            return
        after_us = self._after_us(found[1], node, 1)
        if after_us is None:
            return
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        kind, rest = found[2], found[3]
        time_us, event, says = self.script.starts_us + after_us, None, ""
        if kind in (TASK, RESTOCKED):
            says = rest.strip().removeprefix("item ").strip()
            if kind == TASK and says not in OUTCOMES:
                self._at(
                    node, f"{says!r} comes of no task: {_meant(says, OUTCOMES)}", found.start(3) + 1
                )
        elif kind != WAIT:
            event = Event(event_id=f"script-{line}-{column}", type=kind, channel=Channel.WEB)
            event.time.FromMicroseconds(time_us)
            self._words(event, rest, node, found.start(3))
        self.script.lines.append(Line(time_us, f"{kind}{rest}", line, column, kind, event, says))

    def _words(self, event: Event, rest: str, node: Node, offset: int) -> None:
        at = 0
        while rest[at:].strip():
            found = _WORD.match(rest, at)
            if found is None:
                self._at(node, f"{rest[at:].strip()!r} is nothing said of an event", offset + at)
                return
            place = offset + found.start() + len(found[0]) - len(found[0].lstrip())
            if found[1]:
                event.attributes.update({found[1]: found[2].strip('"')})
            else:
                self._word(event, found[3], found[4].strip('"'), node, place)
            at = found.end()

    def _word(self, event: Event, name: str, said: str, node: Node, place: int) -> None:
        try:
            match name:
                case "item" | "offer" | "order" | "session" | "decision":
                    setattr(event, f"{name}_id", said)
                case "placement" | "page" | "query":
                    setattr(event, name, said)
                case "channel":
                    event.channel = Channel.Value.Value(said.upper())
                case "quantity":
                    event.quantity = float(said)
                case "duration":
                    event.duration_s = duration(said).total_seconds()
                case "value":
                    to_micros(said)
                    event.value.amount = said
                case _:
                    words = (*_WORDS, *_MORE)
                    self._at(node, f"{name} is not known: {_meant(name, words)}", place)
        except ValueError:
            self._at(node, f"{said!r} is no {name}", place)

    def _after_us(self, text: str, node: Node, offset: int) -> int | None:
        if text == "0":
            return 0
        try:
            return duration(text) // _MICROSECOND
        except ValueError as error:
            self._at(node, str(error), offset)
            return None

    def _mapping(self, node: MappingNode, known: Sequence[str]) -> dict[str, Node]:
        parts = {}
        for key, value in node.value:
            name = self._text(key)
            if name not in known:
                self._at(key, f"{name} is not known: {_meant(name, known)}")
            parts[name] = value
        return parts

    def _list(self, node: Node | None) -> Iterator[Node]:
        if node is None:
            return
        if not isinstance(node, SequenceNode):
            self._at(node, "must be a list")
            return
        yield from node.value

    def _text(self, node: Node) -> str:
        if not isinstance(node, ScalarNode):
            self._at(node, "must be a text")
            return ""
        return str(node.value)

    def _at(self, node: Node, message: str, offset: int = 0) -> None:
        """Note a mistake at a place in a text; of one that is quoted or folded at its beginning."""
        mark = node.start_mark
        is_plain = isinstance(node, ScalarNode) and not node.style
        self._add(mark.line + 1, mark.column + 1 + (offset if is_plain else 0), message)

    def _add(self, line: int, column: int, message: str) -> None:
        problem = Problem(path=self._path, line=line, column=column, message=message)
        self.script.problems.append(problem)


def _meant(said: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(said, known)
    return f"do you mean {close[0]}?" if close else f"there are {', '.join(known)}"
