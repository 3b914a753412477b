"""What `touchpoint report scenario` prints and draws."""

from __future__ import annotations

import io
import json
from datetime import datetime
from xml.etree import ElementTree

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console

from cli.console import CommandError
from cli.drawing import png as png_writer
from cli.drawing.scenario import draw, pictured
from cli.drawing.shapes import Box, Words
from cli.drawing.svg import svg
from cli.showing.scenario_words import as_json_scenarios
from cli.showing.scenarios import overview_shown, scenario_shown
from touchpoint.rules.v1.rules_pb2 import RuleMode
from touchpoint.rules.v1.scenarios_pb2 import ScenarioAim
from touchpoint.scenario.v1.reports_pb2 import (
    ErrandCount,
    FailedCondition,
    GetScenarioReportResponse,
    GoalComparison,
    GoalDifference,
    GoalGroup,
    JourneyEnd,
    ParkedJourneys,
    ScenarioReport,
    StageReport,
    StageWay,
    TakenUp,
    TaskCount,
)

NOON = datetime(2026, 11, 23, 12)
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>"&\N{RIGHT-TO-LEFT OVERRIDE}\x07\uffff]]>'


def stage(name, *ways, **more):
    made = StageReport(stage=name, does="proposes come_back", defined=True, ways=ways, **more)
    made.low_time.FromSeconds(3_600)
    made.median_time.FromSeconds(86_400)
    made.high_time.FromSeconds(3 * 86_400)
    return made


def report(**more):
    first = stage(
        "web_offer",
        StageWay(to="call", reasons=["after 2 d"], journeys=60),
        StageWay(reasons=["declined", "10%: left_alone"], journeys=20),
        here=7,
        entered=90,
        journeys=90,
        reached=9,
        left=80,
        ends=[JourneyEnd(outcome="reached", journeys=9)],
        errands=[
            ErrandCount(kind="message", state="sent", errands=40),
            ErrandCount(kind="message", state="skipped", reason="NO_CONSENT", errands=3),
        ],
    )
    second = stage(
        "call",
        StageWay(to="web_offer", reasons=["not reached"], journeys=4),
        StageWay(to="call", reasons=["busy"]),
        StageWay(to="a_stage_of_before", journeys=1),
        entered=60,
        parked=[
            ParkedJourneys(
                reason="its offer is gone: come_back",
                journeys=2,
                goes_on_time=Timestamp(seconds=1_772_452_800),
            )
        ],
        overdue=1,
        parked_long=2,
        endless=4,
        tasks=[TaskCount(outcome="not_reached", tasks=12), TaskCount(tasks=5)],
    )
    before = StageReport(stage="a_stage_of_before", here=1)
    made = ScenarioReport(
        scenario="abandoned_cart",
        title="A cart left behind",
        defined=True,
        mode=RuleMode.ENFORCED,
        aim=ScenarioAim.ORDER_VALUE,
        begins_with="add_to_cart, then quiet for 30 min",
        waiting=40,
        under_way=70,
        parked=2,
        stuck=3,
        failed_conditions=[FailedCondition(place="exits[0].where", times=12)],
        began=1_400,
        entered=90,
        stages=[first, second, before],
        ends=[
            JourneyEnd(outcome="not_so", journeys=1_000),
            JourneyEnd(outcome="reached", entered=True, journeys=9),
        ],
        goal=GoalComparison(
            entered=GoalGroup(
                people=400, reached=100, in_time=30, valued=90, mean_value_micros=1_234_500_000
            ),
            held_out=GoalGroup(people=40, reached=2, in_time=1),
            difference=GoalDifference(difference=0.2, low=0.1, high=0.25),
        ),
        **more,
    )
    made.goal.counts_for.FromSeconds(5 * 86_400)
    return made


def found(*reports):
    made = GetScenarioReportResponse(scenarios=reports)
    made.since_time.FromDatetime(datetime(2026, 10, 24, 12))
    made.until_time.FromDatetime(NOON)
    return made


