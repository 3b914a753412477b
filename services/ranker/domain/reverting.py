"""Taking what was learned in a span of time out of the model again, and putting it back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from services.ranker.domain.answers import Outcome, Place, Row
from services.ranker.domain.learning_log import NumberedRow
from shared.errors import FailedPrecondition, NotFound

CREDITING = frozenset({Outcome.ACCEPTED, Outcome.LATE})
MOST_ROWS: Final = 400_000
"""That one revert concerns: marking them takes some ten seconds, and erasing waits meanwhile."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which rows of the learning log are meant."""

    from_us: int
    """Business time of the outcome, from here on."""
    to_us: int
    """Up to here, and not including it."""
    offer_nos: Sequence[int] = ()
    """Only of these offers; empty: of all."""
    placement: str = ""
    """Only shown there; empty: anywhere."""
    channel: int = 0
    """Only on this channel; 0: on any."""

    def holds(self, row: Row) -> bool:
        """Return whether a row is meant."""
        return (
            self.from_us <= row.time_us < self.to_us
            and row.outcome is not Outcome.REVERTED
            and (not self.offer_nos or row.offer_no in self.offer_nos)
            and self.placement in ("", row.placement)
            and self.channel in (0, row.channel)
        )


@dataclass(frozen=True, slots=True)
class OfferRows:
    """How many rows of an offer are taken out or put back."""

    offer_no: int
    rows: int
    accepted: int
    """Of these, acceptances, late ones too."""


@dataclass(frozen=True, slots=True)
class Revert:
    """A span that was taken out of the model, or put back; itself a row of the log."""

    number: int
    """Of its row; replicas begin again when they come to it. 0: it was only asked about."""
    span: Span
    rows: int
    """How many were taken out that counted before, or put back that count again."""
    first_row: int
    """Number of the first row concerned; 0: there is none."""
    made_us: int
    undoes: int = 0
    """The number of the revert that it undoes; 0: none, it takes out."""
    offers: Sequence[OfferRows] = ()
    """Most rows first; only told when it is made or asked about."""


class Reverts(Protocol):
    """Marks rows of the learning log, in turn with who writes it."""

    async def preview(self, span: Span) -> Revert:
        """Return what reverting a span would take out."""

    async def revert(self, span: Span, now_us: int) -> Revert:
        """Take a span out; where nothing of it counts, nothing is written and its number is 0.

        Raises FailedPrecondition for more than `MOST_ROWS`.
        """

    async def undo(self, number: int, now_us: int) -> Revert:
        """Put back what a revert took out; raises NotFound, or FailedPrecondition when undone."""

    async def reverts(self) -> Sequence[Revert]:
        """Return all that were made, newest first."""

    async def reverted_rows(self) -> int:
        """Return how many rows are taken out at this moment."""


def rows_of(span: Span, rows: Sequence[NumberedRow]) -> list[NumberedRow]:
    """Return the rows meant, and those that correct one of them and would correct nothing else."""
    by_place: defaultdict[Place, list[NumberedRow]] = defaultdict(list)
    for each in rows:
        if each.row.decision_id:
            by_place[each.row.place].append(each)
    found = {}
    for each in rows:
        if span.holds(each.row):
            found[each.number] = each
            for other in by_place[each.row.place] if each.row.decision_id else ():
                if other.number > each.number and corrects(other.row.outcome, each.row.outcome):
                    found[other.number] = other
    return [found[number] for number in sorted(found)]


def corrects(outcome: Outcome, of: Outcome) -> bool:
    """Return whether a later row of a place means nothing without an earlier one."""
    return of is Outcome.SHOWN or (of in CREDITING and outcome is Outcome.RETURNED)


def refuse_too_many(rows: int) -> None:
    """Raise FailedPrecondition where marking so many rows would keep the log for too long."""
    if rows > MOST_ROWS:
        raise FailedPrecondition(
            f"{rows:,} rows are concerned, at most {MOST_ROWS:,} can be taken out at a time, as "
            "nothing is written meanwhile: take out a shorter span after the other",
            reason="TOO_MANY_ROWS",
        )


def by_offer(rows: Iterable[tuple[int, Outcome, int]]) -> list[OfferRows]:
    """Add up rows, given as offer, outcome and how many, by offer, most rows first."""
    totals: Counter[int] = Counter()
    accepted: Counter[int] = Counter()
    for offer_no, outcome, count in rows:
        totals[offer_no] += count
        accepted[offer_no] += count if outcome in CREDITING else 0
    found = [
        OfferRows(offer_no, count, accepted[offer_no])
        for offer_no, count in totals.items()
        if count
    ]
    return sorted(found, key=lambda each: (-each.rows, each.offer_no))


def revert_to_undo(number: int, every: Sequence[Revert]) -> Revert:
    """Return the revert of that number; raises NotFound, or FailedPrecondition when undone."""
    found = next((each for each in every if each.number == number and not each.undoes), None)
    if found is None:
        raise NotFound(f"there is no revert {number}: `touchpoint unlearn --list` shows them")
    if any(each.undoes == number for each in every):
        raise FailedPrecondition(f"revert {number} is undone already", reason="UNDONE")
    return found


def is_base(number: int, reverts: Collection[Revert]) -> bool:
    """Return whether a model made after that row holds nothing that was reverted later on."""
    return not any(each.first_row <= number < each.number for each in reverts)
