"""Lays a sample out as a table of counts: a row for each person, a column for each cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.profile.domain.event import SEPARATOR
from services.profile.domain.personas.cells import parse_range
from services.profile.domain.personas.mixture import Observations
from services.profile.domain.personas.sample import ATTRIBUTE, BRANDS, CATEGORIES, Counts, Sample

OTHERS = ""
"""The label of what got no cell of its own."""
_MAX_CATEGORIES = 150
_MAX_BRANDS = 100
_MAX_WORDS = 30
_RANGES = 5
_LEAST_PEOPLE = 5
"""Who share a value: fewer tell of nobody's kind, and might be recognised."""
_LEAST_TOLD = 0.05
"""Share of people of whom an attribute is known: below it, it is left out."""


@dataclass(frozen=True, slots=True)
class Family:
    """The columns of one family."""

    name: str
    labels: tuple[str, ...]
    columns: slice


@dataclass(frozen=True, slots=True)
class Table:
    """A sample ready to be learned from."""

    observed: Observations
    families: tuple[Family, ...]


def lay_out(sample: Sample) -> Table:
    """Return the table of a sample, rare things put together."""
    families: list[Family] = []
    blocks: list[NDArray[np.float64]] = []
    begin = 0
    for name, counts in sample.families.items():
        labels = _labels(name, counts, sample.people)
        names = tuple(dict.fromkeys(labels))
        if len(names) < 2:
            continue
        places = {label: place for place, label in enumerate(names)}
        things = np.array([places[label] for label in labels], np.int64)[counts.things]
        block = np.zeros((sample.people, len(names)))
        np.add.at(block, (counts.people, things), counts.counts)
        blocks.append(block)
        families.append(Family(name, names, slice(begin, begin + len(names))))
        begin += len(names)
    counts_of_all = np.hstack(blocks) if blocks else np.zeros((sample.people, 0))
    columns = tuple(family.columns for family in families)
    return Table(Observations(counts_of_all, columns), tuple(families))


def _labels(name: str, counts: Counts, people: int) -> Sequence[str]:
    """Return for each word of a family the label of its column."""
    holders = np.bincount(counts.things, minlength=len(counts.words))
    if name == CATEGORIES:
        return _rolled_up(counts.words, holders)
    if name == BRANDS:
        return _commonest(counts.words, holders, _MAX_BRANDS)
    if name.startswith(ATTRIBUTE):
        if len(counts.people) < max(_LEAST_PEOPLE, _LEAST_TOLD * people):
            return [OTHERS] * len(counts.words)
        ranges = _ranges(counts)
        if ranges is not None:
            return ranges
    return _commonest(counts.words, holders, _MAX_WORDS)


def _rolled_up(paths: Sequence[str], holders: NDArray[np.int64]) -> Sequence[str]:
    """Cut the paths at the depth that leaves few enough of them, then keep the commonest."""
    labels, depth = list(paths), max(path.count(SEPARATOR) for path in paths) + 1
    while len(set(labels)) > _MAX_CATEGORIES and depth > 1:
        depth -= 1
        labels = [SEPARATOR.join(path.split(SEPARATOR)[:depth]) for path in paths]
    return _commonest(labels, holders, _MAX_CATEGORIES)


def _commonest(words: Sequence[str], holders: NDArray[np.int64], at_most: int) -> Sequence[str]:
    counts: Counter[str] = Counter()
    for word, held in zip(words, holders.tolist(), strict=True):
        counts[word] += held
    kept = {word for word, held in counts.most_common(at_most) if held >= _LEAST_PEOPLE}
    return [word if word in kept else OTHERS for word in words]


def _ranges(counts: Counts) -> Sequence[str] | None:
    """Return ranges of about as many people each, where nearly everybody's value is a number."""
    numbers = np.array([_number(word) for word in counts.words])
    if len(set(numbers)) <= 2 * _RANGES or not np.isfinite(numbers).all():
        return None
    values = numbers[counts.things]
    inner = np.unique(np.quantile(values, np.linspace(0, 1, _RANGES + 1)[1:-1]).round())
    begins = [values.min(), *inner[inner > values.min()]]
    ends = [*(begin - 1 for begin in begins[1:]), values.max()]
    names = [f"{begin:.0f}-{end:.0f}" for begin, end in zip(begins, ends, strict=True)]
    return [names[int(np.searchsorted(begins, number, side="right")) - 1] for number in numbers]


def _number(word: str) -> float:
    """Return a whole number; no other text is one, because ranges of them are named by `a-b`."""
    found = parse_range(word)
    return found.begin if found is not None and word.isdecimal() else np.nan
