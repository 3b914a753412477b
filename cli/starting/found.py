"""What the data at hand says of a shop: channels, categories, orders and how often people come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from cli.console import CommandError
from cli.exporting.services import Services
from cli.importing import KINDS, BrokenFileError
from cli.importing.files import open_rows
from cli.importing.kind import CellError
from shared.money import to_micros
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

MAX_EVENTS = 300_000
"""Looked at; a shop shows itself in so many."""
_DAY_US = 86_400_000_000
_MICROS = 1_000_000
_SEPARATOR = " > "


@dataclass(slots=True)
class Found:
    """Counts over items and events."""

    items: int = 0
    events: int = 0
    categories: Counter[str] = field(default_factory=Counter)
    """Top-level categories, by items."""
    channels: Counter[str] = field(default_factory=Counter)
    """By events."""
    orders: dict[tuple[str, str], int] = field(default_factory=dict)
    """Person and order, to what was paid, millionths."""
    days: dict[str, set[int]] = field(default_factory=dict)
    """Days on which each person bought."""

    def item(self, category: str) -> None:
        self.items += 1
        if category:
            self.categories[category.partition(_SEPARATOR)[0].strip()] += 1

    def event(
        self, kind: str, channel: int, person: str, order_id: str, time_us: int, micros: int
    ) -> None:
        self.events += 1
        if channel:
            self.channels[Channel.Value.Name(channel)] += 1  # type: ignore[arg-type]
        if kind == "purchase":
            day = time_us // _DAY_US
            order = (person, order_id or str(day))
            self.orders[order] = self.orders.get(order, 0) + micros
            self.days.setdefault(person, set()).add(day)

    @property
    def usual_order(self) -> int:
        """The median order in whole units of the currency; 0: no order is known."""
        paid = [micros for micros in self.orders.values() if micros > 0]
        return round(median(paid) / _MICROS) if paid else 0

    @property
    def usual_pause(self) -> int:
        """Median days between two purchases of a person; 0: nobody bought twice."""
        pauses = [
            later - earlier
            for days in self.days.values()
            for earlier, later in zip(sorted(days), sorted(days)[1:], strict=False)
        ]
        return round(median(pauses)) if pauses else 0


def in_files(paths: Iterable[Path]) -> Found:
    """Look at files as `import` takes them, named after their kind; raises CommandError."""
    found = Found()
    for path in _listed(paths):
        kind = path.stem.split(".")[0]
        try:
            for message in _messages(path, kind):
                _add(found, kind, message)
        except BrokenFileError as error:
            raise CommandError(str(error)) from None
    return found


def in_home(services: Services) -> Found:
    """Look at the catalogue and the log of a running suite; raises CallError."""
    found = Found()
    for rows in services.catalogue():
        for row in rows:
            if row.kind == OfferKind.PRODUCT and not row.withdrawn:
                found.item(row.category)
    for part in services.events(0, (), personal=False):
        records = part.events
        columns = (
            records.types,
            records.channels,
            records.person_ids,
            records.order_ids,
            records.times_us,
            records.value_micros,
        )
        for cells in zip(*columns, strict=True):
            found.event(*cells)
        if found.events >= MAX_EVENTS:
            break
    return found


def _listed(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        known = [p for p in sorted(path.iterdir()) if p.is_file()] if path.is_dir() else [path]
        usable = [each for each in known if each.stem.split(".")[0] in ("items", "events")]
        if not usable:
            raise CommandError(
                f"{path}: name files after what they hold, such as items.csv and events.jsonl"
            )
        yield from usable


def _messages(path: Path, kind: str) -> Iterator[Any]:
    file = open_rows(path)
    columns = file.columns()
    problems = [] if columns is None else KINDS[kind].check_columns(columns)
    if problems:
        raise CommandError("\n".join(f"{path}: {problem}" for problem in problems))
    for number, (_, row) in enumerate(file.rows()):
        if number >= MAX_EVENTS:
            return
        if isinstance(row, dict):
            try:
                yield KINDS[kind].build(row)
            except CellError:
                continue  # `import` tells of it


def _add(found: Found, kind: str, message: Any) -> None:
    if kind == "items":
        found.item(message.category)
        return
    who = message.identities[0]
    amount = message.value.amount
    found.event(
        message.type,
        message.channel,
        f"{who.kind}:{who.value}",
        message.order_id,
        message.time.ToMicroseconds(),
        to_micros(amount) if amount else 0,
    )
