"""A figure is the median of its rounds, kept with its spread and held to its target."""

from __future__ import annotations

import json

import pytest

from bench.figures import DEFINITIONS, Definition, Figure
from bench.report import merged, read_rows, write_rows


def row(name: str, value: float):
    return Figure.median(name, [value]).row()


def test_the_median_of_the_rounds_counts_and_the_spread_is_kept():
    found = Figure.median("recommend_cpu_ms", [9.0, 7.0, 8.0]).row()

    assert (found["value"], found["spread"]) == (8.0, [7.0, 9.0])


@pytest.mark.parametrize(
    ("name", "value", "ok"),
    [
        ("recommend_cpu_ms", 10.0, True),
        ("recommend_cpu_ms", 10.01, False),
        ("rated_over_floor", 0.33, True),
        ("rated_over_floor", 0.32, False),
        ("read_your_write_violations", 0, True),
        ("read_your_write_violations", 1, False),
        ("recommend_p50_ms", 1e9, True),
    ],
)
def test_a_target_is_kept_up_to_its_very_value(name, value, ok):
    assert row(name, value)["ok"] is ok


def test_a_target_is_judged_before_the_value_is_rounded_for_show():
    found = row("in_deadline_100_share", 0.9989999)

    assert found["ok"] is False


def test_the_target_is_written_in_words():
    assert Definition("part", "ms", at_most=8.5).target == "<= 8.5"
    assert Definition("part", "ms", at_least=15_000).target == ">= 15000"
    assert Definition("part", "ms").target is None


def test_a_part_replaces_only_its_own_rows():
    earlier = [row("recommend_p50_ms", 5.0), row("rss_total_mb", 900.0)]

    rows = merged(earlier, [row("rss_total_mb", 800.0)])

    assert [(found["name"], found["value"]) for found in rows] == [
        ("recommend_p50_ms", 5.0),
        ("rss_total_mb", 800.0),
    ]


def test_rows_keep_their_order_whatever_is_measured_first():
    rows = merged([row("rss_total_mb", 1.0)], [row("recommend_p50_ms", 1.0)])

    assert [found["name"] for found in rows] == ["recommend_p50_ms", "rss_total_mb"]


def test_what_was_written_is_read_again(tmp_path):
    file = tmp_path / "build" / "bench.json"
    rows = [row(name, 1.0) for name in DEFINITIONS]

    write_rows(file, rows)

    assert read_rows(file) == rows
    assert {"name", "value", "unit", "target", "ok"} <= json.loads(file.read_text())[0].keys()


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"name": "gone"}]'])
def test_a_file_that_means_nothing_is_as_good_as_none(tmp_path, text):
    file = tmp_path / "bench.json"
    file.write_text(text)

    assert read_rows(file) == []
    assert read_rows(tmp_path / "absent.json") == []
