"""The journal and the learning log kept in memory, for tests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from services.ranker.domain.answers import (
    Answer,
    Decision,
    Look,
    Outcome,
    Parked,
    Row,
    TeachingTerms,
)
from services.ranker.domain.encoding import without_characteristics
from services.ranker.domain.journal import JournalEntry
from services.ranker.domain.learning_log import LogState, NumberedRow, ParkedCount
from services.ranker.domain.lesson import Known, Lesson
from services.ranker.domain.reverting import (
    Revert,
    Span,
    by_offer,
    refuse_too_many,
    revert_to_undo,
    rows_of,
)
from services.ranker.domain.teaching import Teacher


class InMemoryJournal:
    """A `Journal` that forgets with its process."""

    def __init__(self) -> None:
        self._entries: dict[str, JournalEntry] = {}
        self._erased: set[str] = set()

    async def append(self, entries: Sequence[JournalEntry]) -> None:
        for entry in entries:
            if self._erased.isdisjoint(entry.person_ids):
                self._entries.setdefault(entry.decision_id, entry)

    async def newest(
        self, person_ids: Sequence[str], since_us: int, limit: int
    ) -> list[JournalEntry]:
        wanted = set(person_ids)
        found = [
            entry
            for entry in self._entries.values()
            if entry.time_us >= since_us and (not wanted or wanted & set(entry.person_ids))
        ]
        found.sort(key=lambda entry: (entry.time_us, entry.decision_id), reverse=True)
        return found[:limit]

    async def of(self, decision_id: str) -> JournalEntry | None:
        return self._entries.get(decision_id)

    async def erase(self, person_ids: Sequence[str]) -> int:
        wanted = set(person_ids)
        self._erased |= wanted
        return self._delete(lambda entry: bool(wanted & set(entry.person_ids)))

    async def export(self, person_ids: Sequence[str]) -> AsyncIterator[tuple[str, list[str]]]:
        wanted = set(person_ids)
        entries = [each for each in self._entries.values() if wanted & set(each.person_ids)]
        if entries:
            facts = [{"decision_id": each.decision_id, "time_us": each.time_us} for each in entries]
            yield "decisions", list(map(json.dumps, facts))

    async def forget_before(self, time_us: int) -> int:
        return self._delete(lambda entry: entry.time_us < time_us)

    def _delete(self, doomed: Callable[[JournalEntry], bool]) -> int:
        kept = {key: entry for key, entry in self._entries.items() if not doomed(entry)}
        deleted = len(self._entries) - len(kept)
        self._entries = kept
        return deleted


class InMemoryLearningLog:
    """A `LearningLog` with the decisions and persons that it is written from."""

    def __init__(self, look: Look, terms: TeachingTerms) -> None:
        self._look = look
        self._terms = terms
        self._rows: list[NumberedRow] = []
        self._decisions: dict[str, Decision] = {}
        self.sets: dict[str, tuple[int, tuple[str, ...]]] = {}
        """Person to version and the whole set."""
        self._taught: Counter[tuple[str, int]] = Counter()
        self._accepted: Counter[tuple[str, int]] = Counter()
        self._waiting: dict[tuple[str, str], Answer] = {}
        self._unclaimed: dict[tuple[str, str], Answer] = {}
        self._parked: dict[tuple[str, str], tuple[Answer, Parked, int]] = {}
        self._erased: set[str] = set()
        self._reverts: list[Revert] = []

    async def rows_after(self, number: int, limit: int) -> list[NumberedRow]:
        return self._rows[number : number + limit]

    async def last_by(self, time_us: int) -> int:
        return max((each.number for each in self._rows if each.row.time_us <= time_us), default=0)

    async def answers_to(self, decision_ids: Sequence[str]) -> list[NumberedRow]:
        asked = frozenset(decision_ids)
        return [
            each
            for each in self._rows
            if each.row.decision_id in asked and each.row.outcome is not Outcome.SHOWN
        ]

    async def written(self) -> int:
        return len(self._rows)

    async def state(self) -> LogState:
        outcomes = Counter(each.row.outcome for each in self._rows)
        return LogState(
            len(self._rows),
            {outcome: outcomes[outcome] for outcome in Outcome},
            [count for reason in Parked for count in self._counted(reason)],
        )

    async def decided(
        self, decisions: Sequence[tuple[Decision, frozenset[str]]], now_us: int
    ) -> None:
        """Take decisions, each with the placements where it is seen at once."""
        teachable = []
        for decision, seen in decisions:
            is_new = decision.decision_id not in self._decisions
            if is_new and self._erased.isdisjoint(decision.person_ids):
                self._decisions[decision.decision_id] = decision
                teachable.append((decision, seen))
        teacher = self._teacher()
        for decision, seen in teachable:
            teacher.decided(decision, seen)
        for answer in self._came_early({each.decision_id for each, _ in teachable}):
            teacher.answered(answer)
        self._write(teacher.lesson, now_us)

    async def answered(self, answers: Sequence[Answer], now_us: int) -> None:
        """Take answers, of each person in their order."""
        teacher = self._teacher()
        for answer in answers:
            if answer.person_id not in self._erased:
                teacher.answered(answer)
        self._write(teacher.lesson, now_us)

    async def note_set(
        self, person_id: str, person_ids: Sequence[str], version: int, now_us: int
    ) -> None:
        """Keep who is the same person, but nothing of who was erased."""
        if not self._erased.isdisjoint((person_id, *person_ids)):
            return
        if self.sets.get(person_id, (-1, ()))[0] < version:
            self.sets[person_id] = version, tuple(person_ids)
            await self.answered(self._take_unclaimed(person_ids), now_us)

    async def park_late(self, now_us: int, patience_s: float) -> None:
        """Put aside all that wait: in memory nobody waits any longer than a test does."""
        for key, answer in self._waiting.items():
            self._parked[key] = answer, Parked.NO_DECISION, now_us
        self._waiting.clear()

    async def preview(self, span: Span) -> Revert:
        """Return what reverting a span would take out."""
        return self._revert(0, span, rows_of(span, self._rows), 0)

    async def revert(self, span: Span, now_us: int) -> Revert:
        """Take a span out."""
        number = len(self._rows) + 1
        concerned = rows_of(span, self._rows)
        refuse_too_many(len(concerned))
        made = self._revert(number, span, concerned, now_us)
        if not made.rows:
            return replace(made, number=0)
        for each in concerned:
            self._mark(each, (*each.row.reverted_by, number))
        return self._begin_again(made)

    async def undo(self, number: int, now_us: int) -> Revert:
        """Put back what a revert took out."""
        undone = revert_to_undo(number, self._reverts)
        marked = [each for each in self._rows if number in each.row.reverted_by]
        for each in marked:
            self._mark(each, tuple(by for by in each.row.reverted_by if by != number))
        put_back = [self._rows[each.number - 1] for each in marked]
        made = self._revert(len(self._rows) + 1, undone.span, put_back, now_us)
        return self._begin_again(replace(made, undoes=number))

    async def reverts(self) -> list[Revert]:
        """Return all that were made, newest first."""
        return list(self._reverts)

    async def reverted_rows(self) -> int:
        """Return how many rows are taken out."""
        return sum(bool(each.row.reverted_by) for each in self._rows)

    def known_reverts(self) -> Sequence[Revert]:
        """Return the same at once, for who keeps snapshots beside."""
        return self._reverts

    def _revert(
        self, number: int, span: Span, marked: Sequence[NumberedRow], now_us: int
    ) -> Revert:
        counted = [each.row for each in marked if not each.row.reverted_by]
        first_row = min((each.number for each in marked), default=0)
        offers = by_offer((row.offer_no, row.outcome, 1) for row in counted)
        return Revert(number, span, len(counted), first_row, now_us, offers=offers)

    def _mark(self, marked: NumberedRow, reverted_by: tuple[int, ...]) -> None:
        row = replace(marked.row, reverted_by=reverted_by)
        self._rows[marked.number - 1] = NumberedRow(marked.number, row)

    def _begin_again(self, made: Revert) -> Revert:
        row = Row("", "", 0, Outcome.REVERTED, b"", made.made_us, 1.0, 0, ())
        self._rows.append(NumberedRow(made.number, row))
        self._reverts.insert(0, made)
        return made

    async def erase(self, person_ids: Sequence[str]) -> None:
        """Let nothing lead to persons any more."""
        gone = set(person_ids)
        self._erased |= gone
        self._rows = [
            NumberedRow(each.number, _unlinked(each.row))
            if gone & set(each.row.person_ids)
            else each
            for each in self._rows
        ]
        self.sets = {
            person_id: held
            for person_id, held in self.sets.items()
            if gone.isdisjoint((person_id, *held[1]))
        }
        for kept in (self._waiting, self._unclaimed, self._parked):
            for key in [key for key in kept if key[0] in gone]:
                kept.pop(key)
        self._decisions = {
            key: each for key, each in self._decisions.items() if gone.isdisjoint(each.person_ids)
        }

    def _teacher(self) -> Teacher:
        known = Known(
            self._decisions,
            [each.row for each in self._rows if each.row.decision_id],
            {person: persons for person, (_, persons) in self.sets.items()},
            self._taught,
            self._accepted,
            list(self._unclaimed.values()),
        )
        return Teacher(known, self._look, self._terms)

    def _take_unclaimed(self, person_ids: Sequence[str]) -> list[Answer]:
        """Take out what may be theirs now that they are known for one person."""
        again = [answer for key, answer in self._unclaimed.items() if key[0] in person_ids]
        again += [
            answer
            for key, (answer, reason, _) in self._parked.items()
            if reason is Parked.FOREIGN_DECISION and key[0] in person_ids
        ]
        for answer in again:
            self._unclaimed.pop(_key(answer), None)
            self._parked.pop(_key(answer), None)
        return sorted(again, key=lambda answer: (answer.time_us, answer.event_id))

    def _came_early(self, decision_ids: set[str]) -> list[Answer]:
        early = [each for each in self._waiting.values() if each.decision_id in decision_ids]
        early += [
            answer
            for answer, reason, _ in self._parked.values()
            if reason is Parked.NO_DECISION and answer.decision_id in decision_ids
        ]
        for answer in early:
            self._waiting.pop(_key(answer), None)
            self._parked.pop(_key(answer), None)
        return sorted(early, key=lambda answer: (answer.time_us, answer.event_id))

    def extend(self, rows: Sequence[Row]) -> None:
        """Append rows that nobody was told of before."""
        for row in rows:
            self._rows.append(NumberedRow(len(self._rows) + 1, row))

    def _write(self, lesson: Lesson, now_us: int) -> None:
        for row in lesson.rows:
            self._rows.append(NumberedRow(len(self._rows) + 1, row))
        self._taught.update(lesson.taught)
        self._accepted.update(lesson.accepted)
        self._waiting.update((_key(answer), answer) for answer in lesson.waiting)
        for answer in lesson.claimed:
            self._unclaimed.pop(_key(answer), None)
        self._unclaimed.update((_key(answer), answer) for answer in lesson.unclaimed)
        for answer, reason in lesson.parked:
            self._parked.setdefault(_key(answer), (answer, reason, now_us))

    def _counted(self, reason: Parked) -> list[ParkedCount]:
        found = [
            (us, answer.event_id) for answer, why, us in self._parked.values() if why is reason
        ]
        if not found:
            return []
        latest_us, latest_event_id = max(found)
        return [ParkedCount(reason, len(found), latest_event_id, latest_us)]


def _unlinked(row: Row) -> Row:
    features = without_characteristics(row.features)
    unlinked = replace(row, decision_id="", person_ids=(), event_id="", features=features)
    return replace(unlinked, purchase=0, order_id="")


def _key(answer: Answer) -> tuple[str, str]:
    return answer.person_id, answer.event_id
