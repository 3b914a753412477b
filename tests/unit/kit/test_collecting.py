"""Processes that collect the same tests begin with a part each, so that nobody repeats it all."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from tests.collecting import nothing_thrown_away, part

PATHS = [Path(str(number)) for number in range(7)]


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_all_parts_together_are_all_in_order(count: int) -> None:
    parts = [part(PATHS, number, count) for number in range(count)]
    assert [path for each in parts for path in each] == PATHS
    sizes = [len(each) for each in parts]
    assert max(sizes) - min(sizes) <= 1


def test_garbage_is_looked_for_again_afterwards() -> None:
    with nothing_thrown_away():
        assert not gc.isenabled()
    assert gc.isenabled()
