"""Writes the chosen tables: drafts first, all of them published at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cli.exporting import rows
from cli.exporting.ledger import Ledger
from cli.exporting.money import Money
from cli.exporting.parquet import Draft, by_day, decimal
from cli.exporting.services import Services
from cli.exporting.table import Table, Type, Values
from cli.exporting.tables import (
    ANSWERS,
    ASSIGNMENTS,
    CONTACTS,
    DECISIONS,
    EVENTS,
    IMPRESSIONS,
    ITEMS,
    LINKS,
    OFFERS,
    PERSONS,
    PROFILES,
    RATES,
    SEGMENTS,
    TABLES,
)
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.rules.v1.rules_service_pb2 import StreamContactsResponse, StreamDecisionsResponse

SHARING = "sharing"
"""The purpose to which somebody must have agreed for their rows to leave the house."""
OF_PROFILES = {table.name for table in (PROFILES, PERSONS, LINKS, SEGMENTS, ASSIGNMENTS)}
_TYPES: Mapping[str, Sequence[str]] = {
    EVENTS.name: (),
    IMPRESSIONS.name: ("impression",),
    ANSWERS.name: (
        *("click", "accept", "decline", "ignore"),
        *("survey_answer", "email_open", "email_click"),
    ),
}
_OF_MONEY = {EVENTS.name, RATES.name}
_NAMED_BY = ("person_id", "profile_id")

Tell = Callable[[str, int], None]
"""Told the table and how many of its rows there are so far."""
Slice = tuple[int, Values]
"""The position after some rows, and the rows."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to."""

    number: int
    rows: Mapping[str, int]
    customers: int
    """Whose rows are in it."""
    left_out: int
    """Customers who did not agree to sharing."""


