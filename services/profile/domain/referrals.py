"""Who referred whom, and what those are worth who came by it: a link, and never a merge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

REFER = "refer"
MAX_CHAIN = 64
"""Of persons who referred one another; a cycle is no longer than the longest chain looked at."""


class Referral(NamedTuple):
    """One word of a referral, with where both ends belong by now."""

    person_id: str
    """Under whom it was said."""
    group_id: str
    """The set of that person."""
    time_us: int
    referred: str
    """The set of whom they referred; of somebody not known yet, the pseudonym."""
    contribution_micros: int
    """Of the referred, over 12 months; 0 while they are not known."""


class Referred(NamedTuple):
    """What the referrals of a person add up to."""

    persons: int = 0
    contribution_micros: int = 0
    """Of those persons, over 12 months."""


NOBODY = Referred()


def add(one: Referred, other: Referred) -> Referred:
    """Return what two persons of a set referred: each referred person counts for one of them."""
    return Referred(
        one.persons + other.persons, one.contribution_micros + other.contribution_micros
    )


def standing(said: Iterable[Referral]) -> list[Referral]:
    """Return the referrals that count, whatever order they came in.

    Nobody refers themselves. Who was referred several times was referred by the first. Who was
    referred by somebody, directly or through others, does not refer them in turn: of a cycle the
    last word does not count.
    """
    first: dict[str, Referral] = {}
    for each in said:
        known = first.get(each.referred)
        if each.referred != each.group_id and (known is None or _order(each) < _order(known)):
            first[each.referred] = each
    return [each for each in first.values() if not _closes_cycle(each, first)]


def referred_by_person(said: Sequence[Referral]) -> dict[str, Referred]:
    """Return what each person's referrals add up to, of those persons who have any that count."""
    found: dict[str, Referred] = {}
    for each in standing(said):
        more = Referred(1, each.contribution_micros)
        found[each.person_id] = add(found.get(each.person_id, NOBODY), more)
    return found


def _order(referral: Referral) -> tuple[int, str]:
    return referral.time_us, referral.person_id


def _closes_cycle(referral: Referral, first: Mapping[str, Referral]) -> bool:
    """Say whether the referrer had been referred by the referred, by words said before this."""
    above = referral.group_id
    for _ in range(MAX_CHAIN):
        if above == referral.referred:
            return True
        step = first.get(above)
        if step is None or _order(step) >= _order(referral):
            return False
        above = step.group_id
    return False