def printed(shown, width=240, **looks):
    console = Console(file=io.StringIO(), width=width, **looks)
    console.print(shown)
    return console.file.getvalue()


def test_of_those_who_were_quiet_already_it_is_told_who_waits_and_whether_more_may_come():
    assert "Quiet already" not in printed(scenario_shown(found(report())))
    taken = TakenUp(looked_at=3_000, began=120, waiting=60, entered=20)
    taken.last_time.FromDatetime(NOON)
    said = "Quiet already: 120 taken up of 3,000 looked at, 20 entered, 60 wait, the last until"
    text = printed(scenario_shown(found(report(taken_up=taken))))
    assert f"{said} {NOON:%Y-%m-%d %H:%M} UTC, the log is still being searched." in text
    over = TakenUp(looked_at=3, began=2, entered=1, is_through=True)
    text = printed(scenario_shown(found(report(taken_up=over))))
    assert "Quiet already: 2 taken up of 3 looked at, 1 entered." in text


def test_a_scenario_is_told_stage_by_stage():
    text = printed(scenario_shown(found(report())))
    for said in (
        "abandoned_cart · A cart left behind",
        "In force. Begins with add_to_cart, then quiet for 30 min. Aim: larger orders.",
        "Their orders were worth 1,234.50 on average, - of those held out.",
        "Now: 40 before the first stage, 70 in a stage, 2 of all parked.",
        "3 stuck: due for more than five minutes and not moved, parked for more than a day, or in a"
        " stage for more than 90 days that no time ends.",
        "exits[0].where could not be evaluated: 12 times, each as if it did not hold.",
        "Began 2026-10-24 12:00 to 2026-11-23 12:00 UTC: 90 entered of 1,400 that began.",
        "Goal within 5 d: 25.0% of 400 people who met what it takes, 5.0% of 40 held out.",
        "Difference: +20.0 points (+10.0 to +25.0), more than chance.",
        "30 and 1 of them still have time.",
        "call 60 (75.0%)",
        "1 d (1 h to 3 d)",
        "2 parked: its offer is gone: come_back, looked at again 2026-03-02 12:00 UTC",
        "stuck: 1 overdue, 2 parked for more than a day, 4 for more than 90 days",
        "tasks: 12 not reached, 5 open",
        "messages: 40 sent, 3 skipped (NO_CONSENT)",
        "ended here: 9 reached the goal",
        "only in earlier editions",
    ):
        assert said in text
    (line,) = (line for line in text.splitlines() if line.startswith("not so any more"))
    assert line.split()[-3:] == ["no", "1,000", "71.4%"]


def test_a_difference_that_chance_may_have_made_is_told_as_such():
    made = report()
    made.goal.difference.low = -0.01
    assert "not more than chance would have" in printed(scenario_shown(found(made)))


def test_without_anybody_held_out_nothing_is_compared():
    made = report()
    made.goal.ClearField("difference")
    made.goal.held_out.Clear()
    text = printed(scenario_shown(found(made)))
    assert "- of 0 held out" in text
    assert "Difference" not in text


def test_all_scenarios_stand_in_a_table():
    session = ScenarioReport(scenario="hesitation", defined=True, in_session=True)
    gone = ScenarioReport(scenario="older", under_way=3)
    tried = ScenarioReport(scenario="tried", defined=True, mode=RuleMode.SHADOW, began=1_200)
    text = printed(overview_shown(found(report(), session, gone, tried)))
    lines = [line.split() for line in text.splitlines()]
    (usual, *_) = (line for line in lines if line[:1] == ["abandoned_cart"])
    assert " ".join(usual) == "abandoned_cart 70 (+40) 90 (6%) 25.0% +20.0 (+10.0 to +25.0)"
    assert ["3", "stuck"] in lines
    assert ["hesitation", "in", "the", "session"] in lines
    assert lines[lines.index(["older", "3", "0"]) + 1] == ["not", "defined", "any", "more"]
    assert lines[lines.index(["tried", "0", "0", "(0%)"]) + 1] == ["in", "shadow"]


