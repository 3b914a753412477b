"""What `touchpoint report patterns` prints, and the page it writes."""

from __future__ import annotations

import io

from rich.console import Console

from cli.showing.patterns import as_json_patterns, page, patterns_shown, skeletons
from touchpoint.scenario.v1.patterns_pb2 import (
    LeavingSequence,
    LeftFrom,
    PatternReport,
    PatternStep,
    RisingTrait,
)


def report(**more):
    made = PatternReport(
        currency="EUR",
        events=12_858,
        people=400,
        visits=2_405,
        left=1_599,
        sequences_tested=468,
        least_visits=10,
        checkouts=900,
        checkouts_left=500,
        buyers=150,
        others=490,
        traits_tested=21,
        **more,
    )
    made.since_time.FromSeconds(1_772_452_800)
    made.until_time.FromSeconds(1_772_452_800 + 30 * 86_400)
    return made


def found():
    return report(
        sequences=[
            LeavingSequence(
                steps=[PatternStep(text="add_to_cart in <TVs>"), PatternStep(text="page_view")],
                visits=71,
                left=70,
                people=65,
                share=0.986,
                share_at_least=0.923,
                share_at_most=0.998,
                expected=0.768,
                lift=14.2,
                lift_at_least=3.6,
                worth_micros=13_160_000_000,
                lost_micros=2_070_000_000,
                clear=True,
                skeleton="scenarios: # one <b>\n",
            )
        ],
        left_from=[
            LeftFrom(step=PatternStep(text="search"), times=9, left=6, people=6, skeleton="two"),
        ],
        traits=[
            RisingTrait(
                text="tier: gold", as_of_now=True, people=30, times_as_often=2.0, skeleton="three"
            )
        ],
    )


def printed(made):
    written = io.StringIO()
    Console(file=written, width=200).print(patterns_shown(made))
    return written.getvalue()


def test_findings_are_numbered_one_after_the_other_with_people_and_worth():
    text = printed(found())
    first = next(line for line in text.splitlines() if line.startswith("1 "))
    for told in ("add_to_cart in <TVs> → page_view", "98.6%", "76.8%", "70 of 71", "65", "13,160"):
        assert told in first
    assert [line[0] for line in text.splitlines() if line[:2] in ("1 ", "2 ", "3 ")] == [*"123"]
    assert "tier: gold (as of now)" in text
    assert "2,405 visits of 400 people, 12,858 events" in text
    assert "2026-03-02 to 2026-04-01" in text


def test_scenarios_to_start_from_have_the_numbers_of_their_findings():
    assert skeletons(found())[1:] == ["two", "three"]
    assert "--skeleton 1" in printed(found())


def test_where_nothing_is_found_it_says_how_much_was_looked_at():
    text = printed(report())
    assert "Nothing stands out beyond chance, of 468 sequences" in text
    assert "Nothing rises beyond chance: 150 first purchases" in text
    assert "--skeleton" not in text


def test_without_visits_nothing_can_be_said():
    assert "nothing can be said" in printed(PatternReport())


def test_the_page_holds_all_of_it_and_nothing_of_it_is_markup():
    html = page(found())
    assert html.startswith("<!doctype html>")
    assert "add_to_cart in &lt;TVs&gt; → page_view" in html
    assert "scenarios: # one &lt;b&gt;" in html
    assert html.count("<details>") == 3
    assert "<script" not in html


def test_as_json_what_is_none_stands_there_too():
    told = as_json_patterns(report())
    assert (told["sequences"], told["currency"], told["people"]) == ([], "EUR", "400")
