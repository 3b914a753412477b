"""The demo on the story shop: the stories come out, and shoppers visit and are counted."""

from __future__ import annotations

import pytest

from shared.testing.suite import running_suite
from tests.integration.cli.conftest import CommandLine


@pytest.fixture(scope="module")
async def story_shop(tmp_path_factory):
    home = tmp_path_factory.mktemp("demo")
    async with running_suite(home, "--data", "story", "--port", "0"):
        yield CommandLine(home)


def test_every_story_comes_out_or_says_why_it_is_left_out(story_shop):
    played = story_shop.json("demo")["stories"]
    left_out = {each["story"]: each["skipped"] for each in played if "skipped" in each}
    assert set(left_out) <= {"alike"}, left_out
    assert all("touchpoint train" in why for why in left_out.values())
    for each in played:
        assert all(each["claims"].values()), each
        assert each["claims"] or each["story"] in left_out


def test_shoppers_visit_and_what_they_take_is_counted_and_drawn(story_shop, tmp_path):
    chart = tmp_path / "traffic.png"
    plan = ("--rounds", "2", "--shoppers", "8", "--chart", str(chart))
    report = story_shop.json("demo", "--traffic", *plan)
    first, second = report["rounds"]
    people = first["shoppers"] + second["shoppers"] + report["held_out"]["shoppers"]
    assert people == 16
    assert first["shown"] > first["accepted"] > 0
    assert 0 < first["chance"] < first["best"] <= 1
    assert report["chart"] == str(chart)
    assert chart.read_bytes().startswith(b"\x89PNG")


def test_what_shoppers_did_is_told_to_people_as_a_table_with_a_verdict(story_shop, tmp_path):
    told = story_shop(
        *("demo", "--traffic", "--rounds", "2", "--shoppers", "2"),
        *("--chart", str(tmp_path / "traffic.png")),
    )
    assert "held out" in told
    assert "climb" in told
    assert f"Chart: {tmp_path}" in told
