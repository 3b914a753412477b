"""What learning costs and how soon it follows, as rows of the table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bench.figures import Definition
from bench.quality.rows import Row, Tell, row
from bench.quality.shoppers.learners import EpsilonGreedy, LinUcb, Ours
from bench.quality.shoppers.running import Course, Make, run

NAME = "shoppers"
SEEDS, CHANGED_SEEDS = (1, 2, 3), (1, 2, 3, 4, 5, 6)
DECISIONS, CHANGES_AT, LATE = 6_000, 4_000, 500
RECOVERED, WINDOW = 0.9, 300
EPSILON, LEAST_EPSILON = 0.1, 0.02
"""As it is mostly run, and one that tries things out less."""
RIDGE, WIDTH = 1.0, 0.2
"""Chosen by hand on these shoppers; no grid of settings is run."""

_RIVALS: dict[str, Make] = {
    "epsilon_greedy": lambda _: EpsilonGreedy(RIDGE, EPSILON),
    "epsilon_greedy_tuned": lambda _: EpsilonGreedy(RIDGE, LEAST_EPSILON),
    "linucb": lambda _: LinUcb(RIDGE, WIDTH),
}
_AT_MOST = {"epsilon_greedy": 0.5, "linucb": 1.0}


def measured(tell: Tell) -> Iterator[Row]:
    """Yield the figures; each is the mean over a few shops of other shoppers.

    Recovery is told twice. `recovery_decisions` has the target and is the harder: a share of what
    who knows every taste would earn, whatever was earned before, so that a learner cannot meet it
    by having learned little. `recovery_of_before_decisions` is until that share of what the same
    learner had before (its own share of the best over the last `WINDOW` decisions) is earned again.
    """
    tell("shoppers of a known taste meet the ranker")
    ours = _courses(Ours)
    for name, make in _RIVALS.items():
        tell(f"the same shoppers meet {name}")
        ratios = [mine.regret / its.regret for mine, its in zip(ours, _courses(make), strict=True)]
        target = Definition("quality", "ratio", at_most=_AT_MOST.get(name))
        yield row(f"regret_over_{name}", np.array(ratios), target)
    tell(f"answers come {LATE} decisions late")
    for name, make in (("", Ours), ("_of_linucb", _RIVALS["linucb"])):
        at_once = ours if make is Ours else _courses(make)
        shares = [
            late.earned.sum() / soon.earned.sum()
            for late, soon in zip(_courses(make, late=LATE), at_once, strict=True)
        ]
        yield row(f"delayed_reward_share{name}", np.array(shares), Definition("quality", "share"))
    tell("their taste changes at one stroke")
    alter = partial(run, Ours, decisions=2 * CHANGES_AT, changes_at=CHANGES_AT)
    changed = [alter(seed) for seed in CHANGED_SEEDS]
    soon = [each.recovery(CHANGES_AT, RECOVERED, WINDOW) for each in changed]
    target = Definition("quality", "decisions", at_most=2_000)
    yield row("recovery_decisions", np.array(soon, np.float64), target)
    before = [each.earned_share(CHANGES_AT - WINDOW, WINDOW) for each in changed]
    again = [
        each.recovery(CHANGES_AT, RECOVERED * share, WINDOW)
        for each, share in zip(changed, before, strict=True)
    ]
    unit = Definition("quality", "decisions")
    yield row("recovery_of_before_decisions", np.array(again, np.float64), unit)
    yield row("share_before_change", np.array(before), Definition("quality", "share"))
    after = [each.earned_share(CHANGES_AT + 2_000 - WINDOW, WINDOW) for each in changed]
    yield row("recovered_share_after_2000", np.array(after), Definition("quality", "share"))


def _courses(make: Make, *, late: int = 0) -> list[Course]:
    return [run(make, seed, DECISIONS, late=late) for seed in SEEDS]
