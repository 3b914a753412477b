"""The figures of traffic add up, and are drawn."""

from __future__ import annotations

import pytest

from demo.traffic import chart
from demo.traffic.answers import Seen
from demo.traffic.chart import NoChartError, draw, sparkline
from demo.traffic.report import Report
from demo.traffic.tally import Visit, climb, rounds, tally
from demo.traffic.visits import Page
from demo.traffic.wares import Ware

TIN = Ware("tin", "PRODUCT", ("Kitchen",), 2_000, worth_cents=800)


def _visit(round_, *probabilities, number=0, accepted=0, arm="PERSONALISED", chance=0.1, best=0.5):
    seen = tuple(
        Seen(TIN, "web.item", probability, accepted=place < accepted)
        for place, probability in enumerate(probabilities)
    )
    return Visit(round_, number, (Page(seen, arm, chance, best),))


def test_shares_are_of_what_was_shown_and_levels_weigh_each_page_by_it():
    found = tally(
        [_visit(1, 0.2, 0.4, 0.3, accepted=1, chance=0.1), _visit(1, 0.5, chance=0.5, best=0.9)]
    )
    assert (found.shoppers, found.shown, found.accepted) == (2, 4, 1)
    assert found.acceptance == 0.25
    assert found.expected == pytest.approx(0.35)
    assert found.chance == pytest.approx((3 * 0.1 + 0.5) / 4)
    assert found.best == pytest.approx((3 * 0.5 + 0.9) / 4)
    assert found.worth == pytest.approx(0.35 * 8.00 * 100)


def test_nothing_shown_is_no_acceptance_and_no_mistake():
    found = tally([Visit(1, 0, (Page((), "PERSONALISED", 0.0, 0.0),))])
    assert (found.shown, found.acceptance, found.error) == (0, 0.0, 0.0)


def test_those_held_out_are_told_apart():
    visits = [_visit(1, 0.2), _visit(1, 0.9, arm="HOLDOUT"), _visit(2, 0.4)]
    assert [each.expected for each in rounds(visits)] == [0.2, 0.4]
    report = Report.of(visits)
    assert report.held_out.expected == 0.9
    assert len(report.as_json()["rounds"]) == 2


def _three_rounds(last):
    """Eight tastes, liked very differently, and in the last round each by a little more or less."""
    return [
        _visit(round_, 0.1 * number + level + 0.01 * (number * round_ % 3), number=number)
        for round_, level in ((1, 0.0), (2, 0.0), (3, last))
        for number in range(8)
    ]


def test_a_difference_beyond_chance_is_a_climb_and_one_within_it_is_none():
    assert climb(_three_rounds(last=0.1)).has_climbed
    assert not climb(_three_rounds(last=0.0)).has_climbed
    assert not climb(_three_rounds(last=-0.05)).has_climbed


def test_tastes_are_compared_with_themselves_and_not_with_whoever_else_came():
    visits = _three_rounds(last=0.0)
    liked_anyway = [_visit(3, 0.99, number=number) for number in range(100, 110)]
    assert climb([*visits, *liked_anyway]) == climb(visits)


def test_without_two_tastes_at_both_ends_nothing_is_compared():
    for visits in (
        [],
        [_visit(1, 0.2), _visit(2, 0.4)],
        [_visit(1, 0.2, number=1), _visit(1, 0.2, number=2)],
        [_visit(1, 0.2, number=1), _visit(1, 0.2, number=2), _visit(2, 0.4, number=3)],
    ):
        with pytest.raises(ValueError, match="too few"):
            climb(visits)


def test_the_chart_is_a_picture_at_its_path(tmp_path):
    path = tmp_path / "charts" / "traffic.png"
    draw(Report.of([_visit(1, 0.2), _visit(2, 0.3), _visit(2, 0.1, arm="HOLDOUT")]), path)
    written = path.read_bytes()
    assert written.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(written) > 5_000


def test_without_matplotlib_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(chart, "find_spec", lambda _: None)
    with pytest.raises(NoChartError, match=r"touchpoint-server\[demo\]"):
        draw(Report.of([_visit(1, 0.2)]), tmp_path / "traffic.png")


def test_a_line_of_blocks_rises_with_the_shares():
    assert sparkline([0.0, 0.1, 0.2]) == "▁▅█"
    assert sparkline([]) == ""
    assert sparkline([0.0, 0.0]) == "▁▁"
