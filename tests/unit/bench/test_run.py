"""Parts are measured where they can be, and said to be left out where they cannot."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from bench import run
from bench.errors import MeasurementError
from bench.figures import DEFINITIONS, Figure
from bench.part import Part
from bench.parts import PARTS
from bench.run import found_by, measured, names_of
from bench.scale import QUICK


async def never(suite, scale, tell):
    raise AssertionError("measured although it cannot be")


async def test_a_part_whose_module_is_absent_is_left_out_with_that_reason():
    said: list[str] = []
    part = Part("training", never, needs="no_such_module")
    assert [figures async for figures in measured([part], QUICK, said.append)] == []
    assert said == ["training: left out, because no_such_module is not installed"]


async def test_figures_known_before_a_part_failed_are_kept_with_the_reason():
    async def halfway(suite, scale, tell):
        yield [Figure.median("train_s", [3.0])]
        raise MeasurementError("the shop is closed")

    found = await found_by(Part("training", halfway), suite=None, scale=QUICK, tell=print)
    assert [figure.name for figure in found.figures] == ["train_s"]
    assert found.failure == "training: the shop is closed"


def test_a_part_that_needs_nothing_has_no_obstacle():
    assert Part("training", never).obstacle == ""
    assert Part("training", never, needs="json").obstacle == ""


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_part_has_figures(part):
    assert names_of(part)


def test_every_figure_has_a_part():
    named = {definition.part for definition in DEFINITIONS.values()}
    also = {name for definition in DEFINITIONS.values() for name in definition.also}
    assert named | also == {part.name for part in PARTS}


def test_what_a_part_measures_at_length_belongs_to_both():
    pages = names_of(Part("recommend", never))
    assert "rated_rps" in pages
    assert "goodput_2x" not in pages
    assert pages < names_of(Part("edge", never))


async def test_parts_with_other_settings_get_a_suite_of_their_own(monkeypatch):
    opened = []

    @asynccontextmanager
    async def opening(*flags, settings):
        opened.append((*flags, *settings.items()))
        yield None

    async def nothing(suite, scale, tell):
        yield []

    monkeypatch.setattr(run, "opened_suite", opening)
    said: list[str] = []
    parts = [
        Part("training", nothing, settings={"A": "1"}),
        Part("apply", nothing, settings={"A": "1"}),
        Part("memory", nothing),
        Part("limits", nothing, ("--replicas", "rules=2")),
    ]
    found = [each.part.name async for each in measured(parts, QUICK, said.append)]
    assert found == ["training", "apply", "memory", "limits"]
    assert opened == [(("A", "1"),), (), ("--replicas", "rules=2")]
    assert "starting the suite A=1" in said