def test_a_scenario_as_usual_has_one_line_of_eighty_columns():
    usual = report()
    usual.scenario, usual.stuck = "lapsed_best_customer", 0
    usual.began, usual.entered, usual.under_way, usual.waiting = 123_456, 65_432, 1_234, 567
    lines = printed(overview_shown(found(usual)), width=80).splitlines()
    (line,) = (line for line in lines if line.startswith("lapsed_best_customer"))
    assert line.split()[1:3] == ["1,234", "(+567)"]
    assert line.endswith("65,432 (53%)  25.0%  +20.0 (+10.0 to +25.0)")
    assert not lines[lines.index(line) + 1].strip()


def test_what_chance_may_have_made_is_dim_in_the_table():
    made = report()
    made.stuck = 0
    looks = {"force_terminal": True, "color_system": "standard"}
    assert "\x1b[2m+20.0" not in printed(overview_shown(found(made)), **looks)
    made.goal.difference.low = -0.01
    assert "\x1b[2m+20.0" in printed(overview_shown(found(made)), **looks)


def test_where_there_is_no_scenario_that_is_said():
    assert "No scenario is defined" in printed(overview_shown(found()))


def test_machines_are_told_all_of_it():
    told = json.loads(json.dumps(as_json_scenarios(found(report()))))
    assert told["scenarios"][0]["stages"][0]["ways"][0]["journeys"] == "60"
    assert told["scenarios"][0]["inSession"] is False


def texts(picture):
    return [shape.text for shape in picture.shapes if isinstance(shape, Words)]


def test_every_stage_way_and_count_is_in_the_picture():
    picture = pictured(report(), NOON)
    said = texts(picture)
    for text in (
        *("abandoned_cart", "A cart left behind", "In force, 2026-11-23 12:00 UTC", "3 stuck"),
        *("web_offer", "call", "a_stage_of_before", "7 now", "90 entered, goal 10.0%"),
        *("after 2 d", "60 (75.0%)", "declined", "not reached", "busy", "by an earlier edition"),
        *("90 entered", "1,400 began, 40 wait", "only in earlier editions"),
    ):
        assert text in said
    assert sum(box.is_dashed for box in picture.shapes if isinstance(box, Box)) == 1


def test_a_picture_with_hostile_names_is_a_document_that_says_them():
    made = report()
    made.title = HOSTILE
    made.stages[0].does = HOSTILE
    made.stages[0].ways[0].reasons[0] = HOSTILE
    tree = ElementTree.fromstring(svg(pictured(made, NOON)))
    assert tree.tag == f"{SVG}svg"
    assert not list(tree.iter(f"{SVG}script"))
    assert any("<script>" in (each.text or "") for each in tree.iter(f"{SVG}text"))


def test_what_is_nowhere_kept_is_drawn_without_counts():
    made = ScenarioReport(
        scenario="hesitation", defined=True, in_session=True, stages=[stage("reassure")]
    )
    assert not any("0" in text for text in texts(pictured(made, NOON))[2:])


def test_a_scenario_without_stages_is_drawn():
    assert svg(pictured(ScenarioReport(scenario="older"), NOON)).startswith("<svg")


def test_a_picture_is_drawn_by_the_name_of_its_file(tmp_path):
    draw(report(), NOON, tmp_path / "new" / "flow.SVG")
    ElementTree.parse(tmp_path / "new" / "flow.SVG")
    pytest.importorskip("matplotlib", reason="charts need matplotlib (extra charts)")
    draw(report(), NOON, tmp_path / "new" / "flow.png")
    assert (tmp_path / "new" / "flow.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_it_says_what_to_install_and_that_svg_needs_nothing(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(png_writer, "find_spec", lambda name: None)
    with pytest.raises(CommandError, match=r"touchpoint-server\[charts\].*svg needs nothing"):
        draw(report(), NOON, tmp_path / "flow.png")
    assert not (tmp_path / "flow.png").exists()
    draw(report(), NOON, tmp_path / "flow.svg")
