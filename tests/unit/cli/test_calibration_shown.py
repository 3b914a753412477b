"""The report of the model says in a table and in words how far what it foretells comes true."""

import io

import pytest
from rich.console import Console

from cli.showing.calibration import calibration_shown, draw
from touchpoint.ranker.v1.booster_pb2 import BoosterStanding
from touchpoint.ranker.v1.calibration_pb2 import ReportCalibrationResponse


def found(showings=1_000):
    told = ReportCalibrationResponse(
        error=0.012, log_loss=0.31, log_loss_of_share=0.36, showings=showings, accepted=120
    )
    told.bins.add(showings=showings // 2, foretold=0.02, accepted=0.025)
    told.bins.add(showings=showings // 2, foretold=0.22, accepted=0.2)
    return told


def said(told):
    console = Console(file=io.StringIO(), width=200)
    console.print(calibration_shown(told))
    return console.file.getvalue()


def test_the_curve_and_what_it_comes_to_are_told():
    text = said(found())
    assert "22.00%" in text
    assert "-2.00 points" in text
    assert "off by 1.20 points" in text
    assert "0.3100; foretelling always the same share would have 0.3600" in text
    assert "chance" not in text


def test_of_few_showings_it_says_that_it_may_be_chance():
    assert "may be chance" in said(found(showings=120))


def test_the_period_is_told_and_what_may_still_be_accepted():
    told = found()
    told.from_time.FromJsonString("2026-11-01T08:00:00Z")
    told.to_time.FromJsonString("2026-11-03T09:30:00Z")
    text = said(told)
    assert "Shown from 2026-11-01 08:00 to 2026-11-03 09:30 UTC" in text
    assert "left out" in text
    told.is_unsettled = True
    assert "counts as not accepted so far" in said(told)


@pytest.mark.parametrize(
    ("figures", "meaning"),
    [
        ({"gain_low": 0.001, "gain_high": 0.002}, "It pays."),
        ({"gain_low": -0.001, "gain_high": 0.002}, "It may or may not pay."),
        ({"gain_low": -0.002, "gain_high": -0.001, "costs": True}, "It costs: grow it anew"),
        ({"costs": True, "is_taken_out": True}, "It cost, and was taken out"),
        ({"too_little": "3 answers"}, "cannot be told yet: 3 answers."),
    ],
)
def test_whether_the_booster_pays_is_told(figures, meaning):
    told = found()
    told.booster.CopyFrom(BoosterStanding(booster="abc", answers=900, gain=0.5, **figures))
    assert meaning in said(told)


def test_where_nothing_was_shown_it_says_so():
    assert "Nothing was shown yet" in said(ReportCalibrationResponse())


@pytest.mark.parametrize("name", ["curve.svg", "curve.png"])
def test_the_curve_is_drawn(tmp_path, name):
    pytest.importorskip("matplotlib")
    draw(found(), tmp_path / "made" / name)
    assert (tmp_path / "made" / name).stat().st_size > 1_000
