"""Two hundred months of two replicas that die and freeze wherever they reach outside of themselves.

`make test-resilience` plays seeds 1 to 200; `SEED=n` plays that one, `SEEDS` and `DAYS` others.
What a run does follows from its seed alone, and a hash seed that does not change.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.resilience.simulation.checker import faults
from tests.resilience.simulation.days import played

SEEDS = int(os.environ.get("SEEDS") or 200)
DAYS = int(os.environ.get("DAYS") or 30)
SEED = int(os.environ.get("SEED") or 0)
DIED_AT = {
    "begin",
    "before commit",
    "after commit",
    "after_claim",
    "before_commit",
    "after_commit",
    "before_carrying",
    "after_carrying",
    "before_completion_commit",
    "after_completion_commit",
    *(
        f"{when}{call}"
        for when in ("", "after ")
        for call in (
            "store.claim",
            "store.put_off",
            "store.look_again",
            "store.erase",
            "transaction.sets_of",
            "transaction.open_of",
            "transaction.keep_sets",
            "transaction.take_room",
            "transaction.tallies_of",
            "transaction.save",
            "transaction.save_task",
            "errands.claim",
            "errands.keep",
            "errands.leave",
            "people.snapshot",
            "permits.reserve",
            "carrier.carry",
            "carrier.ask",
            "approaches.reserve",
            "log.write",
        )
    ),
}
"""What must be there to die at, and not have been spared, in two hundred months."""
CERTAIN = 12.0
"""Of a point at which so many deaths are to be expected none is spared but once in 160,000 runs."""

pytestmark = pytest.mark.timeout(60.0 + 30.0 * SEEDS)


async def test_a_month_of_deaths_brings_everything_about_once_and_leaves_nobody_behind(capsys):
    deaths, expected = Counter[str](), Counter[str]()
    for seed in [SEED] if SEED else range(1, SEEDS + 1):
        record, misfortune = await played(seed, DAYS)
        found = faults(record)
        assert not found, (
            f"{len(found)} faults; again with SEED={seed} DAYS={DAYS} "
            f"PYTHONHASHSEED={os.environ.get('PYTHONHASHSEED', 'random')}: " + "; ".join(found[:10])
        )
        deaths += misfortune.deaths
        expected.update(misfortune.expected)  # type: ignore[arg-type]
    with capsys.disabled():
        print(f"\n{sum(deaths.values()):,} deaths at {len(deaths)} points")
    if not SEED and SEEDS >= 200:
        assert deaths.keys() >= DIED_AT
    spared = {name for name, number in expected.items() if number >= CERTAIN} - deaths.keys()
    assert not spared, f"nobody ever dies at {sorted(spared)}"
