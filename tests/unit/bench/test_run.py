"""Parts are measured where they can be, and said to be left out where they cannot."""

from __future__ import annotations

import pytest

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
    assert {definition.part for definition in DEFINITIONS.values()} == {part.name for part in PARTS}
