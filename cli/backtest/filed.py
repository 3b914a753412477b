"""Makes a past of a file of events, by the code that takes events in: nothing is written."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.backtest.gathering import Tell
from cli.backtest.past import Past, Persons
from cli.importing import KINDS
from cli.importing.bookmark import Bookmark
from cli.importing.files import open_rows
from cli.importing.report import Report, RowError
from cli.importing.row_file import Advance, BrokenFileError, RowFile
from cli.importing.slicing import Slice, Slicer
from services.profile.definitions import ProfileDefinitions
from services.profile.domain.identity import MAX_SET, Known
from services.profile.domain.placing import Join, Plan, place
from services.profile.domain.ports import Arrival
from services.profile.exchanging import Exchanging
from services.profile.intake import Intake
from services.profile.replaying_people import columns_of
from services.profile.row_intake import RowIntake
from services.profile.stamping import Stamper
from shared.catalogue import Catalogue
from touchpoint.profile.v1.profile_pb2 import HistoryColumns

_CALLER = "simulate"
_NO_KEY = bytes(32)
"""Pseudonyms are of use within the file alone, and are kept nowhere."""
_REGION_SETTING, _REGION = "TOUCHPOINT_PHONE_REGION", "US"
_EVENTS = KINDS["events"]
_ANOTHER = "an earlier row has this event_id with other content"


@dataclass(frozen=True, slots=True)
class FiledPast:
    """What a file tells of."""

    past: Past
    persons: Persons
    report: Report
    """How many rows there are, and what is wrong with those that were left out."""


def past_of_file(
    path: Path,
    catalogue: Catalogue,
    definitions: ProfileDefinitions,
    now_us: int,
    tell: Tell,
) -> FiledPast:
    """Read a file as `touchpoint import events` does; raises BrokenFileError.

    Rows that profile would not take are left out, each with its number and the reason in the
    report. Who is one with whom is what the logins of the file say.
    """
    file = open_rows(path)
    _check(path, file)
    read = 0

    def advance(more: int) -> None:
        nonlocal read
        read += more
        tell(read, file.size)

    reading = _Reading(catalogue, definitions, now_us)
    slicer = Slicer(_EVENTS, file, reading.report, Bookmark())
    asyncio.run(reading.take(slicer, advance))
    persons = Persons(reading.people.sets())
    past = Past(persons, catalogue)
    for columns in reading.slices:
        past.add(columns)
    return FiledPast(past, persons, reading.report)


def _check(path: Path, file: RowFile) -> None:
    """Refuse a file that is broken, or lacks a column; raises BrokenFileError."""
    columns = file.columns()
    problems = [] if columns is None else _EVENTS.check_columns(columns)
    if problems:
        raise BrokenFileError("\n".join(f"{path}: {problem}" for problem in problems))
    file.check()


class _Reading:
    """Takes the rows of a file in."""

    def __init__(self, catalogue: Catalogue, definitions: ProfileDefinitions, now_us: int) -> None:
        self.report = Report()
        self.people = _People()
        self.slices: list[HistoryColumns] = []
        self._now_us = now_us
        self._seen: dict[bytes, bytes] = {}
        """Content of events, by what stands for their names."""
        intake = Intake(
            Stamper(catalogue),
            _NO_KEY,
            os.environ.get(_REGION_SETTING, _REGION),
            lambda: definitions.questions,
            Exchanging(catalogue, lambda: definitions.exchange),
        )
        self._intake = RowIntake(intake)

    async def take(self, slicer: Slicer, advance: Advance) -> None:
        for part in slicer.slices(advance):
            taken = await self._intake.imported(part.messages, _CALLER, self._now_us)
            for refused in taken.rejected:
                self._refuse(part, refused.place, refused.message)
            plan = self.people.place(self._new_of(part, taken.arrivals))
            for refused in plan.rejected:
                self._refuse(part, refused.place, refused.message)
            self.report.applied += len(plan.placed)
            rows = [(each.person_id, each.arrival) for each in plan.placed]
            self.slices.append(columns_of((who, it.event, it.placement) for who, it in rows))

    def _new_of(self, part: Slice, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Return those that no row told of before."""
        found = []
        for arrival in sorted(arrivals, key=lambda each: each.place):
            known = self._seen.setdefault(arrival.key, arrival.digest)
            if known is arrival.digest:
                found.append(arrival)
            elif known == arrival.digest:
                self.report.duplicates += 1
            else:
                self._refuse(part, arrival.place, _ANOTHER)
        return found

    def _refuse(self, part: Slice, at: int, reason: str) -> None:
        self.report.refuse(RowError(part.rows[at], "", reason))


class _People:
    """Whose events are, as profile decides it; ids sort by who was seen first."""

    def __init__(self) -> None:
        self._known: dict[bytes, Known] = {}
        self._sets: dict[str, list[str]] = {}
        self._numbers = itertools.count(1)

    def place(self, arrivals: Sequence[Arrival]) -> Plan:
        """Return where each event goes, and remember who was seen."""
        plan = place(arrivals, self._known, may_link=True, new_id=self._new_id)
        for seen in plan.new_identities:
            known = Known(seen.person_id, seen.person_id, 1, False, seen.verified)
            self._known[seen.identity.key] = known
        for placed in plan.placed:
            for join in placed.joins:
                self._join(join)
        return plan

    def sets(self) -> Sequence[Sequence[str]]:
        """Return the persons of each set of several, oldest first."""
        by_oldest: Mapping[str, list[str]] = {each[0]: each for each in self._sets.values()}
        return list(by_oldest.values())

    def _join(self, join: Join) -> None:
        one = self._sets.get(join.person_id) or [join.person_id]
        other = self._sets.get(join.other_person_id) or [join.other_person_id]
        if one[0] == other[0]:
            return
        if len(one) + len(other) > MAX_SET:
            shared = self._known[join.weaker_key]._replace(shared=True)
            self._known[join.weaker_key] = shared
            return
        joined = sorted(one + other)
        self._sets.update(dict.fromkeys(joined, joined))

    def _new_id(self) -> str:
        return f"person-{next(self._numbers):012d}"
