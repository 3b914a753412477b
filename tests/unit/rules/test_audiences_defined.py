"""Segments and scores are checked as a whole, every mistake with its place."""

from __future__ import annotations

import pytest

from services.rules.definitions import check_definitions
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

GOOD = """\
parameters:
  loyal.share: 60%
placements:
  - placement: web.cart
    channel: WEB
    kinds: [CONTENT]
    limit: 3
    default_offers: [default.help]
offers:
  - {offer_id: default.help, kind: CONTENT, title: Help, is_default: true}
segments:
  - segment: loyal
    title: Loyal to a category
    when: customer.top_category_affinity >= params.loyal.share
  - segment: engaged
    when: |
      customer.frequency > 2
        && customer.score_stages["engagement"] == "warm"
scores:
  - score: engagement
    title: How much they do
    points:
      - {on: view, points: 0.5}
      - {on: purchase, points: 10, per_value: 0.1}
      - {on: complaint, points: -20}
    stages:
      - {stage: cold, from: -100}
      - {stage: warm, from: 12.5}
"""


def told(text: str) -> list[tuple[int, int, str]]:
    found = check_definitions([DefinitionFile(path="all.yaml", text=text)])
    return [(each.line, each.column, each.message) for each in found.problems]


def test_good_segments_and_scores_are_in_the_bundle() -> None:
    found = check_definitions([DefinitionFile(path="all.yaml", text=GOOD)])
    assert not found.problems
    assert found.bundle is not None
    assert [segment.segment for segment in found.bundle.segments] == ["loyal", "engaged"]
    [score] = found.bundle.scores
    assert [(each.on, each.points) for each in score.points][2] == ("complaint", -20.0)
    assert [getattr(stage, "from") for stage in score.stages] == [-100.0, 12.5]


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "words"),
    [
        ("customer.frequency > 2", "customer.frequncy > 2", 17, 15, "undefined field"),
        ('["engagement"]', "[3]", 18, 33, "no matching overload"),
        ("params.loyal.share", "params.loyal.part", 14, 57, "undeclared reference"),
        ("params.loyal.share", "offer.stock", 14, 50, "undeclared reference"),
        (
            "params.loyal.share",
            "double(item.stock)",
            14,
            56,
            "undeclared reference to 'item.stock'",
        ),
        ("    title: Loyal to a category\n", "    titel: x\n", 13, 5, "did you mean title?"),
        ("segment: engaged", "segment: loyal", 15, 14, "loyal is defined twice"),
        ("points: 0.5", "points: many", 23, 28, "must be a number"),
        ("points: -20", "points: -20000000", 25, 33, "from -1e+06 to 1e+06"),
        ("{on: view, points: 0.5}", "{on: view}", 23, 9, "needs points, per_value or both"),
        ("on: complaint", "on: view", 23, 7, "view is given twice"),
        ("from: 12.5", "from: -100", 27, 7, "must begin above stage cold"),
        ("stage: warm", "stage: cold", 27, 7, "stage cold is defined twice"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    old: str, new: str, line: int, column: int, words: str
) -> None:
    assert old in GOOD
    [(at_line, at_column, message)] = told(GOOD.replace(old, new))
    assert words in message
    assert (at_line, at_column) == (line, column)


def test_a_rule_that_asks_for_a_segment_that_is_not_there_is_warned_of() -> None:
    rule = """\
rules:
  - name: for_the_loyal
    lever: 2
    lever_when: '"loyl" in customer.segments || "engaged" in customer.segments'
"""
    found = check_definitions([DefinitionFile(path="all.yaml", text=GOOD + rule)])
    assert found.bundle is not None
    [problem] = found.problems
    assert problem.warning
    assert "there is no segment loyl; did you mean loyal?" in problem.message


def test_what_is_no_type_of_event_is_told_and_its_entry_left_out() -> None:
    found = told(GOOD.replace("on: view", "on: View"))
    assert [(line, column) for line, column, _ in found] == [(23, 9), (23, 14)]
    assert "lower_snake_case" in found[1][2]


def test_a_score_without_points_and_a_segment_without_a_condition_mean_nothing() -> None:
    text = GOOD.replace("    when: customer.top_category_affinity >= params.loyal.share\n", "")
    assert [message for _, _, message in told(text)] == ["when is missing"]
    head, _, _ = GOOD.partition("    points:")
    assert [message for _, _, message in told(head + "    points: []\n")] == [
        "a score needs points"
    ]
