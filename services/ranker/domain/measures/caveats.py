"""What results cannot say, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.ranker.domain.answers import DAY_US
from services.ranker.domain.experiments.comparing import FEWEST
from services.ranker.domain.experiments.shares import MISMATCH, mismatch_p_value
from services.ranker.domain.measures.measured import Measured
from services.ranker.domain.measures.persons import REPEAT_US, PersonMeasures

HOLDOUT, STATIC, PERSONALISED = 1, 2, 3
"""Arms, as in the contract."""
_NAMES = {HOLDOUT: "holdout", STATIC: "static arm", PERSONALISED: "personalised arm"}
_LATE_BY_US = DAY_US
_NOTICEABLE = 0.01


@dataclass(frozen=True, slots=True)
class Caveat:
    """Something that cannot be said, by a code and in words."""

    code: str
    text: str


def caveats_of(
    found: Measured, shares: Mapping[int, float], asked_since_us: int, unpriced: Sequence[str]
) -> list[Caveat]:
    """Return what cannot be said, the most important first.

    `shares` are those planned for each arm, `unpriced` the currencies without a rate.
    """
    return [
        *_of_arms(found, shares),
        *_of_money(found.persons, unpriced),
        *_of_time(found, asked_since_us),
        *_of_people(found),
    ]


def _of_arms(found: Measured, shares: Mapping[int, float]) -> Iterator[Caveat]:
    people = {arm: int(np.count_nonzero(found.persons.arm == arm)) for arm in _NAMES}
    if not people[HOLDOUT]:
        told = "Nobody is held out" if not shares[HOLDOUT] else "Nobody of the holdout has come"
        yield Caveat("NO_HOLDOUT", f"{told}: what all of it brings cannot be said.")
    if not people[STATIC]:
        told = "Nobody is in the static arm" if not shares[STATIC] else "Nobody of it has come"
        yield Caveat("NO_STATIC", f"{told}: what being personal brings cannot be said.")
    for arm, count in people.items():
        if 0 < count < FEWEST:
            yield Caveat(
                "FEW_PEOPLE",
                f"Only {count:,} customers are in the {_NAMES[arm]}; below {FEWEST} nothing is"
                " concluded of it.",
            )
    there = [arm for arm, share in shares.items() if share > 0.0 and len(found.persons)]
    if len(there) > 1:
        p_value = mismatch_p_value([people[arm] for arm in there], [shares[arm] for arm in there])
        if p_value < MISMATCH:
            yield Caveat(
                "ARMS_MISMATCH",
                "The arms do not have the people that they should by their shares"
                f" (p = {p_value:.1g}): something decides who is counted, so compare nothing until"
                " it is known what.",
            )
    if found.gathered.moved:
        yield Caveat(
            "ARMS_CHANGED",
            f"{found.gathered.moved:,} decisions were made in another arm than their customer is in"
            " now: the shares were changed, or people turned out to be one. They count in the arm"
            " that they are in now.",
        )


def _of_money(persons: PersonMeasures, unpriced: Sequence[str]) -> Iterator[Caveat]:
    sales, costless = (float(persons[name].sum()) for name in ("sales", "costless"))
    if sales > 0.0 and costless > _NOTICEABLE * sales:
        yield Caveat(
            "COST_UNKNOWN",
            f"Of {costless / sales:.0%} of what was paid the cost of the goods is not known; there"
            " contribution is sales.",
        )
    yield Caveat(
        "SERVICE_COST_UNKNOWN",
        "What serving costs (agents, mailings, shipping) is not known, and is not taken off.",
    )
    if unpriced:
        yield Caveat(
            "RATE_UNKNOWN",
            f"Amounts in {', '.join(unpriced)} count as nothing on days without a rate in"
            " currencies.yaml.",
        )


def _of_time(found: Measured, asked_since_us: int) -> Iterator[Caveat]:
    period, persons = found.gathered.period, found.persons
    if period.since_us - asked_since_us > _LATE_BY_US:
        yield Caveat(
            "SHORTER_THAN_ASKED",
            f"The journal's first decision is {period.days:.1f} days old: results begin there.",
        )
    if not persons["first_orders"].any():
        yield Caveat(
            "TOO_SHORT_FOR_REPEAT",
            f"No first order of the period is {REPEAT_US // DAY_US} days old: the repeat rate"
            " cannot be said. Ask for a longer period (--since 120d).",
        )
    if not persons["carts"].any() and persons["visits"].any():
        yield Caveat("NO_CARTS", "No cart is a day old: abandonment cannot be said.")


def _of_people(found: Measured) -> Iterator[Caveat]:
    if not found.persons["ratings"].any():
        yield Caveat("NO_RATINGS", "No survey gave a rating: satisfaction cannot be said.")
    if found.gathered.for_nobody:
        yield Caveat(
            "FOR_NOBODY",
            f"{found.gathered.for_nobody:,} decisions were for people nobody knows; they are in no"
            " measure.",
        )
    yield Caveat(
        "ONE_LOOK",
        "Intervals hold for one look at a time that was set before, over days that move on: whoever"
        " looks daily and stops when it pleases is often wrong. To look daily there is"
        " `touchpoint report experiment holdout`.",
    )
    yield Caveat(
        "MANY_MEASURES",
        "Of so many measures one in twenty differs by chance alone: decide by the first, and look"
        " at the others.",
    )
