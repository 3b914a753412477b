"""A recorded decision made again by two bundles: what each shows, and why that differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum


class Cause(IntEnum):
    """What happened to an offer that comes or goes, by its number in the proto."""

    NOW_REMOVED = 1
    NO_LONGER_REMOVED = 2
    MOVES_UP = 3
    OUTRANKED = 4
    NOW_PROPOSED = 5
    NO_LONGER_PROPOSED = 6


class Skip(IntEnum):
    """Why a decision could not be made again, by its number in the proto."""

    PROFILE_HAD_NOT_ANSWERED = 1
    PLACEMENT_NOT_DEFINED = 2
    OFFER_GONE = 3
    UNREADABLE = 5


class Fidelity(Enum):
    """How a decision made again by the very definitions that made it agrees with what it showed."""

    AS_SHOWN = "the same offers in the same order"
    SAME_OFFERS = "the same offers in another order"
    OTHER = "other offers"


@dataclass(frozen=True, slots=True)
class Removal:
    """What removed an offer."""

    rule: str
    code: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What one bundle says of the offers on one placement."""

    removals: Mapping[int, Removal]
    """By offer number, those of the whole request included."""
    proposed: frozenset[int]
    """Whatever was there to be judged."""


@dataclass(frozen=True, slots=True)
class Showing:
    """What one placement shows."""

    offer_nos: tuple[int, ...] = ()
    """Best first."""
    acceptances: float = 0.0
    """Expected: the sum of the probabilities."""
    value: float = 0.0
    """Expected: the sum of the scores, in units of the currency."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an offer comes or goes."""

    offer_no: int
    cause: Cause
    removal: Removal | None = None
    """Of what is removed, or was."""


@dataclass(frozen=True, slots=True)
class PlacementReplay:
    """One placement by both bundles."""

    placement: str
    before: Showing
    after: Showing
    reasons: tuple[Reason, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether it would show something else, or in another order."""
        return self.before.offer_nos != self.after.offer_nos


@dataclass(frozen=True, slots=True)
class Replay:
    """One decision by both bundles."""

    decision_id: str
    person_ids: tuple[str, ...]
    decided_us: int
    channel: int
    person: str
    """`customer`, `visitor` or `nobody`."""
    segments: tuple[str, ...]
    weight: float
    """Decisions it stands for."""
    placements: tuple[PlacementReplay, ...]
    removed_before: Mapping[str, int]
    """Candidates by the rule that removes them."""
    removed_after: Mapping[str, int]
    fidelity: Fidelity | None = None
    """None: it was made by other definitions than those compared with, or was not ranked."""
    is_still_allowed: bool = True
    """The old bundle lets pass, now as well, all that was shown then."""
    is_ranked: bool = True
    """Else compared by eligibility alone."""

    @property
    def changes(self) -> bool:
        return any(each.changes for each in self.placements)


def fidelity_of(shown: Sequence[Sequence[int]], placements: Sequence[Showing]) -> Fidelity:
    """Compare what each placement showed with what it shows when the decision is made again."""
    again = [list(each.offer_nos) for each in placements]
    if again == [list(each) for each in shown]:
        return Fidelity.AS_SHOWN
    if [sorted(each) for each in again] == [sorted(each) for each in shown]:
        return Fidelity.SAME_OFFERS
    return Fidelity.OTHER


def reasons_of(
    before: Sequence[int], after: Sequence[int], old: Judged, new: Judged
) -> tuple[Reason, ...]:
    """Return why offers come and go: what rules have to do with first, then the others."""
    found = [_gone(no, new) for no in before if no not in after]
    found += [_come(no, old) for no in after if no not in before]
    return tuple(sorted(found, key=lambda each: each.removal is None))


def _gone(offer_no: int, new: Judged) -> Reason:
    removal = new.removals.get(offer_no)
    if removal is not None:
        return Reason(offer_no, Cause.NOW_REMOVED, removal)
    is_there = offer_no in new.proposed
    return Reason(offer_no, Cause.OUTRANKED if is_there else Cause.NO_LONGER_PROPOSED)


def _come(offer_no: int, old: Judged) -> Reason:
    removal = old.removals.get(offer_no)
    if removal is not None:
        return Reason(offer_no, Cause.NO_LONGER_REMOVED, removal)
    is_there = offer_no in old.proposed
    return Reason(offer_no, Cause.MOVES_UP if is_there else Cause.NOW_PROPOSED)


def left_of(shown: Sequence[int], old: Judged, new: Judged) -> Showing:
    """Return what eligibility leaves of a placement: less what only the new bundle removes."""
    gone = new.removals.keys() - old.removals.keys()
    return Showing(tuple(no for no in shown if no not in gone))


def with_defaults(
    pages: Sequence[Showing],
    defaults: Sequence[Sequence[int]],
    limits: Sequence[int],
    is_item: Iterable[int],
) -> list[Showing]:
    """Give every placement that would be empty its default offers, as the edge does.

    Per placement the defaults in their order and how many it shows; `is_item` are the defaults that
    are items, which no page shows twice.
    """
    shown = {no for page in pages for no in page.offer_nos}
    items = frozenset(is_item)
    filled = []
    for page, wanted, limit in zip(pages, defaults, limits, strict=True):
        if not page.offer_nos:
            fresh = [no for no in wanted if no not in shown]
            fresh = fresh or [no for no in wanted if no not in items]
            page = Showing(tuple(fresh[:limit]))
            shown.update(page.offer_nos)
        filled.append(page)
    return filled
