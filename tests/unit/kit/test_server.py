"""What a process does for its requests once everything is loaded."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from shared.server import spare_requests


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_is_loaded_is_left_out_of_collections() -> None:
    loaded: list[object] = [{"row": number} for number in range(1000)]
    spare_requests()
    assert gc.get_freeze_count() > len(loaded)
    assert all(found is not loaded for found in gc.get_objects())
