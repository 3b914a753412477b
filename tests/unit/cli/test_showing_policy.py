"""What the answers say of another policy, as it is printed."""

from __future__ import annotations

import io
import math

from rich.console import Console

from cli.showing.policy import show_answers, show_ranking_simulation
from touchpoint.ranker.v1.off_policy_pb2 import (
    EvaluatePolicyResponse,
    PolicyCaution,
    PolicyEstimate,
    PolicyEvaluation,
    RankingSimulation,
)


def estimate(value, half=0.001):
    return PolicyEstimate(value=value, low=value - half, high=value + half)


def evaluation(**changed):
    columns = {
        "showings": 400,
        "effective_showings": 250.4,
        "unsupported_share": 0.031,
        "logged": estimate(0.02),
        "ips": estimate(0.03),
        "snips": estimate(0.031),
        "change": estimate(0.011),
    }
    return PolicyEvaluation(**(columns | changed))


def printed(show, *told):
    console = Console(width=200, record=True, file=io.StringIO())
    show(console, *told)
    return " ".join(console.export_text().split())


def test_estimates_stand_per_thousand_seen_and_what_is_unknown_is_a_dash():
    told = EvaluatePolicyResponse(acceptances=evaluation(), value=evaluation())
    text = printed(show_answers, {"compared with": told, "the new ones": told})
    assert "20.00 (19.00 to 21.00) 30.00 (29.00 to 31.00) 31.00 (30.00 to 32.00) -" in text
    assert "400 offers seen, which tell as much as 250 of its own would; 3.1%" in text
    assert "+11.00 acceptances per 1,000 (+10.00 to +12.00): a difference." in text
    assert "Do not go by it" not in text


def test_what_the_log_cannot_support_is_said_in_words():
    told = evaluation(
        change=estimate(0.0005),
        cautions=[PolicyCaution(code="FEW_ROWS", text="too few agree")],
        ips=PolicyEstimate(value=0.03, low=-math.inf, high=math.inf),
    )
    answer = EvaluatePolicyResponse(acceptances=told, value=told)
    text = printed(show_answers, {"the new ones": answer})
    assert "no difference is proven" in text
    assert "Do not go by it: too few agree (FEW_ROWS)." in text
    assert "inf" not in text


def test_a_model_that_knows_the_answers_is_said_to_be_told_too_well_of():
    report = RankingSimulation(
        journalled=1_200,
        ranked=1_000,
        seen=400,
        changed=30,
        gone=2,
        acceptances=evaluation(),
        value=evaluation(),
        model_knows_answers=True,
    )
    text = printed(show_ranking_simulation, report)
    assert "Ranked 1,000 of 1,200 decisions of the journal again; 30 would show" in text
    assert "2 could not be" in text
    assert "too good" in text
