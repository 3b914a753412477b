"""Time travel: one person lives through a script, and a timeline says what scenarios make of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.backtest.script import read_script
from cli.main import app

DEFINITIONS = """
placements:
  - placement: web.home.banner
    channel: WEB
    limit: 1
    kinds: [PROMOTION, CONTENT]
    default_offers: [usual]
offers:
  - {offer_id: usual, kind: CONTENT, title: As usual, is_default: true}
  - {offer_id: come_back, kind: PROMOTION, title: Come back}
scenarios:
  - scenario: left_behind
    title: A cart left behind
    starts_on: [add_to_cart]
    where: event.category.startsWith("TVs")
    when: {cart_above: 50}
    condition: customer.attributes["tier"] == "gold"
    quiet_for: 30m
    goals: [purchase]
    again_after: 7d
    stages:
      - stage: on_the_site
        propose: {offer: come_back}
        lasts: 2d
        answers: {declined: call}
      - stage: call
        task: {kind: call, reason: Left a cart., script: "You had {cart}.", skills: [sales]}
        lasts: 3d
        answers: {reached: end}
"""
SCRIPT = """
starts: 2026-03-02T09:00
customer: {tier: gold}
items:
  - {item: tv-1, category: TVs > OLED, price: 1299}
  - {item: sock, category: Clothes, price: 9}
events:
  - +0 add_to_cart item sock
  - +1h add_to_cart item tv-1
  - +2h decline offer come_back
  - +1d task reached
  - +2d add_to_cart item tv-1
until: 3d
"""


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "definitions"
    made.mkdir()
    (made / "all.yaml").write_text(DEFINITIONS)
    return made


def run(folder: Path, script: str, *more):
    file = folder.parent / "ada.yaml"
    file.write_text(script)
    asked = ["simulate", str(folder), "--person-script", str(file), *more]
    return CliRunner().invoke(app, asked, env={"COLUMNS": "250"})


def test_a_timeline_says_what_happened_and_what_came_of_it_with_the_values(folder):
    found = run(folder, SCRIPT)
    assert found.exit_code == 0, found.output
    lines = [line[31:].strip() for line in found.stdout.splitlines()]
    assert lines == [
        "add_to_cart item sock",
        'left_behind: does not begin: event.category.startsWith("TVs"): not so'
        ' (event.category = "Clothes")',
        "add_to_cart item tv-1",
        "left_behind: begins, and is looked at 2026-03-02 10:30 UTC",
        "left_behind: cart above 50: so (it is worth 1308)",
        'left_behind: customer.attributes["tier"] == "gold": so'
        " (customer.attributes = {'tier': 'gold'})",
        "left_behind: enters on_the_site, which proposes come_back",
        "left_behind: proposes come_back",
        "left_behind: waits for an answer to come_back, until 2026-03-04 10:30 UTC",
        "decline offer come_back",
        "left_behind: is led to call",
        "left_behind: enters call, which task: call",
        "left_behind: gives a task (call) until 2026-03-05 11:00 UTC: You had tv-1 and sock.",
        "left_behind: waits for the outcome of its task (call), until 2026-03-05 11:00 UTC",
        "task reached",
        "left_behind: ends: left",
        "add_to_cart item tv-1",
        "left_behind: does not begin: was on it lately: again from 2026-03-10 09:00 UTC",
    ]
    assert run(folder, SCRIPT).stdout == found.stdout


def test_who_does_not_meet_a_condition_is_told_by_its_values(folder):
    silver = SCRIPT.replace("tier: gold", "tier: silver").replace("  - +1d task reached\n", "")
    found = run(folder, silver, "--json")
    moments = json.loads(found.stdout)["moments"]
    said = [each["said"] for each in moments if each.get("scenario")]
    assert "ends: not so" in said
    assert any("not so (customer.attributes = {'tier': 'silver'})" in each for each in said)


def test_all_mistakes_of_a_script_are_told_at_once_with_line_and_column(folder):
    wrong = """items:
  - {item: tv-1, prize: 3}
events:
  - view tv-1
  - +3x view item tv-1
  - +3d view itm tv-1
  - +3d view item tv-1 quantity many
  - +4d task sleeping
untill: 3d
"""
    found = run(folder, wrong)
    assert found.exit_code != 0
    told = [line.partition("ada.yaml:")[2] for line in found.stderr.splitlines()]
    places = [each.split(": ")[0] for each in told if each]
    assert places[:7] == ["9:1", "2:18", "4:5", "5:6", "6:14", "7:24", "8:14"], found.stderr
    assert "do you mean item?" in found.stderr


def test_what_profile_refuses_and_items_there_are_not_are_told_at_their_line(folder):
    found = run(folder, SCRIPT.replace("offer come_back", "offer gone"))
    assert "ada.yaml:10:5: there is no item or offer gone" in found.stderr
    found = run(folder, SCRIPT.replace("+2h decline offer come_back", "+2h view quantity -1"))
    assert "ada.yaml:10:5: quantity" in found.stderr
    found = run(folder, SCRIPT.replace("+1d task", "+30m task"))
    assert "ada.yaml:11:5: the person has no task then" in found.stderr


def test_a_script_that_is_no_yaml_is_told_where():
    (problem,) = read_script("events: [\n  - +1h", "ada.yaml").problems
    assert (problem.line, problem.column) == (2, 3)


_CALLS = """
placements:
  - {placement: web.home.banner, channel: WEB, limit: 1, kinds: [CONTENT], default_offers: [usual]}
offers:
  - {offer_id: usual, kind: CONTENT, title: As usual, is_default: true}
templates:
  - {template: hello, channels: EMAIL, subject: Hello, text: "{{ unsubscribe.link }}"}
scenarios:
  - scenario: word_of_it
    starts_on: [out_of_stock]
    stages:
      - stage: tell
        send: {channels: [CALL_CENTER, EMAIL], template: hello}
        task: {kind: call, reason: Sold out., script: May I help?, skills: [sales]}
        lasts: 1h
"""


def test_whoever_is_there_calls_in_place_of_a_message(folder):
    (folder / "all.yaml").write_text(_CALLS)
    script = """
starts: 2026-03-02T09:00
consents: [marketing]
items: [{item: tv-1, price: 9}]
events: [+0 out_of_stock item tv-1, +1d out_of_stock item tv-1]
"""
    calls = "word_of_it: gives a task (call)"
    assert calls not in run(folder, script).stdout
    on_tuesdays = folder.parent / "shifts.yaml"
    on_tuesdays.write_text("- {agents: 1, skills: [sales], days: [TUE]}")
    for asked, times in ((["--agents", "1"], 2), (["--shifts", str(on_tuesdays)], 1)):
        found = run(folder, script, *asked)
        assert found.stdout.count(calls) == times, found.stdout
