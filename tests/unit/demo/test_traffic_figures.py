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


def _visit(round_, *probabilities, accepted=0, arm="PERSONALISED", chance=0.1, best=0.5):
    seen = tuple(
        Seen(TIN, "web.item", probability, accepted=number < accepted)
        for number, probability in enumerate(probabilities)
    )
    return Visit(round_, (Page(seen, arm, chance, best),))


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
    found = tally([Visit(1, (Page((), "PERSONALISED", 0.0, 0.0),))])
    assert (found.shown, found.acceptance, found.error) == (0, 0.0, 0.0)


def test_those_held_out_are_told_apart():
    visits = [_visit(1, 0.2), _visit(1, 0.9, arm="HOLDOUT"), _visit(2, 0.4)]
    assert [each.expected for each in rounds(visits)] == [0.2, 0.4]
    report = Report.of(visits)
    assert report.held_out.expected == 0.9
    assert len(report.as_json()["rounds"]) == 2


def test_a_difference_beyond_chance_is_a_climb_and_one_within_it_is_none():
    def visits(last):
        spread = (-0.05, 0.05) * 4
        return [
            _visit(round_, level + off)
            for round_, level in ((1, 0.2), (2, 0.2), (3, last))
            for off in spread
        ]

    assert climb(visits(last=0.3)).has_climbed
    assert not climb(visits(last=0.21)).has_climbed
    assert not climb(visits(last=0.1)).has_climbed


def test_without_two_shoppers_at_either_end_nothing_is_compared():
    with pytest.raises(ValueError, match="too few"):
        climb([_visit(1, 0.2), _visit(2, 0.4)])
    with pytest.raises(ValueError, match="too few"):
        climb([])


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
