"""Joins answers with what was shown: which rows of the learning log follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.ranker.domain.answers import (
    ANSWERING,
    CREDITED,
    PURCHASE,
    RETURN,
    Answer,
    Decision,
    Look,
    Outcome,
    Parked,
    Place,
    Row,
    Shown,
    TeachingTerms,
    is_acceptance,
)
from services.ranker.domain.encoding import is_unreadable
from services.ranker.domain.lesson import DailyLimit, Known, Lesson
from services.ranker.domain.returning import Credits, brought

DECISION = "decision"
"""Type under which what cannot be read of a decision itself is put aside."""
NOBODY = "00000000-0000-0000-0000-000000000000"


class Teacher:
    """Takes decisions and answers in order and collects what they teach.

    Seen is a negative at once; taken up corrects it once; turned down lets it stand for good. What
    is accepted is credited to the showing that it names, else to the last one before it, over all
    channels and the whole set of persons. Nobody teaches alone: nothing of one person counts more
    often than the terms say, and an answer to what was shown to somebody else counts for nothing.
    """

    def __init__(self, known: Known, look: Look, terms: TeachingTerms) -> None:
        self.lesson = Lesson()
        self._known = known
        self._look = look
        self._terms = terms
        self._showings = DailyLimit(
            terms.showings_per_day, known.taught, self.lesson.taught, known.sets
        )
        self._acceptances = DailyLimit(
            terms.acceptances_per_day, known.accepted, self.lesson.accepted, known.sets
        )
        self._seen: dict[Place, Row] = {}
        self._final: set[Place] = set()
        self._credits = Credits()
        self._unclaimed = list(known.unclaimed)
        self._fresh: set[str] = set()
        for row in known.rows:
            self._note(row)

    def decided(self, decision: Decision, seen_when_decided: Iterable[str]) -> None:
        """Take a decision: what was said by an agent or sent by mail counts as seen at once."""
        at_once = frozenset(seen_when_decided)
        for shown in decision.shown:
            if is_unreadable(shown.features):
                self._park_decision(decision, shown)
            elif shown.placement in at_once:
                self._see(decision, shown, decision.time_us, decision.person_ids)

    def answered(self, answer: Answer) -> None:
        """Take an answer, of a person's answers in their order."""
        if answer.type == RETURN:
            self._returned(answer)
        elif answer.decision_id and answer.type in ANSWERING | CREDITED:
            self._answered_decision(answer)
        elif answer.type in CREDITED and answer.offer_no:
            self._credited(answer)

    def _answered_decision(self, answer: Answer) -> None:
        decision = self._known.decisions.get(answer.decision_id)
        if decision is None:
            self.lesson.waiting.append(answer)
            return
        if decision.person_ids and not self._is_of(answer.person_id, decision.person_ids):
            self._park(answer, Parked.FOREIGN_DECISION)
            return
        named = self._named(decision, answer)
        if not named and answer.type == PURCHASE:
            self._credited(answer)  # the decision led to the shop, and something else was bought
        elif not named:
            self._park(answer, Parked.NOT_SHOWN)
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
        row = self._see(decision, shown, answer.time_us, persons)
        if row is None:
            if _is_readable(shown):
                self._park(answer, Parked.OVER_LIMIT)
            return
        # Who names what was shown answers after seeing it, whatever a device takes for the time.
        is_early = answer.time_us < row.time_us
        answered = replace(answer, time_us=row.time_us) if is_early else answer
        if answer.type == "decline":
            self._conclude(row, Outcome.DECLINED, answered)
        elif self._credit(row, answered) == 1.0:
            self._conclude(row, Outcome.ACCEPTED, answered)
        elif answer.type == PURCHASE:
            self._credited(answer)  # late for what it names; it may have been seen since

    def _credited(self, answer: Answer) -> None:
        """Credit the last showing of what was accepted."""
        showings = [
            row
            for row in self._seen.values()
            if row.family_no == answer.family_no
            and self._is_of(answer.person_id, row.person_ids)
            and self._credit(row, answer)
        ]
        if showings:
            self._accept(max(showings, key=lambda row: (row.time_us, row.place)), answer)
        elif answer.type == "accept":
            self._park(answer, Parked.NOT_SHOWN)
        elif answer.type == PURCHASE:
            self._keep_unclaimed(answer)

    def _accept(self, row: Row, answer: Answer) -> None:
        """Conclude that it was accepted, or late, as the time of the answer says."""
        credit = self._credit(row, answer)
        self._conclude(row, Outcome.ACCEPTED if credit == 1.0 else Outcome.LATE, answer, credit)

    def _returned(self, answer: Answer) -> None:
        """Take back what the purchases of it added; those not told of yet may follow."""
        theirs = [
            row
            for row in self._credits.by_buying(answer.family_no)
            if self._is_of(answer.person_id, row.person_ids)
        ]
        for row in self._credits.taken_back(theirs, answer):
            self._add(row)
        if self._credits.left_of(theirs, answer):
            self._keep_unclaimed(answer)

    def _see(
        self, decision: Decision, shown: Shown, time_us: int, persons: Sequence[str]
    ) -> Row | None:
        """Return the row of its having been seen, a new one the first time; None: may not teach."""
        place = (decision.decision_id, shown.placement, shown.offer_no)
        if place in self._seen:
            return self._seen[place]
        may_teach = _is_readable(shown) and (not persons or self._showings.takes(persons, time_us))
        if not may_teach:  # of nobody known any may
            return None
        row = Row(
            *place,
            Outcome.SHOWN,
            shown.features,
            max(time_us, decision.time_us),
            shown.selection_probability,
            self._family(shown.offer_no),
            tuple(persons),
            channel=decision.channel,
        )
        self._add(row)
        self._claim(row)
        return row

    def _claim(self, row: Row) -> None:
        """Let a purchase that came before its showing was told correct it."""
        for answer in self._unclaimed:
            is_theirs = self._is_of(answer.person_id, row.person_ids)
            if is_theirs and answer.family_no == row.family_no and self._credit(row, answer):
                self._forget_unclaimed(answer)
                self._accept(row, answer)
                return

    def _claim_return(self, row: Row) -> None:
        """Let what was brought back before its purchase was told take it back."""
        for each in self._credits.taken_back_before(row):
            self._add(each)
        for answer in [each for each in self._unclaimed if each.type == RETURN]:
            is_theirs = self._is_of(answer.person_id, row.person_ids)
            if is_theirs and answer.family_no == brought(row) and answer.time_us >= row.time_us:
                self._forget_unclaimed(answer)
                self._returned(answer)

    def _keep_unclaimed(self, answer: Answer) -> None:
        if answer in self._unclaimed:
            return
        self._unclaimed.append(answer)
        self.lesson.unclaimed.append(answer)
        self._fresh.add(answer.event_id)

    def _forget_unclaimed(self, answer: Answer) -> None:
        self._unclaimed.remove(answer)
        if answer.event_id in self._fresh:
            self.lesson.unclaimed.remove(answer)
        else:
            self.lesson.claimed.append(answer)

    def _credit(self, row: Row, answer: Answer) -> float:
        """Return what an answer counts for a showing; 0: it does not accept it."""
        facts = self._look(row.offer_no)
        if not is_acceptance(facts.kind, answer.type):
            return 0.0
        return self._terms.credit(facts, row.time_us, answer.time_us)

    def _conclude(self, row: Row, outcome: Outcome, answer: Answer, credit: float = 1.0) -> None:
        """Add what it came to in the end, once: whichever was first stands."""
        if row.place in self._final:
            return
        if outcome is not Outcome.DECLINED and not self._acceptances.takes(
            (answer.person_id,), answer.time_us
        ):
            self._park(answer, Parked.OVER_LIMIT)
            return
        final = replace(
            row,
            outcome=outcome,
            time_us=answer.time_us,
            credit=credit,
            quantity=answer.quantity,
            purchase=answer.purchase,
            bought_family_no=answer.bought_family_no,
            order_id=answer.order_id,
        )
        self._add(final)
        if outcome is not Outcome.DECLINED:
            self._claim_return(final)

    def _park(self, answer: Answer, reason: Parked) -> None:
        self.lesson.parked.append((answer, reason))

    def _park_decision(self, decision: Decision, shown: Shown) -> None:
        """Put aside what a decision says that the model saw; its answers teach nothing."""
        self._park(
            Answer(
                f"{decision.decision_id}/{shown.placement}/{shown.offer_no}",
                decision.person_ids[0] if decision.person_ids else NOBODY,
                DECISION,
                decision.time_us,
                shown.offer_no,
                self._family(shown.offer_no),
                decision.decision_id,
                shown.placement,
            ),
            Parked.BAD_FEATURES,
        )

    def _add(self, row: Row) -> None:
        self.lesson.rows.append(row)
        self._note(row)

    def _note(self, row: Row) -> None:
        if row.outcome is Outcome.SHOWN:
            self._seen[row.place] = row
            return
        if row.outcome is Outcome.NEWER:
            return
        self._final.add(row.place)
        self._credits.note(row)

    def _is_of(self, person_id: str, person_ids: Sequence[str]) -> bool:
        """Return whether one of these is that person, as far as either's set tells."""
        if not set(self._set_of(person_id)).isdisjoint(person_ids):
            return True
        return any(person_id in self._set_of(each) for each in person_ids)

    def _set_of(self, person_id: str) -> Sequence[str]:
        return self._known.sets.get(person_id, (person_id,))

    def _family(self, offer_no: int) -> int:
        return self._look(offer_no).family_no


def _is_readable(shown: Shown) -> bool:
    """Return whether anything can be learned of what was shown, here or by a newer version."""
    return bool(shown.features) and not is_unreadable(shown.features)
