"""What was shown is joined with what was done in bounded memory, and in slices as at once."""

import tracemalloc

import numpy as np
import pytest

from services.ranker.domain.measures import showings
from tests.unit.ranker.measures.story import deeds, places

OFTEN = 1_500
"""All showings by all clicks are 2.25 million pairs."""
MOST_BYTES = 100_000_000


def often_clicked(count):
    """Return one offer that one person was shown, and clicked, so many times; and bought."""
    clicks = [
        (0, 10 * at + 1, "click", {"offer_no": 7, "decision": at, "placement": 0})
        for at in range(count)
    ]
    bought = (0, 10 * count, "purchase", {"offer_no": 7, "order": 1})
    somebody_else = (1, 5, "click", {"offer_no": 7})
    shown = [(0, at, 10 * at, 7) for at in range(count)]
    return places(*shown), deeds(*clicks, bought, somebody_else)


def test_thousands_of_clicks_on_thousands_of_showings_of_one_offer_need_little_memory():
    shown, done = often_clicked(OFTEN)
    tracemalloc.start()
    try:
        found = showings.showings_of(shown, done)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.is_clicked.all()
    assert peak < MOST_BYTES


@pytest.mark.parametrize("at_once", [1, 2, 7, 100])
def test_in_slices_comes_out_what_comes_out_at_once(monkeypatch, at_once):
    shown, done = often_clicked(12)
    whole = showings.showings_of(shown, done)
    monkeypatch.setattr(showings, "_AT_ONCE", at_once)
    sliced = showings.showings_of(shown, done)
    for name in ("shown_us", "is_clicked", "is_declined", "is_accepted", "credited"):
        assert np.array_equal(getattr(sliced, name), getattr(whole, name)), name
    assert whole.is_clicked.all()
    assert whole.credited.max() == 11
