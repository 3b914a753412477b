"""What an experiment came to is shown with what may be believed of it; so is a plan."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console, RenderableType

from cli.showing.experiment import (
    amount,
    as_json_plan,
    as_json_reports,
    ended_shown,
    plan_shown,
    report_shown,
)
from touchpoint.ranker.v1.experiments_pb2 import (
    EndedExperiment,
    ExperimentGroup,
    ExperimentPlan,
    ExperimentReport,
    GroupComparison,
    MeasureOutcome,
    MeasureRole,
    MeasureSample,
    PlannedEffect,
)
from touchpoint.ranker.v1.results_pb2 import MeasureUnit, ResultConclusion


def _printed(shown: RenderableType) -> str:
    text = StringIO()
    Console(width=160, file=text).print(shown)
    return text.getvalue()


def _report(comparison: GroupComparison) -> ExperimentReport:
    return ExperimentReport(
        experiment="bolder",
        hypothesis="A bolder banner sells more.",
        groups=[
            ExperimentGroup(group="control", share=0.5, people=1_200),
            ExperimentGroup(group="bold", share=0.5, people=1_180),
        ],
        outcomes=[
            MeasureOutcome(
                measure="revenue_per_visit",
                title="Revenue per visit",
                unit=MeasureUnit.MONEY,
                more_is_better=True,
                role=MeasureRole.GOAL,
                samples=[
                    MeasureSample(people=1_200, mean=4.0),
                    MeasureSample(people=1_180, mean=5),
                ],
                comparisons=[comparison],
            )
        ],
        said=["bold: Revenue per visit 5.00 USD, control 4.00 USD: better."],
        currency="USD",
    )


def test_the_groups_are_shown_side_by_side_with_what_the_difference_may_be() -> None:
    shown = _printed(
        report_shown(
            _report(
                GroupComparison(
                    group="bold",
                    difference=1.0,
                    low=0.2,
                    high=1.8,
                    p_value=0.004,
                    lift=0.25,
                    conclusion=ResultConclusion.BETTER,
                )
            )
        )
    )

    row = next(line for line in shown.splitlines() if "  Revenue per visit" in line)
    assert row.split() == [
        "Revenue",
        "per",
        "visit",
        "5.00",
        "4.00",
        "+25.0%",
        "+5%",
        "to",
        "+45%",
        "better",
    ]
    assert "money in USD" in shown
    assert "People: control 1,200, bold 1,180" in shown
    assert "• bold: Revenue per visit 5.00 USD" in shown


def test_a_difference_of_which_nothing_is_known_may_be_anything() -> None:
    found = GroupComparison(group="bold", p_value=1.0, conclusion=ResultConclusion.TOO_FEW)

    shown = _printed(report_shown(_report(found)))

    row = next(line for line in shown.splitlines() if "  Revenue per visit" in line)
    assert row.split()[-3:] == ["anything", "too", "few"]


def test_where_the_control_has_next_to_nothing_the_difference_is_told_itself() -> None:
    found = GroupComparison(group="bold", difference=1.0, low=-0.5, high=2.5, p_value=0.3)

    shown = _printed(report_shown(_report(found)))

    assert "-0.50 to +2.50" in shown


def test_a_plan_says_how_many_people_and_days_each_effect_takes() -> None:
    plan = ExperimentPlan(
        measure="look_to_book",
        title="Look-to-book",
        unit=MeasureUnit.SHARE,
        now=MeasureSample(people=900, mean=0.04),
        people_seen=900,
        days_seen=28.0,
        effects=[
            PlannedEffect(effect=0.05, people_at_once=150_000, people=320_000, days=9_800.4),
            PlannedEffect(effect=0.01, people_at_once=3_750_000, people=8_000_000),
        ],
        said=["So few people come that an effect of 1% is never found."],
    )

    shown = _printed(plan_shown(plan))

    assert "Look-to-book is 4.00% now, of 900 people" in shown
    rows = [line.split() for line in shown.splitlines()]
    assert ["5.0%", "0.20%", "150,000", "320,000", "9,800"] in rows
    assert ["1.0%", "0.04%", "3,750,000", "8,000,000", "never"] in rows
    assert "• So few people come" in shown


@pytest.mark.parametrize(
    ("value", "unit", "currency", "written"),
    [
        (0.123, MeasureUnit.SHARE, "", "12.30%"),
        (1234.5, MeasureUnit.MONEY, "EUR", "1,234.50 EUR"),
        (1.5, MeasureUnit.MONEY, "", "1.50"),
        (95.4, MeasureUnit.SECONDS, "", "95 s"),
        (3.14159, MeasureUnit.NUMBER, "", "3.14"),
        (12_345.6, MeasureUnit.NUMBER, "", "12,346"),
    ],
)
def test_figures_are_written_in_their_unit(
    value: float, unit: int, currency: str, written: str
) -> None:
    assert amount(value, unit, currency) == written


def test_machines_are_told_figures_that_are_zero_as_well() -> None:
    told = as_json_reports([_report(GroupComparison(group="bold"))])
    [outcome] = told["experiments"][0]["outcomes"]

    assert outcome["comparisons"][0]["difference"] == 0.0
    assert told["experiments"][0]["mixed"] == "0"
    assert as_json_plan(ExperimentPlan())["peopleSeen"] == "0"


def _ended() -> EndedExperiment:
    found = EndedExperiment(experiment="calmer", ended_by_definitions=True)
    found.began_time.FromJsonString("2026-10-01T08:00:00Z")
    found.ended_time.FromJsonString("2026-11-02T09:30:00Z")
    return found


def test_those_that_are_over_are_listed_with_when_they_ran() -> None:
    dated = EndedExperiment()
    dated.CopyFrom(_ended())
    dated.experiment, dated.ended_by_definitions = "dated", False

    rows = [line.split() for line in _printed(ended_shown([_ended(), dated])).splitlines()]

    times = ["2026-10-01", "08:00", "2026-11-02", "09:30"]
    assert ["calmer", *times, "definitions"] in rows
    assert ["dated", *times, "its", "date"] in rows
    assert as_json_reports([], [_ended()])["ended"][0]["endedTime"] == "2026-11-02T09:30:00Z"


def test_a_report_of_one_that_is_over_says_so_first() -> None:
    report = _report(GroupComparison(group="bold"))
    assert "ended" not in _printed(report_shown(report)).splitlines()[0]
    report.ended_time.FromJsonString("2026-11-02T09:30:00Z")

    assert _printed(report_shown(report)).splitlines()[0].strip().endswith("UTC, ended")
