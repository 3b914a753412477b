"""Open Bandit: whether the off-policy code comes to the figures known for this log.

Saito et al., "Open Bandit Dataset and Pipeline" (2021). A uniformly random policy showed the items;
judged is the Thompson sampling that served beside it, by its prior of that day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.quality.rows import Row, Tell
from bench.quality.shop import ShopMissingError, data_folder
from services.ranker.domain.intervals import Column, Estimate
from services.ranker.domain.off_policy import Logged, Target, evaluate

NAME = "open_bandit"
_ITEMS, _POSITIONS, _FOLDS = 80, 3, 3
_RANKINGS = 100_000
_SEED = 12345
_KNOWN = {"obd_ipw": 0.004553, "obd_dr": 0.004727, "obd_direct": 0.003545}
_RELATIVE = 1.1981
_TOLERANCES = {"obd_ipw": 5e-7, "obd_dr": 5e-6, "obd_direct": 5e-6}
"""Of the model beside the last two it is known only that it is a logistic regression."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Impressions:
    """What the random policy showed, in order of time."""

    items: Numbers
    positions: Numbers
    """From 0."""
    clicks: Column
    probabilities: Column
    people: Column
    """Traits of the person, shape (rows, traits)."""
    traits: Column
    """Of the items, shape (items, traits)."""


def measured(tell: Tell) -> Iterator[Row]:
    """Yield what the log says of Thompson sampling. Raises ShopMissingError."""
    folder = data_folder() / "obd_small"
    if not folder.is_dir():
        raise ShopMissingError(f"there is no folder {folder}")
    tell("judging Thompson sampling by what chance showed")
    shown = _impressions(folder)
    policy = _thompson_sampling(folder)
    chosen = policy[shown.items, shown.positions]
    logged = Logged(shown.clicks, shown.probabilities)
    found = evaluate(logged, Target(chosen))
    assert found.ips is not None
    assert found.logged is not None
    yield _row("obd_ipw", found.ips)
    yield _relative(found.ips, found.logged)
    yield from _with_a_model(tell, shown, policy, logged)


def _with_a_model(tell: Tell, shown: Impressions, policy: Column, logged: Logged) -> Iterator[Row]:
    try:
        clicks = _expected_clicks(shown)
    except ImportError as error:
        tell(f'obd_dr is left out: {error}; pip install "touchpoint-server[quality]"')
        return
    rows = np.arange(len(shown.items))
    expected = np.einsum("ra,ra->r", clicks, policy.T[shown.positions])
    chosen = policy[shown.items, shown.positions]
    found = evaluate(logged, Target(chosen, clicks[rows, shown.items], expected))
    assert found.doubly_robust is not None
    assert found.direct is not None
    yield _row("obd_dr", found.doubly_robust)
    yield _row("obd_direct", found.direct)


def _row(name: str, estimate: Estimate) -> Row:
    known = _KNOWN[name]
    return {
        "name": name,
        "value": round(estimate.value, 6),
        "unit": "clicks per impression",
        "target": f"= {known:g}",
        "ok": abs(estimate.value - known) <= _TOLERANCES[name],
        "spread": [round(estimate.low, 6), round(estimate.high, 6)],
    }


def _relative(estimate: Estimate, logged: Estimate) -> Row:
    """Return by how much more it would have earned; the interval is of the estimate alone."""
    value, low, high = (
        round(each / logged.value, 4) for each in (estimate.value, estimate.low, estimate.high)
    )
    return {
        "name": "obd_ipw_relative",
        "value": value,
        "unit": "of what was earned",
        "target": f"= {_RELATIVE:g}",
        "ok": value == _RELATIVE,
        "spread": [low, high],
    }


def _impressions(folder: Path) -> Impressions:
    from pyarrow import parquet

    table = parquet.read_table(folder / "random_all.parquet").sort_by("timestamp")
    traits = [name for name in table.column_names if name.startswith("user_feature")]
    goods = parquet.read_table(folder / "item_context_all.parquet").sort_by("item_id")
    named = [name for name in goods.column_names if name.startswith("item_feature")]
    return Impressions(
        table["item_id"].to_numpy().astype(np.int64),
        table["position"].to_numpy().astype(np.int64) - 1,
        table["click"].to_numpy().astype(np.float64),
        table["propensity_score"].to_numpy(),
        np.concatenate([_told_apart(table[name].to_numpy()) for name in traits], axis=1),
        np.stack(
            [
                *(_labelled(goods[name].to_numpy()) for name in named[1:]),
                goods[named[0]].to_numpy(),
            ],
            axis=1,
        ),
    )


def _told_apart(values: NDArray[np.object_]) -> Column:
    """Return a column for each value but the first."""
    found = np.unique(values)
    apart: Column = (values[:, None] == found[None, 1:]).astype(np.float64)
    return apart


def _labelled(values: NDArray[np.object_]) -> Column:
    return np.unique(values, return_inverse=True)[1].astype(np.float64)


def _thompson_sampling(folder: Path) -> Column:
    """Return with which probability it shows each item at each position, by simulated rankings."""
    from pyarrow import parquet

    prior = parquet.read_table(folder / "bts_prior.parquet").sort_by("item_id")
    ours = np.array(prior["campaign"].to_pylist()) == "all"
    alpha, beta = (prior[name].to_numpy()[ours] for name in ("alpha", "beta"))
    drawn = np.random.RandomState(_SEED).beta(alpha, beta, size=(_RANKINGS, _ITEMS))
    ranked = np.argsort(-drawn, axis=1)[:, :_POSITIONS]
    counts = [np.bincount(ranked[:, at], minlength=_ITEMS) for at in range(_POSITIONS)]
    return np.stack(counts, axis=1) / _RANKINGS


def _expected_clicks(shown: Impressions) -> Column:
    """Return the probability of a click on each item in place of each shown, shape (rows, items).

    A logistic regression for each position, of thirds of the log by the other two.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold

    rows = len(shown.items)
    clicks = np.zeros((rows, _ITEMS))
    folds = KFold(_FOLDS, shuffle=True, random_state=_SEED)
    for learned, asked in folds.split(shown.people):
        for position in range(_POSITIONS):
            here = learned[shown.positions[learned] == position]
            there = asked[shown.positions[asked] == position]
            model = LogisticRegression(max_iter=1_000)
            seen = np.hstack((shown.people[here], shown.traits[shown.items[here]]))
            model.fit(seen, shown.clicks[here])
            for item in range(_ITEMS):
                same = np.repeat(shown.traits[item][None], len(there), axis=0)
                asked_of = np.hstack((shown.people[there], same))
                clicks[there, item] = model.predict_proba(asked_of)[:, 1]
    return clicks
