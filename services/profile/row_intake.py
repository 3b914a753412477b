"""Takes events of a file in as columns: what is plain all at once, the rest one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import repeat

from services.profile.domain.applying import AT_ONCE
from services.profile.domain.event import NO_DETAILS, Event, Topic
from services.profile.domain.identity import Identity
from services.profile.domain.making import maker
from services.profile.domain.placing import Rejection
from services.profile.domain.ports import Arrival
from services.profile.domain.referrals import REFER
from services.profile.fields import (
    LONGEST_ID,
    MistakenError,
    check_texts,
)
from services.profile.intake import (
    ABOUT_OFFERS,
    INVALID,
    Intake,
    Taken,
    strongest_first,
)
from services.profile.row_columns import (
    Columns,
    check_all,
    contents_of,
    event_of,
    filled,
    identities_of,
    once,
    places_of_foreign,
    places_of_more,
    said_of,
    values_of,
)
from touchpoint.profile.v1.transfer_pb2 import EventRows

_EVENT, _ARRIVAL = maker(Event), maker(Arrival)
_NO_OWNER = b""
"""A file speaks for all of its people as one caller."""
_ROWS_AT_ONCE = 1_000
"""Taken before requests get their turn: about 5 ms."""


class RowIntake:
    """Makes arrivals of columns; what is wrong with a row does not refuse the others."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def imported(self, rows: EventRows, caller: str, now_us: int) -> Taken:
        """Take rows whose columns are of equal length or left out."""
        columns = filled(rows)
        columns["identities"] = identities_of(rows)
        taken = Taken([], [])
        for first in range(0, len(rows.event_ids), _ROWS_AT_ONCE):
            part = {name: cells[first : first + _ROWS_AT_ONCE] for name, cells in columns.items()}
            try:
                taken.arrivals.extend(self._all(part, first, caller, now_us))
            except ValueError:
                await self._one_by_one(part, first, caller, now_us, taken)
            await asyncio.sleep(0)
        return taken

    def _all(self, columns: Columns, first: int, caller: str, now_us: int) -> list[Arrival]:
        """Return the arrivals of all rows; raises ValueError if anything is wrong with any."""
        check_all(columns, now_us)
        event_ids, marks = columns["event_ids"], self._intake.fingerprints
        events, privates = self._events(columns, now_us)
        prints = [
            marks(caller, name, said.encode())
            for name, said in zip(event_ids, contents_of(columns))
        ]
        keys, digests = zip(*prints)
        rows = zip(
            range(first, first + len(event_ids)),
            keys,
            digests,
            events,
            map(once(self._who, columns["identities"]), columns["identities"]),
            event_ids,
            repeat(caller),
            columns["decision_ids"],
            columns["placements"],
            privates,
            [self._referred(columns, place) for place in range(len(event_ids))]
            if REFER in columns["types"]
            else repeat(b""),
            repeat(_NO_OWNER),
        )
        return list(map(_ARRIVAL, rows))

    def _referred(self, columns: Columns, place: int) -> bytes:
        if columns["types"][place] != REFER:
            return b""
        return self._intake.referred(event_of(columns, place))

    def _who(self, identities: Sequence[tuple[str, str]]) -> tuple[Identity, ...]:
        if len(identities) == 1:
            return (self._intake.identity(*identities[0]),)
        return strongest_first([self._intake.identity(*each) for each in identities])

    def _events(self, columns: Columns, now_us: int) -> tuple[list[Event], list[str]]:
        """Return what counts of each event, and what is private of it."""
        kinds, items, offers = columns["types"], columns["item_ids"], columns["offer_ids"]
        subjects = [
            (offer or item) if kind in ABOUT_OFFERS else (item or offer)
            for kind, item, offer in zip(kinds, items, offers)
        ]
        stamps = list(map(self._intake.stamp, subjects))
        quantities = [quantity or 1.0 for quantity in columns["quantities"]]
        offer_nos, families, categories, brands, prices, costs, variants, sold_in = zip(*stamps)
        foreign = places_of_foreign(columns, sold_in, self._intake.exchanging.is_foreign)
        events = list(
            map(
                _EVENT,
                zip(
                    columns["times_us"],
                    kinds,
                    columns["channels"],
                    offer_nos,
                    families,
                    categories,
                    brands,
                    prices,
                    costs,
                    quantities,
                    values_of(kinds, columns["amounts"], prices, quantities),
                    columns["session_ids"],
                    columns["order_ids"],
                    repeat(False),
                    columns["durations_s"],
                    repeat(False),
                    variants,
                    repeat(Topic.NONE),
                    repeat(NO_DETAILS),
                ),
            )
        )
        privates = [""] * len(kinds)
        for place in sorted(foreign.union(places_of_more(columns))):
            said = said_of(columns, place)
            check_texts(said)
            events[place], privates[place] = self._intake.counted(
                event_of(columns, place), said, now_us
            )
        return events, privates

    async def _one_by_one(
        self, columns: Columns, first: int, caller: str, now_us: int, taken: Taken
    ) -> None:
        contents = contents_of(columns)
        for place, content in enumerate(contents):
            try:
                said = said_of(columns, place)
                if not 1 <= len(said.event_id) <= LONGEST_ID:
                    raise MistakenError(f"event_id: must have 1 to {LONGEST_ID} characters")
                check_texts(said)
                who = self._who(columns["identities"][place])
                event, private = self._intake.counted(event_of(columns, place), said, now_us)
                referred = self._referred(columns, place)
            except ValueError as error:
                taken.rejected.append(Rejection(first + place, INVALID, str(error)))
                continue
            prints = self._intake.fingerprints(caller, said.event_id, content.encode())
            of_event = (event, who, said.event_id, caller, said.decision_id, said.placement)
            rest = (private, referred, _NO_OWNER)
            taken.arrivals.append(_ARRIVAL((first + place, *prints, *of_event, *rest)))
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
