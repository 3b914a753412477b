"""Finds how much what is farther off counts in visits, on the last days of the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.choosing import Choices, chosen_weights
from services.retrieval.domain.learning.history import DAY_US
from services.retrieval.domain.learning.next_look import (
    LEAST_SHARE,
    MOST_LOOKED_AT,
    NextLooks,
    Visitors,
)
from services.retrieval.domain.learning.session_model import SessionModel, SessionSetting
from services.retrieval.domain.learning.sessions import fresh, lately, session_model
from services.retrieval.domain.learning.visits import Visits

_SHARE = 0.15
_MOST_DAYS = 7.0
_FEWEST_PREFIXES = 100
_MOST_PREFIXES = 2_000
_MOST_CHOICES = 200
_DEPTH = 20
Change = Callable[[SessionSetting, float], SessionSetting]
_GRID: Sequence[tuple[Change, Sequence[float]]] = (
    (lambda setting, value: replace(setting, position_decay=value), (0.6, 0.4, 0.8)),
    (lambda setting, value: replace(setting, gap_decay=value), (0.78, 0.6, 0.9)),
    (lambda setting, value: replace(setting, fade_days=value), (365.0, 90.0, 30.0)),
)
"""One after the other; of equals the first stays."""
_LATELY_DAYS = (5.0, 2.0, 14.0, 45.0)
_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class _Prefix:
    """What a visit had looked at, and what it looked at next."""

    rows: NDArray[np.int64]
    """Each once, the newest first."""
    truth: int


@dataclass(frozen=True, slots=True)
class _Past:
    """What was known when the last visits began."""

    once: Visits
    """Each thing once a visit."""
    model: SessionModel
    now_us: int

    @classmethod
    def of(cls, visits: Visits) -> _Past:
        now_us = int(visits.times_us[-1]) + 1
        return cls(visits.distinct(), session_model(visits, SessionSetting(), now_us), now_us)

    def decayed(self, setting: SessionSetting) -> SessionModel:
        """Return the model with the decays of a setting."""
        return replace(
            self.model,
            fresh=fresh(self.once, setting, self.now_us),
            position_decay=setting.position_decay,
            gap_decay=setting.gap_decay,
        )


def tuned_sessions(
    visits: Visits, seed: int, on_share: Callable[[float], None] = lambda _: None
) -> SessionSetting:
    """Return the setting that foretells best what the last visits looked at next.

    Too few visits to tell leave what does well on most shops.
    """
    setting, first = SessionSetting(), _first_held_back(visits)
    prefixes = _prefixes(visits.between(first, len(visits)), seed) if first else []
    if len(prefixes) < _FEWEST_PREFIXES:
        return setting
    past = _Past.of(visits.between(0, first))
    score = cache(lambda tried: _reciprocal_rank(past.decayed(tried), prefixes))
    for done, (change, values) in enumerate(_GRID):
        on_share(0.3 + 0.5 * done / len(_GRID))
        tries = [change(setting, value) for value in values]
        setting = tries[int(np.argmax([score(each) for each in tries]))]
    on_share(0.8)
    looks = _looks(past.decayed(setting), prefixes)
    setting = replace(setting, session_share=_session_share(looks, prefixes))
    latelies = {days: lately(past.once, days, past.now_us) for days in _LATELY_DAYS}
    return _weighed(setting, looks, prefixes, latelies)


def _first_held_back(visits: Visits) -> int:
    """Return the first of the last 15% of the visits; of a busy shop those of a week are enough."""
    by_share = round((1.0 - _SHARE) * len(visits))
    if not 0 < by_share < len(visits):
        return 0
    begin_us = int(visits.times_us[-1] - _MOST_DAYS * DAY_US)
    by_days = max(int(visits.times_us.searchsorted(begin_us)), by_share)
    prefixes = int(visits.starts[-1] - visits.starts[by_days]) - (len(visits) - by_days)
    return by_days if prefixes >= _MOST_PREFIXES else by_share


def _prefixes(visits: Visits, seed: int) -> list[_Prefix]:
    """Return a sample of all that began, each with the click that came next."""
    nexts = np.arange(len(visits.rows))
    nexts = nexts[~np.isin(nexts, visits.starts)]
    if len(nexts) > _MOST_PREFIXES:
        nexts = np.random.default_rng(seed).choice(nexts, _MOST_PREFIXES, replace=False)
    begins = visits.starts[visits.starts.searchsorted(nexts, "right") - 1]
    found = []
    for begin, at in zip(begins.tolist(), nexts.tolist()):
        newest_first = dict.fromkeys(visits.rows[begin:at][::-1].tolist())
        rows = np.array(list(newest_first)[:MOST_LOOKED_AT], np.int64)
        found.append(_Prefix(rows, int(visits.rows[at])))
    return found


def _reciprocal_rank(model: SessionModel, prefixes: Sequence[_Prefix]) -> float:
    """Return the mean reciprocal rank of what came next, 0 past the first twenty."""
    visitors, total = Visitors.of(model), 0.0
    for prefix in prefixes:
        found = visitors.next_looks(prefix.rows)
        at = (found.rows == prefix.truth).nonzero()[0]
        if len(at):
            strengths = visitors.strengths(found)
            rank = int((strengths > strengths[at[0]]).sum()) + 1
            total += 1.0 / rank if rank <= _DEPTH else 0.0
    return total / len(prefixes)


def _looks(model: SessionModel, prefixes: Sequence[_Prefix]) -> list[NextLooks]:
    visitors = Visitors.of(model)
    return [visitors.next_looks(prefix.rows) for prefix in prefixes]


def _truths(
    looks: Sequence[NextLooks], prefixes: Sequence[_Prefix]
) -> Iterator[tuple[NextLooks, int]]:
    """Yield what was found, with the place of what came next, where it was found."""
    for found, prefix in zip(looks, prefixes, strict=True):
        at = (found.rows == prefix.truth).nonzero()[0]
        if len(at):
            yield found, int(at[0])


def _session_share(looks: Sequence[NextLooks], prefixes: Sequence[_Prefix]) -> float:
    """Return the share of the mixture that makes what came next the likeliest.

    Expectation maximisation for the weights of a linear interpolation (Jelinek and Mercer 1980).
    """
    chances = np.array(
        [(found.by_visits[at], found.by_walks[at]) for found, at in _truths(looks, prefixes)]
    ).reshape(-1, 2)
    chances = chances[chances.sum(axis=1) > 0.0]
    share = SessionSetting().session_share
    for _ in range(_ROUNDS if len(chances) else 0):
        mixed = chances * (share, 1.0 - share)
        share = float((mixed[:, 0] / mixed.sum(axis=1)).mean())
    return share


def _weighed(
    setting: SessionSetting,
    looks: Sequence[NextLooks],
    prefixes: Sequence[_Prefix],
    latelies: Mapping[float, NDArray[np.float32]],
) -> SessionSetting:
    """Return the setting with the weights of signals under which what came next was likeliest."""
    found = list(_truths(looks, prefixes))
    if len(found) < _FEWEST_PREFIXES:
        return setting
    choices, rows = _choices(found, setting.session_share)
    best_chance, best = -np.inf, setting
    for days, of_row in latelies.items():
        choices.signals[:, 1] = np.log1p(of_row[rows].astype(np.float64))
        weights, chance = chosen_weights(choices)
        if chance > best_chance:
            best_chance = chance
            best = replace(setting, lately_days=days, weights=tuple(weights.tolist()))
    return best


def _choices(
    found: Sequence[tuple[NextLooks, int]], part: float
) -> tuple[Choices, NDArray[np.int64]]:
    """Return what was chosen among the likeliest, and the rows of those."""
    columns, rows, chosen = [], [], []
    for looks, at in found:
        shares = part * looks.by_visits + (1.0 - part) * looks.by_walks
        best = np.argsort(-shares, kind="stable")[:_MOST_CHOICES]
        kept = np.unique(np.append(best, at))
        columns.append(np.column_stack((np.log(shares + LEAST_SHARE), looks.signals))[kept])
        rows.append(looks.rows[kept])
        chosen.append(int(kept.searchsorted(at)))
    return Choices.of(columns, chosen), np.concatenate(rows)
