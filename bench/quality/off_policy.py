"""How often the truth lies within the intervals of off-policy estimates: simulated shoppers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.figures import Definition
from bench.quality.rows import Row, Tell, row
from bench.quality.shoppers_log import logs, policies
from services.ranker.domain.off_policy import evaluate

NAME = "off_policy"
_RUNS = 200
_COVERED = Definition("quality", "share", at_least=0.93)
_SEED = 2017
_ESTIMATES = ("ips", "snips", "doubly_robust")


def measured(tell: Tell) -> Iterator[Row]:
    """Yield the share of runs whose intervals hold what each policy is really worth.

    The figure is that of the estimate a report goes by; of all policies, with and without a word of
    caution. Each kind of estimate has a row beside it, and each policy the share without a caution.
    """
    tell(f"judging policies by {_RUNS} logs of simulated shoppers")
    held: dict[str, list[bool]] = {name: [] for name in ("best", *_ESTIMATES)}
    supported: dict[str, list[bool]] = {}
    random = np.random.default_rng(_SEED)
    for log in logs(_RUNS, _SEED):
        for name, policy in policies(log, random):
            found = evaluate(log.logged(), log.target(policy))
            supported.setdefault(name, []).append(found.is_supported)
            for kind, marks in held.items():
                estimate = getattr(found, kind)
                marks.append(estimate is not None and estimate.holds(log.worth(policy)))
    for kind, marks in held.items():
        name = f"{NAME}_coverage" if kind == "best" else f"{NAME}_coverage_of_{kind}"
        yield row(name, np.array(marks, np.float64), _COVERED)
    for policy_name, each in supported.items():
        yield row(
            f"{NAME}_supported_of_{policy_name}",
            np.array(each, np.float64),
            Definition("quality", "share"),
        )
