"""Joins answers with what was shown: which rows of the learning log follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace

from services.ranker.domain.answers import (
    ANSWERING,
    CREDITED,
    DAY_US,
    Answer,
    Decision,
    Look,
    Outcome,
    Parked,
    Place,
    Row,
    Shown,
    accepted_in_time,
    is_acceptance,
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the log holds of the persons, families and decisions that a batch is about."""

    decisions: Mapping[str, Decision] = field(default_factory=dict)
    rows: Sequence[Row] = ()
    sets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Person to all who are the same; absent: alone."""
    taught: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """Person and business day to showings that taught."""
    unclaimed: Sequence[Answer] = ()
    """Acceptances of the last day that no showing was known for."""


@dataclass(slots=True)
class Lesson:
    """What a batch adds to the log."""

    rows: list[Row] = field(default_factory=list)
    taught: dict[tuple[str, int], int] = field(default_factory=dict)
    """Added showings by person and business day."""
    waiting: list[Answer] = field(default_factory=list)
    """Those whose decision is not in the journal yet: it travels on another stream."""
    parked: list[tuple[Answer, Parked]] = field(default_factory=list)
    unclaimed: list[Answer] = field(default_factory=list)
    """Acceptances whose showing may still be told: an impression may come late."""
    claimed: list[Answer] = field(default_factory=list)
    """Those of earlier batches that met their showing now."""


class Teacher:
    """Takes decisions and answers in order and collects what they teach.

    Seen is a negative at once; taken up corrects it once; turned down lets it stand for good. What
    is accepted is credited to the showing that it names, else to the last one before it, over all
    channels and the whole set of persons. Nothing of one person counts more than
    `showings_per_day` times a business day: nobody can teach the model alone.
    """

    def __init__(self, known: Known, look: Look, showings_per_day: int) -> None:
        self.lesson = Lesson()
        self._known = known
        self._look = look
        self._showings_per_day = showings_per_day
        self._seen: dict[Place, Row] = {}
        self._final: set[Place] = set()
        self._unclaimed = list(known.unclaimed)
        self._fresh: set[str] = set()
        for row in known.rows:
            self._note(row)

    def decided(self, decision: Decision, seen_when_decided: Iterable[str]) -> None:
        """Take a decision: what was said by an agent or sent by mail counts as seen at once."""
        at_once = frozenset(seen_when_decided)
        for shown in decision.shown:
            if shown.placement in at_once:
                self._see(decision, shown, decision.time_us, decision.person_ids)

    def answered(self, answer: Answer) -> None:
        """Take an answer, of a person's answers in their order."""
        if answer.decision_id and answer.type in ANSWERING | CREDITED:
            self._answered_decision(answer)
        elif answer.type in CREDITED and answer.offer_no:
            self._credited(answer)

    def _answered_decision(self, answer: Answer) -> None:
        decision = self._known.decisions.get(answer.decision_id)
        if decision is None:
            self.lesson.waiting.append(answer)
            return
        named = self._named(decision, answer)
        if not named and answer.type == "purchase":
            self._credited(answer)  # the decision led to the shop, and something else was bought
        elif not named:
            self.lesson.parked.append((answer, Parked.NOT_SHOWN))
        for shown in named:
            self._answered_place(decision, shown, answer)

    def _named(self, decision: Decision, answer: Answer) -> list[Shown]:
        """Return what an answer is about: an opened mail shows all that stands in it."""
        here = [shown for shown in decision.shown if answer.placement in ("", shown.placement)]
        if not answer.offer_no:
            return here if answer.type == "email_open" else []
        exact = [shown for shown in here if shown.offer_no == answer.offer_no]
        if exact:
            return exact[:1]
        return [each for each in here if self._family(each.offer_no) == answer.family_no][:1]

    def _answered_place(self, decision: Decision, shown: Shown, answer: Answer) -> None:
        persons = decision.person_ids or (answer.person_id,)
        self._see(decision, shown, answer.time_us, persons)
        row = self._seen.get((decision.decision_id, shown.placement, shown.offer_no))
        if row is None:
            return
        # Who names what was shown answers after seeing it, whatever a device takes for the time.
        answered = replace(answer, time_us=max(answer.time_us, row.time_us))
        if answer.type == "decline":
            self._conclude(row, Outcome.DECLINED, answered.time_us)
        elif self._is_accepted(row, answered):
            self._conclude(row, Outcome.ACCEPTED, answered.time_us)
        elif answer.type == "purchase":
            self._credited(answer)  # too late for what it names; it may have been seen since

    def _credited(self, answer: Answer) -> None:
        """Credit the last showing of what was accepted."""
        persons = set(self._set_of(answer.person_id))
        showings = [
            row
            for row in self._seen.values()
            if row.family_no == answer.family_no
            and not persons.isdisjoint(row.person_ids)
            and self._is_accepted(row, answer)
        ]
        if showings:
            last = max(showings, key=lambda row: (row.time_us, row.place))
            self._conclude(last, Outcome.ACCEPTED, answer.time_us)
        elif answer.type == "accept":
            self.lesson.parked.append((answer, Parked.NOT_SHOWN))
        elif answer.type == "purchase":
            self._unclaimed.append(answer)
            self.lesson.unclaimed.append(answer)
            self._fresh.add(answer.event_id)

    def _see(self, decision: Decision, shown: Shown, time_us: int, persons: Sequence[str]) -> None:
        place = (decision.decision_id, shown.placement, shown.offer_no)
        if not shown.features or place in self._seen or not self._may_teach(persons, time_us):
            return
        family_no = self._family(shown.offer_no)
        row = Row(
            *place,
            Outcome.SHOWN,
            shown.features,
            max(time_us, decision.time_us),
            shown.selection_probability,
            family_no,
            tuple(persons),
        )
        self._add(row)
        self._claim(row)

    def _claim(self, row: Row) -> None:
        """Let an acceptance that came before its showing was told correct it."""
        for answer in self._unclaimed:
            is_theirs = not set(self._set_of(answer.person_id)).isdisjoint(row.person_ids)
            if is_theirs and answer.family_no == row.family_no and self._is_accepted(row, answer):
                self._conclude(row, Outcome.ACCEPTED, answer.time_us)
                self._unclaimed.remove(answer)
                self._forget_unclaimed(answer)
                return

    def _forget_unclaimed(self, answer: Answer) -> None:
        if answer.event_id in self._fresh:
            self.lesson.unclaimed.remove(answer)
        else:
            self.lesson.claimed.append(answer)

    def _is_accepted(self, row: Row, answer: Answer) -> bool:
        facts = self._look(row.offer_no)
        return is_acceptance(facts.kind, answer.type) and accepted_in_time(
            facts, row.time_us, answer.time_us
        )

    def _conclude(self, row: Row, outcome: Outcome, time_us: int) -> None:
        """Add what it came to in the end, once: whichever of the two was first stands."""
        if row.place in self._final:
            return
        self._add(
            Row(
                *row.place,
                outcome,
                row.features,
                time_us,
                row.selection_probability,
                row.family_no,
                row.person_ids,
            )
        )

    def _may_teach(self, persons: Sequence[str], time_us: int) -> bool:
        """Return whether another showing may teach, and count it if so."""
        if not persons:
            return True
        day, lesson = time_us // DAY_US, self.lesson
        everybody = {each for person in persons for each in self._set_of(person)}
        taught: MutableMapping[tuple[str, int], int] = lesson.taught
        counted = sum(
            self._known.taught.get((person, day), 0) + taught.get((person, day), 0)
            for person in everybody
        )
        if counted >= self._showings_per_day:
            return False
        key = (persons[0], day)
        taught[key] = taught.get(key, 0) + 1
        return True

    def _add(self, row: Row) -> None:
        self.lesson.rows.append(row)
        self._note(row)

    def _note(self, row: Row) -> None:
        if row.outcome is Outcome.SHOWN:
            self._seen[row.place] = row
        else:
            self._final.add(row.place)

    def _set_of(self, person_id: str) -> Sequence[str]:
        return self._known.sets.get(person_id, (person_id,))

    def _family(self, offer_no: int) -> int:
        return self._look(offer_no).family_no
