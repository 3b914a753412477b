"""The learning log as it is written in PostgreSQL; writers take turns at one row."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from services.ranker.domain.answers import (
    DAY_US,
    WRITTEN,
    Answer,
    Decision,
    Look,
    Row,
    TeachingTerms,
)
from services.ranker.domain.encoding import is_unreadable
from services.ranker.domain.learning_log import NumberedRow
from services.ranker.domain.lesson import Known, Lesson, PersonDay
from services.ranker.domain.teaching import Teacher
from services.ranker.storage.learning_log import read_row
from services.ranker.storage.notices import canonical_id, learning_notices, read_decision
from shared.bus import append
from shared.bus.follower import SLICE_S
from shared.postgres import Queries, Transaction
from shared.postgres import Row as Record

_SQL = Queries.beside(__file__, "learning.sql")
_WAITING, _UNCLAIMED = 0, 3
SeenAtOnce = Callable[[str], frozenset[str]]
"""Placements where what is decided by a bundle is seen at once."""
PersonSet = tuple[str, Sequence[str], int]
"""A person, all who are the same, and a version that rises with every change of them."""


class LearningWriter:
    """Writes the log within the transactions of the consumers."""

    def __init__(self, look: Look, terms: TeachingTerms) -> None:
        self._look = look
        self._terms = terms

    async def begin(self, transaction: Transaction) -> None:
        """Wait for the turn to write; first of all in a transaction, so that none waits round."""
        await lock_log(transaction)

    async def decided(
        self,
        transaction: Transaction,
        decisions: Sequence[tuple[Decision, frozenset[str]]],
        now_us: int,
    ) -> None:
        """Take decisions new in the journal, each with the placements where it is seen at once.

        Answers that came before their decision are taken now.
        """
        named = [decision.decision_id for decision, _ in decisions]
        waiting = [_read(row) for row in await transaction.fetch(_SQL.take_waiting, named)]
        at_once = [
            (decision, seen)
            for decision, seen in decisions
            if any(s.placement in seen or is_unreadable(s.features) for s in decision.shown)
        ]
        if not waiting and not at_once:
            return
        teacher = await self._teacher(transaction, [each for each, _ in at_once], waiting)
        for decision, seen in at_once:
            teacher.decided(decision, seen)
        for answer in sorted(waiting, key=lambda each: (each.time_us, each.event_id)):
            teacher.answered(answer)
        await self._write(transaction, teacher.lesson, now_us)

    async def answered(
        self, transaction: Transaction, answers: Sequence[Answer], now_us: int
    ) -> None:
        """Take answers, of each person in their order."""
        persons = list({answer.person_id for answer in answers})
        erased = {str(row["person_id"]) for row in await transaction.fetch(_SQL.erased_of, persons)}
        theirs = [answer for answer in answers if answer.person_id not in erased]
        if not theirs:
            return
        teacher = await self._teacher(transaction, [], theirs)
        slice_ends = time.monotonic() + SLICE_S
        for answer in theirs:
            teacher.answered(answer)
            if time.monotonic() >= slice_ends:
                await asyncio.sleep(0)
                slice_ends = time.monotonic() + SLICE_S
        await self._write(transaction, teacher.lesson, now_us)

    async def linked(
        self, transaction: Transaction, sets: Sequence[PersonSet], now_us: int
    ) -> None:
        """Take who is the same person, which also travels on a stream of its own.

        What they bought may be what another of them was shown, though nobody knew it yet.
        """
        await note_sets(transaction, sets)
        persons = {each for _, everybody, _ in sets if len(everybody) > 1 for each in everybody}
        if not persons:
            return
        bought = await transaction.fetch(_SQL.take_unclaimed, list(persons))
        if bought:
            answers = sorted(map(_read, bought), key=lambda each: (each.time_us, each.event_id))
            await self.answered(transaction, answers, now_us)

    async def _teacher(
        self, transaction: Transaction, decisions: Sequence[Decision], answers: Sequence[Answer]
    ) -> Teacher:
        every = [*await _named_by(transaction, answers), *decisions]
        persons = {answer.person_id for answer in answers}
        persons.update(person for each in every for person in each.person_ids)
        sets = {
            str(row["person_id"]): tuple(row["person_ids"])
            for row in await transaction.fetch(_SQL.sets_of, list(persons))
        }
        everybody = list(persons.union(*sets.values()))
        unclaimed = list(map(_read, await transaction.fetch(_SQL.unclaimed_of, everybody)))
        may_be_claimed = self._shown_by(every, unclaimed)
        rows = await _rows_about(transaction, every, sets, [*answers, *may_be_claimed])
        # An answer dated before its showing counts on the showing's day.
        moments: list[Decision | Answer | Row] = [*every, *answers, *rows, *unclaimed]
        taught, accepted = await _taught_to(transaction, everybody, moments)
        known = Known(
            {each.decision_id: each for each in every}, rows, sets, taught, accepted, unclaimed
        )
        return Teacher(known, self._look, self._terms)

    def _shown_by(self, decisions: Sequence[Decision], unclaimed: Sequence[Answer]) -> list[Answer]:
        """Return those that may be about what decisions showed, and is about to be told seen."""
        if not unclaimed:
            return []
        families = {self._look(shown.offer_no).family_no for d in decisions for shown in d.shown}
        return [answer for answer in unclaimed if answer.family_no in families]

    async def _write(self, transaction: Transaction, lesson: Lesson, now_us: int) -> None:
        if lesson.rows:
            await append_rows(transaction, lesson.rows)
        if lesson.taught or lesson.accepted:
            await transaction.execute(_SQL.count_taught, *_counted_columns(lesson))
        # First: what is claimed may be parked in turn, or be kept with what is left of it.
        if lesson.claimed:
            await transaction.execute(
                _SQL.drop_answers,
                [answer.person_id for answer in lesson.claimed],
                [answer.event_id for answer in lesson.claimed],
            )
        kept = [
            *((answer, _WAITING, 0) for answer in lesson.waiting),
            *((answer, _UNCLAIMED, 0) for answer in lesson.unclaimed),
            *((answer, reason.value, now_us) for answer, reason in lesson.parked),
        ]
        if kept:
            await transaction.execute(_SQL.keep_answers, *_kept_columns(kept))


async def note_sets(transaction: Transaction, sets: Iterable[PersonSet]) -> None:
    """Keep who is the same person.

    In turn with erasing, so that a set that is being told does not outlive who is in it.
    """
    await lock_log(transaction)
    rows = [(person_id, list(person_ids), version) for person_id, person_ids, version in sets]
    await transaction.executemany(_SQL.note_set, rows)


async def erase_links(transaction: Transaction, person_ids: Sequence[str]) -> int:
    """Let nothing in the log lead to persons any more; returns how many answers were deleted.

    What was learned of them stays: it holds numbers of features, and nobody's id.
    """
    persons = list(person_ids)
    await transaction.execute(_SQL.unlink_persons, persons)
    await transaction.execute(_SQL.erase_taught, persons)
    await transaction.execute(_SQL.erase_sets, persons)
    return int(await transaction.fetchval(_SQL.erase_kept, persons))


async def lock_log(transaction: Transaction, timeout_s: float | None = None) -> int:
    """Wait for the turn to write the log, and return the number of its last row."""
    return int(await transaction.fetchval(_SQL.lock_log, timeout_s=timeout_s))


async def _named_by(transaction: Transaction, answers: Sequence[Answer]) -> list[Decision]:
    """Return the decisions of the journal that answers name."""
    named = {canonical_id(answer.decision_id) for answer in answers} - {""}
    found = await transaction.fetch(_SQL.decisions_named, list(named))
    return [read_decision(row["notice"]) for row in found]


async def _rows_about(
    transaction: Transaction,
    decisions: Sequence[Decision],
    sets: Mapping[str, Sequence[str]],
    answers: Sequence[Answer],
) -> list[Row]:
    """Return the rows of decisions, and of what showed to persons what answers may accept.

    Most answers are about the decision that they name alone: then nothing else is looked for.
    """
    named = [decision.decision_id for decision in decisions]
    credited = [answer for answer in answers if answer.may_be_credited]
    if credited:
        families = {answer.family_no for answer in credited}
        families.update(answer.bought_family_no for answer in credited if answer.bought_family_no)
        persons = {
            each for answer in credited for each in sets.get(answer.person_id, (answer.person_id,))
        }
        rows = await transaction.fetch(_SQL.rows_about, named, list(persons), list(families))
    else:
        rows = await transaction.fetch(_SQL.rows_of, named)
    return [read_row(row).row for row in rows]


async def _taught_to(
    transaction: Transaction, persons: Sequence[str], moments: Iterable[Decision | Answer | Row]
) -> tuple[dict[PersonDay, int], dict[PersonDay, int]]:
    """Return how many showings, and acceptances, taught on the days of all these."""
    days = {moment.time_us // DAY_US for moment in moments}
    rows = await transaction.fetch(_SQL.taught_to, list(persons), list(days))
    counts = {(str(row["person_id"]), row["day"]): row for row in rows}
    return (
        {key: row["showings"] for key, row in counts.items()},
        {key: row["acceptances"] for key, row in counts.items()},
    )


async def append_rows(transaction: Transaction, rows: Sequence[Row]) -> None:
    """Append rows under the next numbers, and tell every replica of them."""
    last = await lock_log(transaction)
    numbered = [NumberedRow(last + place, row) for place, row in enumerate(rows, start=1)]
    await transaction.execute(
        _SQL.append_rows,
        [each.number for each in numbered],
        [row.decision_id or None for row in rows],
        [row.placement for row in rows],
        [row.offer_no for row in rows],
        [row.outcome.value for row in rows],
        [row.features for row in rows],
        [row.time_us for row in rows],
        [row.selection_probability for row in rows],
        [row.family_no for row in rows],
        [",".join(row.person_ids) for row in rows],
        [row.credit for row in rows],
        [row.quantity for row in rows],
        [row.event_id for row in rows],
        [row.channel for row in rows],
        [",".join(map(str, row.reverted_by)) for row in rows],
        [row.purchase for row in rows],
        [row.bought_family_no for row in rows],
        [row.order_id for row in rows],
    )
    counts = [sum(row.outcome is outcome for row in rows) for outcome in WRITTEN]
    await transaction.execute(_SQL.count_rows, len(rows), *counts)
    await append(transaction, learning_notices(numbered))


def _counted_columns(lesson: Lesson) -> tuple[list[object], ...]:
    taught, accepted = lesson.taught, lesson.accepted
    keys = list(taught.keys() | accepted.keys())
    return (
        [person_id for person_id, _ in keys],
        [day for _, day in keys],
        [taught.get(key, 0) for key in keys],
        [accepted.get(key, 0) for key in keys],
    )


def _kept_columns(kept: Sequence[tuple[Answer, int, int]]) -> tuple[list[object], ...]:
    answers = [answer for answer, _, _ in kept]
    return (
        [answer.person_id for answer in answers],
        [answer.event_id for answer in answers],
        [answer.type for answer in answers],
        [answer.time_us for answer in answers],
        [answer.offer_no for answer in answers],
        [answer.family_no for answer in answers],
        [answer.decision_id for answer in answers],
        [answer.placement for answer in answers],
        [state for _, state, _ in kept],
        [parked_us for _, _, parked_us in kept],
        [answer.quantity for answer in answers],
        [answer.order_id for answer in answers],
        [answer.bought_family_no for answer in answers],
    )


def _read(row: Record) -> Answer:
    return Answer(
        row["event_id"],
        row["person_id"],
        row["type"],
        row["time_us"],
        row["offer_no"],
        row["family_no"],
        row["decision_id"],
        row["placement"],
        row["quantity"],
        row["order_id"],
        row["bought_family_no"],
    )