@dataclass(slots=True)
class Exporter:
    """One export of some tables into a folder."""

    services: Services
    ledger: Ledger
    tables: Collection[str]
    tell: Tell
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _drafts: dict[str, Draft] = field(default_factory=dict)
    _watermarks: dict[str, int] = field(default_factory=dict)
    _agreed: set[bytes] = field(default_factory=set)
    _customers: int = 0
    _left_out: int = 0

    def run(self) -> Exported:
        """Export and publish; raises CallError or CommandError, and then nothing is published."""
        for name in self.tables:
            self._drafts[name] = Draft(
                TABLES[name], self.ledger.draft_folder, self.ledger.number + 1
            )
        if not self.ledger.in_house or not OF_PROFILES.isdisjoint(self.tables):
            self._profiles()
        money = None if _OF_MONEY.isdisjoint(self.tables) else self.services.money()
        for name in _TYPES.keys() & self.tables:
            self._log(TABLES[name], self._events(name, money))
        if money is not None:
            self._add(RATES, money.rates())
        if not {DECISIONS.name, CONTACTS.name}.isdisjoint(self.tables):
            self._of_rules(self.services.offer_ids())
        if not {ITEMS.name, OFFERS.name}.isdisjoint(self.tables):
            self._catalogue(self.services.offer_ids())
        day = self.now.date().isoformat()
        self.ledger.publish(list(self._drafts.values()), self._watermarks, day)
        counted = {name: draft.rows for name, draft in self._drafts.items()}
        return Exported(self.ledger.number, counted, self._customers, self._left_out)

    def _profiles(self) -> None:
        """Write what is known of persons, and note who agreed to sharing.

        A set comes with its oldest person, so before all others of it.
        """
        bundle_hash, plan = self.services.sharing_out()
        plan = plan.at(int(self.now.timestamp() * 1e6))
        arm_plan, personal = plan.arm_plan, self.ledger.in_house
        for response in self.services.profiles(personal=personal, arm_plan=arm_plan):
            taken = [each for each in response.profiles if self._takes(each)]
            self._add(PROFILES, map(rows.profile, taken))
            self._add(SEGMENTS, [row for each in taken for row in rows.segments(each)])
            self._add(ASSIGNMENTS, [rows.assignment(each, bundle_hash, plan) for each in taken])
            self._add(PERSONS, map(rows.person, response.persons))
            self._add(LINKS, map(rows.link, response.links))

    def _takes(self, snapshot: PersonSnapshot) -> bool:
        agreed = self.ledger.in_house or (
            SHARING in snapshot.consents and SHARING not in snapshot.refusals
        )
        if agreed:
            self._customers += 1
            self._agreed.update(UUID(person_id).bytes for person_id in snapshot.person_ids)
        else:
            self._left_out += 1
        return agreed

    def _events(self, name: str, money: Money | None) -> Iterator[Slice]:
        position = self.ledger.watermarks.get(name, 0)
        slices = self.services.events(position, _TYPES[name], personal=self.ledger.in_house)
        for response in slices:
            yield response.position, rows.events(response.events, money)

    def _of_rules(self, offer_ids: Mapping[int, str]) -> None:
        marks = self.ledger.watermarks
        if DECISIONS.name in self.tables:
            decisions = self.services.decisions(marks.get(DECISIONS.name, 0))
            self._log(DECISIONS, (_decided(part, offer_ids) for part in decisions))
        if CONTACTS.name in self.tables:
            contacts = self.services.contacts(marks.get(CONTACTS.name, 0))
            self._log(CONTACTS, (_contacted(part, offer_ids) for part in contacts))

    def _catalogue(self, offer_ids: Mapping[int, str]) -> None:
        for batch in self.services.catalogue():
            items = [row for row in batch if row.kind == OfferKind.PRODUCT]
            others = [row for row in batch if row.kind != OfferKind.PRODUCT]
            self._add(ITEMS, [rows.item(row, offer_ids) for row in items])
            self._add(OFFERS, [rows.offer(row, offer_ids) for row in others])

    def _log(self, table: Table, slices: Iterator[Slice]) -> None:
        """Write the slices of a log under the days of its rows."""
        draft = self._drafts[table.name]
        self._watermarks[table.name] = self.ledger.watermarks.get(table.name, 0)
        for position, values in slices:
            self._watermarks[table.name] = position
            kept = self._kept(values)
            if not kept:
                continue
            times = values[table.day]
            for day, places in by_day([times[place] for place in kept]).items():
                picked = [kept[place] for place in places]
                draft.add(day, _picked(table, values, picked), len(picked))
            self.tell(table.name, draft.rows)

    def _add(self, table: Table, found: Any) -> None:
        """Write rows of a table that is written anew, under the day of the export."""
        if table.name not in self.tables:
            return
        values = rows.columns(list(found))
        kept = self._kept(values)
        if kept:
            draft = self._drafts[table.name]
            draft.add(self.now.date().isoformat(), _picked(table, values, kept), len(kept))
            self.tell(table.name, draft.rows)

    def _kept(self, values: Values) -> list[int]:
        """Return the places of rows that may be in it: of nobody, or of somebody who agreed."""
        count = len(next(iter(values.values()))) if values else 0
        named = next((name for name in _NAMED_BY if name in values), None)
        if self.ledger.in_house or named is None:
            return list(range(count))
        agreed = self._agreed
        return [
            place
            for place, person_id in enumerate(values[named])
            if person_id and UUID(person_id).bytes in agreed
        ]


def _decided(part: StreamDecisionsResponse, offer_ids: Mapping[int, str]) -> Slice:
    found = [row for notice in part.decisions for row in rows.decision(notice, offer_ids)]
    return part.position, rows.columns(found)


def _contacted(part: StreamContactsResponse, offer_ids: Mapping[int, str]) -> Slice:
    return part.position, rows.columns([rows.contact(each, offer_ids) for each in part.contacts])


def _picked(table: Table, values: Values, places: Sequence[int]) -> Values:
    """Return the cells of some rows as they are written."""
    found: dict[str, list[Any]] = {}
    for column in table.columns:
        cells = values[column.name]
        picked = [cells[place] for place in places]
        if column.type is Type.MONEY:
            picked = [None if cell is None else decimal(cell) for cell in picked]
        elif column.type is Type.JSON:
            picked = [
                cell if cell is None or type(cell) is str else rows.to_json(cell) for cell in picked
            ]
        found[column.name] = picked
    return found
