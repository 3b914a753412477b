"""What `touchpoint report rules` prints."""

from __future__ import annotations

import io
import json

from rich.console import Console

from cli.commands.status import failing_told
from cli.showing.rules import as_json_results, results_shown
from touchpoint.rules.v1.rules_pb2 import (
    AnswerCounts,
    RuleAnswers,
    RuleCounts,
    RuleFailure,
    RuleMode,
    RulePlacementCounts,
    RuleResult,
    TrialAnswers,
)
from touchpoint.rules.v1.rules_service_pb2 import GetRuleResultsResponse

OWNED = RuleResult(
    rule="owned",
    mode=RuleMode.ENFORCED,
    enforced=RuleCounts(decisions=250, candidates=1200, people=90, failed=3),
    answers=[
        RuleAnswers(
            bundle_hash="a" * 64,
            mode=RuleMode.ENFORCED,
            touched=AnswerCounts(shown=100, accepted=5),
            untouched=AnswerCounts(shown=400, accepted=10),
        )
    ],
)
TRIAL = RuleResult(
    rule="trial",
    mode=RuleMode.SHADOW,
    shadow=RuleCounts(
        decisions=40,
        candidates=41,
        people=7,
        placements=[RulePlacementCounts(placement="web.cart", decisions=40)],
    ),
    answers=[
        RuleAnswers(
            bundle_hash="b" * 64,
            mode=RuleMode.SHADOW,
            touched=AnswerCounts(shown=60, accepted=6),
            untouched=AnswerCounts(shown=440, accepted=9),
            would_be_removed=AnswerCounts(shown=20, accepted=4, value_micros=50_000_000),
        ),
        RuleAnswers(bundle_hash="c" * 64, untouched=AnswerCounts(shown=10)),
    ],
)
GONE = RuleResult(rule="gone", enforced=RuleCounts(decisions=1))


def printed(*results: RuleResult, in_detail: bool = False, decisions: int = 1000) -> list[str]:
    found = GetRuleResultsResponse(results=results, decisions=decisions, people=300)
    said = io.StringIO()
    Console(file=said, width=160).print(results_shown(found, in_detail=in_detail))
    return [" ".join(line.split()) for line in said.getvalue().splitlines()]


def test_each_rule_is_a_line_with_its_mode_counts_and_answers() -> None:
    lines = printed(OWNED, TRIAL, GONE)
    assert "owned enforced 250 25.0% 1,200 ~90 3 5.0% 2.5%" in lines
    assert "trial shadow 40 4.0% 41 ~7 0 10.0% 2.0%" in lines
    assert "gone enforced, not in force 1 0.1% 0 ~0 0 - -" in lines
    assert "In shadow: what a rule would have done." in lines


def test_a_rule_that_was_tried_and_is_enforced_now_has_a_line_for_each() -> None:
    both = RuleResult(
        rule="both", mode=RuleMode.ENFORCED, shadow=RuleCounts(decisions=2, candidates=2)
    )
    lines = printed(both)
    assert "both enforced 0 0.0% 0 ~0 0 - -" in lines
    assert "both shadow, not in force 2 0.2% 2 ~0 0 - -" in lines


def test_without_decisions_nothing_is_divided() -> None:
    assert "trial shadow 40 - 41 ~7 0 10.0% 2.0%" in printed(TRIAL, decisions=0)


def test_details_tell_placements_and_answers_by_bundle() -> None:
    lines = printed(TRIAL, in_detail=True)
    assert "trial (shadow), decisions by placement: web.cart 40" in lines
    assert "bbbbbbbbbbbb shadow what it would have removed 20 20.0% 0.0% 2,500.00" in lines
    assert "cccccccccccc without it elsewhere 10 0.0% 0.0% 0.00" in lines


def test_json_has_zeros_too() -> None:
    told = as_json_results(GetRuleResultsResponse(results=[GONE]))
    (result,) = json.loads(json.dumps(told))["results"]
    assert (result["enforced"]["decisions"], result["enforced"]["failed"]) == ("1", "0")


def test_a_trial_is_shown_beside_all_others() -> None:
    trial = TrialAnswers(
        bundle_hash="d" * 64,
        beside_hash="e" * 64,
        share=0.1,
        rules=["trial"],
        in_trial=AnswerCounts(shown=200, accepted=10, value_micros=40_000_000),
        beside=AnswerCounts(shown=1800, accepted=45),
    )
    said = io.StringIO()
    found = GetRuleResultsResponse(trials=[trial])
    Console(file=said, width=160).print(results_shown(found))
    lines = [" ".join(line.split()) for line in said.getvalue().splitlines()]
    assert "10% in the trial 200 5.0% 0.0% 200.00" in lines
    assert "all others, eeeeeeeeeeee 1,800 2.5% 0.0% 0.00" in lines
    assert any(line.endswith("rules that differ: trial") for line in lines)


def test_a_rule_that_fails_is_told_with_how_often_and_what_that_meant() -> None:
    failure = RuleFailure(rule="price_band", decisions=1)
    told = "rule price_band failed in 1 decision of the last hour, and what it was asked of was"
    assert failing_told(failure).startswith(told)
    in_shadow = RuleFailure(rule="price_band", decisions=1200, shadow=True)
    assert "(shadow) failed in 1,200 decisions of the last hour, and nothing" in failing_told(
        in_shadow
    )
