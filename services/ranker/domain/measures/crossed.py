"""Splits measures by the channel where things were seen and the one where they were bought."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.experiments.samples import Sample, ratio_of
from services.ranker.domain.measures.channels import Over, Split
from services.ranker.domain.measures.following import Rows
from services.ranker.domain.measures.log import Wholes
from services.ranker.domain.measures.paths import CHANNELS, Paths, Units, parts_of


@dataclass(frozen=True, slots=True)
class OfChannels:
    """A measure of what was seen on one channel and bought on another; 0: nowhere."""

    seen: int
    bought: int
    part: float
    whole: float
    sample: Sample


def crossed(split: Split, paths: Paths) -> Iterator[OfChannels]:
    """Yield a measure of each pair of channels, by what it is divided by.

    A pair is told of that anything was counted of; what was seen and not bought is, in any case.
    """
    parts, wholes = paths.units[split.part](), paths.units[split.whole]()
    part_of, whole_of = _grouped(parts.pair), _grouped(_whole_keys(split.over, wholes))
    pairs = set(part_of)
    if split.over is Over.PAIR:
        pairs |= set(whole_of)
    elif split.over is Over.SEEN:
        pairs |= {seen * CHANNELS for seen in whole_of}
    for pair in sorted(pairs):
        part, whole = part_of.get(pair, _NONE), whole_of.get(_whole_key(split.over, pair), _NONE)
        above, below = _by_customer(parts, part, wholes, whole)
        above, below = above / parts_of(split.part), below / parts_of(split.whole)
        yield OfChannels(
            pair // CHANNELS,
            pair % CHANNELS,
            float(above.sum()),
            float(below.sum()),
            ratio_of(above, below),
        )


_NONE = np.zeros(0, np.intp)


def _whole_keys(over: Over, wholes: Units) -> Wholes:
    if over is Over.EVERYBODY:
        return np.zeros_like(wholes.pair)
    return wholes.pair // CHANNELS if over is Over.SEEN else wholes.pair


def _whole_key(over: Over, pair: int) -> int:
    if over is Over.EVERYBODY:
        return 0
    return pair // CHANNELS if over is Over.SEEN else pair


def _grouped(keys: Wholes) -> dict[int, Rows]:
    """Return the rows of each key."""
    order = np.argsort(keys, kind="stable")
    found, begins = np.unique(keys[order], return_index=True)
    return dict(zip(found.tolist(), np.split(order, begins[1:]), strict=False))


def _by_customer(
    parts: Units, part: Rows, wholes: Units, whole: Rows
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the totals of each customer who has any of some rows."""
    everybody = np.concatenate([parts.customer[part], wholes.customer[whole]])
    customers, at = np.unique(everybody, return_inverse=True)
    at, size = at.reshape(-1), len(customers)
    return (
        np.bincount(at[: len(part)], parts.amount[part], size),
        np.bincount(at[len(part) :], wholes.amount[whole], size),
    )
