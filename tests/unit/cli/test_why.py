"""Why something was, or was not, in a decision."""

import json

import pytest
from google.protobuf.json_format import ParseDict

from cli.showing.why import why, why_data
from tests.unit.cli.test_showing import TRACE
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode


def explained(**trace):
    found = pb.ExplainDecisionResponse()
    found.CopyFrom(TRACE)
    ParseDict(trace, found.trace)
    return found


@pytest.mark.parametrize(
    ("trace", "said"),
    [
        ({}, "no source knew a reason to offer it to this person"),
        ({"arm": "HOLDOUT"}, "the person is in the arm holdout, to which nothing personal"),
        ({"arm": "STATIC"}, "the person is in the arm static"),
        (
            {"degraded": [{"service": "retrieval", "reason": "TIMEOUT"}]},
            "the decision was made without retrieval (TIMEOUT)",
        ),
        ({"degraded": [{"service": "ranker", "reason": "TIMEOUT"}]}, "no source knew a reason"),
        (
            {"sourcesLeftOut": [{"source": "SIMILAR", "reason": "SPARED"}]},
            "these were not heard: SIMILAR (SPARED)",
        ),
    ],
)
def test_what_was_not_proposed_is_told_with_the_plainest_cause(trace, said):
    assert said in why(explained(**trace), "car")


def test_what_was_removed_is_told_with_where_and_until_when():
    found = explained()
    held = found.removed.add(
        offer_id="tv",
        service="rules",
        rule="contacts.marketing",
        code=RemovalCode.CONTACT_LIMIT,
        text="Often enough.",
        placement="web.item",
    )
    held.free_at.FromJsonString("2026-02-01T08:30:00Z")
    assert why(found, "tv") == (
        "tv was removed from web.item by rules contacts.marketing (CONTACT_LIMIT): Often enough. "
        "It may be shown again from 2026-02-01 08:30 UTC."
    )


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("rules.Check", "not shown: rules did not check it in time (TIMEOUT), and nothing unch"),
        ("rules.Commit", "or promises something and rules did not confirm it in time (TIMEOUT)"),
    ],
)
def test_what_was_kept_back_because_rules_was_late_is_told_so(step, said):
    found = explained(timings=[{"service": step, "outcome": "TIMEOUT"}])
    assert said in why(found, "sofa")
    found.committed = True
    assert "ranked higher" in why(found, "sofa")


def test_what_decided_a_place_is_told_beside_why_it_was_shown():
    found = explained()
    found.trace.placements[0].recommendations[0].placing.text = "This place is kept for it (star)."
    assert why(found, "lamp-red").endswith("(This place is kept for it (star))")


@pytest.mark.parametrize(
    ("offer", "outcome", "part"),
    [
        ("lamp-red", "SHOWN", "shown"),
        ("rug", "REMOVED", "removed"),
        ("sofa", "NOT_CHOSEN", "candidates"),
        ("car", "NOT_PROPOSED", None),
    ],
)
def test_the_same_is_told_as_data(offer, outcome, part):
    found = why_data(TRACE, offer)
    assert (found["offerId"], found["outcome"], found["why"]) == (offer, outcome, why(TRACE, offer))
    parts = found.keys() - {"offerId", "outcome", "why"}
    assert parts == ({part} if part else set())
    json.dumps(found)


def test_the_data_of_what_was_shown_say_where_and_how():
    [shown] = why_data(TRACE, "lamp-red")["shown"]
    assert (shown["placement"], shown["position"]) == ("web.item", 1)
    assert shown["reasons"]
