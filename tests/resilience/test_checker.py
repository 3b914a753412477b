"""The checker of acknowledgements finds what is lost, doubled or too much, and nothing else."""

from __future__ import annotations

import dataclasses

import pytest

from tests.resilience.under_load.acknowledged import Acknowledged, AcknowledgedFile, Decided, read
from tests.resilience.under_load.checker import Stored, verdict

LIMIT = 2
TOLD = Acknowledged(
    ["e1", "e2"],
    [Decided("d1", "ada", True), Decided("d2", "ada", True), Decided("d3", "ada", False)],
)
STORED = Stored(
    events=["e1", "e2", "e3"],
    numbers=[("p1", 1), ("p1", 2), ("p2", 1)],
    decisions=["d1", "d2", "d3", "d4"],
    contacts={"c1": ("p1", "CONFIRMED"), "c2": ("p1", "RESERVED"), "c3": ("p1", "RELEASED")},
    unjournaled=[],
)
FINDINGS = [
    "lost_events",
    "doubled_events",
    "doubled_numbers",
    "lost_decisions",
    "doubled_decisions",
    "unjournaled",
    "over_limit",
]


def findings(told=TOLD, stored=STORED):
    found = verdict(told, stored, LIMIT)
    return {name: getattr(found, name) for name in FINDINGS if getattr(found, name)}


def test_what_was_never_acknowledged_may_be_stored_all_the_same():
    assert findings() == {}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"events": ["e1"]}, {"lost_events": ["e2"]}),
        ({"events": ["e1", "e2", "e2"]}, {"doubled_events": ["e2"]}),
        ({"numbers": [("p1", 1), ("p1", 1)]}, {"doubled_numbers": ["p1 1"]}),
        ({"decisions": ["d1", "d2"]}, {"lost_decisions": ["d3"]}),
        ({"decisions": ["d1", "d2", "d3", "d3"]}, {"doubled_decisions": ["d3"]}),
        ({"unjournaled": ["d4"]}, {"unjournaled": ["d4"]}),
        (
            {"contacts": {str(number): ("p1", "RESERVED") for number in range(3)}},
            {"over_limit": ["p1"]},
        ),
    ],
    ids=FINDINGS,
)
def test_what_is_wrong_in_the_logs_is_found(changed, found):
    assert findings(stored=dataclasses.replace(STORED, **changed)) == found


def test_more_contacts_in_answers_than_allowed_are_found_whatever_the_ledger_says():
    shown = [Decided(f"d{number}", "ada", True) for number in (1, 2, 3)]
    assert findings(told=Acknowledged([], shown)) == {"over_limit": ["ada"]}


def test_the_same_decision_shown_again_is_one_contact():
    shown = [Decided("d1", "ada", True)] * 3
    assert findings(told=Acknowledged([], shown)) == {}


def test_what_was_written_down_is_read_again(tmp_path):
    file = AcknowledgedFile(tmp_path / "acknowledged")
    file.events(["e1", "e2"])
    for decided in TOLD.decisions:
        file.decided(decided)
    file.close()
    assert read(tmp_path / "acknowledged") == TOLD
