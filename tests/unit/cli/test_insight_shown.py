"""What `touchpoint report insight` prints and draws."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from cli.console import CommandError
from cli.showing import insight_chart
from cli.showing.insight import as_json_insight, insight_shown
from cli.showing.insight_chart import draw
from touchpoint.ranker.v1.insight_pb2 import (
    EffectEstimate,
    EffectPart,
    EffectTrend,
    NothingPredicts,
    PredictingValue,
    Predictor,
    ReportInsightResponse,
)


def value(text, times, clear=True, **more):
    return PredictingValue(
        value=text,
        people=400,
        shown=1_000,
        accepted=120,
        times_as_often=EffectEstimate(value=times, low=times * 0.8, high=times * 1.2),
        log_odds=EffectEstimate(value=times - 1, low=times - 1.2, high=times - 0.8),
        clear=clear,
        **more,
    )


def part(times=None):
    told = EffectPart()
    if times is not None:
        told.times_as_often.value = times
    return told


def found(**more):
    made = ReportInsightResponse(
        people=2_000,
        shown=5_000,
        accepted=400,
        tested=["attr.club_member", "segment", "value_tier"],
        predictors=[
            Predictor(
                name="attr.club_member",
                overlapping=["segment"],
                values=[
                    value(
                        "yes",
                        2.3,
                        parts=[part(3.0), part(), part(1.5)],
                        trend=EffectTrend.FADING,
                    ),
                    value("no", 0.5),
                    *(value(f"perhaps {number}", 1.1, clear=False) for number in range(9)),
                ],
            )
        ],
        **more,
    )
    made.since_time.FromJsonString("2026-08-01T00:00:00Z")
    made.until_time.FromJsonString("2026-10-30T00:00:00Z")
    return made


def printed(answer):
    console = Console(file=io.StringIO(), width=400)
    console.print(insight_shown(answer))
    return console.file.getvalue()


def test_what_predicts_is_a_table_with_intervals_people_and_what_became_of_it():
    text = printed(found())
    for told in (
        "2,000 people were shown 5,000 times something and accepted 400 (8.0%), 2026-08-01 to",
        "club member",
        "▲ 2.3 (1.8–2.8)",
        "3.0 → ? → 1.5 fading",
        "▼ 0.5 (0.4–0.6)",
        "· 1.1 (0.9–1.3)",
        "club member tells much the same people apart as segment.",
        "Of 3 characteristics compared, 2 tell nothing more.",
    ):
        assert told in text, told


def test_values_that_may_be_chance_are_few_and_the_best_stand_first():
    lines = printed(found()).splitlines()
    [yes, no] = (next(at for at, line in enumerate(lines) if told in line) for told in ("▲", "▼"))
    assert yes < no
    assert sum("perhaps" in line for line in lines) == 4


def test_a_report_of_the_newest_showings_only_says_so():
    assert "more was shown before" not in printed(found())
    assert "more was shown before" in printed(found(newest_only=True))


@pytest.mark.parametrize("reason", NothingPredicts.Value.values()[1:])
def test_where_nothing_predicts_it_says_why(reason):
    nothing = ReportInsightResponse(
        people=30, shown=90, accepted=3, nothing=reason, tested=["age"], detectable_times=1.44
    )
    text = printed(nothing)
    assert "Nothing predicts what is accepted: " in text
    assert "nothing was asked" not in text
    if reason == NothingPredicts.NO_DIFFERENCE:
        assert "1.4 times as often as the others" in text


def test_of_nothing_shown_nothing_is_divided():
    text = printed(ReportInsightResponse(nothing=NothingPredicts.TOO_FEW_PEOPLE))
    assert "0 people were shown 0 times something and accepted 0 (0.0%)." in text


def test_machines_are_told_all_of_it():
    told = json.loads(json.dumps(as_json_insight(found())))
    assert told["predictors"][0]["values"][0]["timesAsOften"]["value"] == 2.3
    assert told["newestOnly"] is False


@pytest.mark.parametrize(("name", "begins"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml")])
def test_a_chart_is_drawn_by_the_name_of_its_file(tmp_path, name, begins):
    pytest.importorskip("matplotlib", reason="charts need matplotlib (extra charts)")
    for answer in (found(), ReportInsightResponse()):
        draw(answer, tmp_path / "new" / name)
        assert (tmp_path / "new" / name).read_bytes().startswith(begins)


def test_without_matplotlib_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(insight_chart, "find_spec", lambda name: None)
    with pytest.raises(CommandError, match="charts"):
        draw(found(), tmp_path / "a.png")
