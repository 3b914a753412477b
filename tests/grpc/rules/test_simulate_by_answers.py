"""What was really answered to recorded decisions is part of a simulation's report."""

from __future__ import annotations

import pytest

from tests.grpc.rules.rules_kit import LAPTOP, MILK, SHOES, WINE, Rules
from tests.grpc.rules.test_simulate import NO_FLEET, decide, files, simulate
from touchpoint.ranker.v1.off_policy_pb2 import JudgedShowings

pytestmark = pytest.mark.asyncio(loop_scope="session")


def seen(*accepted: bool) -> JudgedShowings:
    count = len(accepted)
    return JudgedShowings(
        logged_probabilities=[0.5] * count,
        probabilities=[0.5] * count,
        accepted=accepted,
        values=[10.0] * count,
        known=[False] * count,
        predicted=[0.0] * count,
        expected=[0.0] * count,
        expected_values=[0.0] * count,
        unsupported=[0.0] * count,
    )


async def test_what_was_answered_is_judged_for_both_and_stands_for_its_weight(
    rules: Rules,
) -> None:
    answered, _ = await decide(rules, LAPTOP, SHOES, MILK, WINE, weight=3.0)
    await decide(rules, LAPTOP, MILK)
    rules.ranker.seen[answered.decision_id] = seen(True, False)
    report = await simulate(rules, *files(NO_FLEET))
    assert report.by_answers.decisions == 1
    assert report.by_answers.after.acceptances.showings == 2
    old, new = rules.ranker.evaluated[-2:]
    assert list(old.weights) == list(new.weights) == [3.0, 3.0]
    assert list(old.decisions) == [1, 1]
    asked = [
        each.request for each in rules.ranker.judged if each.decision_id == answered.decision_id
    ]
    assert [each.context.preview for each in asked] == [True, True]
    old_bits, new_bits = (
        dict(zip(each.candidates.offer_nos, each.placement_bits, strict=True)) for each in asked
    )
    assert (old_bits[SHOES], new_bits[SHOES]) == (1, 0)


async def test_where_nothing_was_seen_or_the_ranker_is_an_older_one_the_report_goes_without(
    rules: Rules,
) -> None:
    context, _ = await decide(rules, LAPTOP, SHOES)
    report = await simulate(rules, *files(NO_FLEET))
    assert not report.HasField("by_answers")
    rules.ranker.seen[context.decision_id] = seen(True)
    rules.ranker.judges = False
    report = await simulate(rules, *files(NO_FLEET))
    assert report.replayed == 1
    assert not report.HasField("by_answers")
