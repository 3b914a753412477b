"""Who is like a seed and not of it, with what the seed buys and they do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.audience.deeds import NONE, PURCHASE, Deeds
from services.retrieval.domain.audience.likeness import likeness

FEWEST = 5
"""In the seed, of whom anything is known: one is held back of each five."""
_TELLING_SHARE = 0.1
"""Of the seed, who must buy a category before somebody lacks it."""
_MOST_LOOKED_AT = 256
"""Categories, those that most of the seed buy."""


class TooFewError(Exception):
    """Of too few of the seed, or of nobody else, anything is known; the sentence says so."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which look-alikes."""

    limit: int
    """At most so many."""
    with_seed: bool = False
    """Members of the seed too, judged by what is learned from the others."""
    least_weeks: float = 0.0
    """Of acquaintance."""
    lacks: int = 5
    """Categories told of each, at most."""


@dataclass(frozen=True, slots=True)
class Lookalikes:
    """Who is like the seed, most alike first."""

    persons: NDArray[np.int64]
    """Place in `Deeds.person_ids`."""
    scores: NDArray[np.float64]
    """0 to 1: how likely somebody would be of the seed, were it as many as all others."""
    weeks: NDArray[np.float64]
    """Of acquaintance."""
    are_members: NDArray[np.bool_]
    lacks: NDArray[np.int64]
    """(persons, `Wanted.lacks`) place in `Deeds.category_names`, what most of the seed buy first;
    `NONE` is padding."""
    seed_shares: NDArray[np.float64]
    """Of each category: the share of the seed that buys it."""
    other_shares: NDArray[np.float64]
    """Of each category: the share of all others who buy it."""
    seed_known: int
    """Members of the seed of whom anything is known."""
    people: int
    """Everybody of whom anything is known."""
    way: str
    """How they were judged."""
    separation: float
    """Chance that a member held back scores above one of the others, both seen for their first
    weeks alone; 0.5: by luck."""


def lookalikes(deeds: Deeds, in_seed: NDArray[np.bool_], wanted: Wanted) -> Lookalikes:
    """Judge everybody who did anything by what they do per week of acquaintance.

    Raises `TooFewError`.
    """
    known = np.bincount(deeds.persons, minlength=len(deeds.person_ids)) > 0
    members = in_seed & known
    _refuse_too_few(int(members.sum()), int(known.sum()))
    # Of whom nothing is known there is nothing to compare.
    numbers = np.flatnonzero(known)
    place = np.cumsum(known) - 1
    of_known = deeds.renumbered(tuple(deeds.person_ids[no] for no in numbers.tolist()), place)
    alike = likeness(of_known, members[numbers])
    counts = (wanted.with_seed | ~members[numbers]) & (alike.weeks >= wanted.least_weeks)
    order = np.argsort(-alike.scores, kind="stable")
    chosen = order[counts[order]][: wanted.limit]
    bought = _bought(of_known)
    seed_shares = _shares(bought, members[numbers], deeds)
    return Lookalikes(
        persons=numbers[chosen],
        scores=alike.scores[chosen],
        weeks=alike.weeks[chosen],
        are_members=members[numbers[chosen]],
        lacks=_lacks(bought, chosen, seed_shares, wanted.lacks),
        seed_shares=seed_shares,
        other_shares=_shares(bought, ~members[numbers], deeds),
        seed_known=int(members.sum()),
        people=len(numbers),
        way=alike.way,
        separation=alike.separation,
    )


def refuse_small_seed(members: int) -> None:
    """Raise `TooFewError` where the seed cannot be enough, whatever is known of its members."""
    if not members:
        raise TooFewError(
            "nobody is in the seed: a new segment has its members once everybody was looked at; a "
            "type of event must be spelt as in events and have happened in the time looked at"
        )
    if members < FEWEST:
        raise TooFewError(
            f"{members} in all are in the seed, and {FEWEST} are needed: name more people, or look "
            "at a longer time"
        )


@dataclass(frozen=True, slots=True)
class _Bought:
    """Who bought of which category, each pair once, ascending."""

    persons: NDArray[np.int64]
    categories: NDArray[np.int64]


def _refuse_too_few(members: int, people: int) -> None:
    if members < FEWEST:
        raise TooFewError(
            f"of {members} of the seed anything is known, and {FEWEST} are needed: name more "
            "people, or look at a longer time"
        )
    if members == people:
        raise TooFewError("everybody of whom anything is known is in the seed: name fewer people")


def _bought(deeds: Deeds) -> _Bought:
    bought = deeds.only(deeds.are(PURCHASE) & (deeds.categories != NONE))
    width = max(len(deeds.category_names), 1)
    pairs = np.unique(bought.persons.astype(np.int64) * width + bought.categories)
    return _Bought(pairs // width, pairs % width)


def _shares(bought: _Bought, which: NDArray[np.bool_], deeds: Deeds) -> NDArray[np.float64]:
    """Return which share of some people buys each category."""
    buyers = np.bincount(
        bought.categories[which[bought.persons]], minlength=len(deeds.category_names)
    )
    shares: NDArray[np.float64] = buyers / max(int(which.sum()), 1)
    return shares


def _lacks(
    bought: _Bought, chosen: NDArray[np.int64], shares: NDArray[np.float64], most: int
) -> NDArray[np.int64]:
    """Return what each of the chosen never bought that most of the seed do."""
    asked = np.argsort(-shares, kind="stable")[:_MOST_LOOKED_AT]
    asked = asked[shares[asked] >= _TELLING_SHARE]
    line = np.full(int(max(bought.persons.max(initial=0), chosen.max(initial=0))) + 1, NONE)
    line[chosen] = np.arange(len(chosen))
    column = np.full(len(shares), NONE)
    column[asked] = np.arange(len(asked))
    has = np.zeros((len(chosen), len(asked)), np.bool_)
    lines, columns = line[bought.persons], column[bought.categories]
    is_asked = (lines != NONE) & (columns != NONE)
    has[lines[is_asked], columns[is_asked]] = True
    found = np.full((len(chosen), most), NONE, np.int64)
    if len(asked) and most:
        first = np.argsort(has, axis=1, kind="stable")[:, :most]
        lacking = ~np.take_along_axis(has, first, axis=1)
        found[:, : first.shape[1]] = np.where(lacking, asked[first], NONE)
    return found
