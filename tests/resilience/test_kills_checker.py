"""The checker of the kills finds what is lost, doubled or miscounted, and nothing else."""

import dataclasses

import pytest

from tests.resilience.kills.checker import MICROS, Counted, Logged, verdict
from tests.resilience.kills.script import CUSTOMERS, customer_of, value_of

# Number 1 is a purchase of 2, number 61 one of 8 by the same customer; number 2 is a search.
TOLD = ["r-1", "r-61", "r-2"]
LOG = [Logged("r-1", "ada", 1), Logged("r-61", "ada", 2), Logged("r-2", "bob", 1)]
PROFILES = {"ada": Counted(2, 2, 10 * MICROS), "bob": Counted(1, 0, 0)}
FINDINGS = ("lost", "doubled", "misnumbered", "miscounted")


def findings(told=TOLD, log=LOG, profiles=PROFILES):
    found = dataclasses.asdict(verdict(told, log, profiles, 0))
    return {name for name in FINDINGS if found[name]}


def test_the_script_is_as_these_tests_take_it():
    assert customer_of(1) == customer_of(1 + CUSTOMERS) != customer_of(2)
    assert [value_of(number) for number in (1, 61, 2)] == [2, 8, 0]


def test_what_is_right_is_found_right():
    assert findings() == set()
    assert findings(told=[*TOLD, "r-1"]) == set()


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"log": LOG[:2]}, {"lost", "miscounted"}),
        ({"log": [*LOG, Logged("r-2", "bob", 2)]}, {"doubled"}),
        ({"log": [LOG[0], Logged("r-61", "ada", 3), LOG[2]]}, {"misnumbered"}),
        ({"profiles": {**PROFILES, "ada": Counted(2, 2, 12 * MICROS)}}, {"miscounted"}),
        ({"profiles": {**PROFILES, "ada": Counted(3, 2, 10 * MICROS)}}, {"miscounted"}),
        ({"profiles": {"ada": PROFILES["ada"]}}, {"miscounted"}),
    ],
)
def test_what_is_wrong_is_found(changed, wrong):
    assert findings(**changed) == wrong
