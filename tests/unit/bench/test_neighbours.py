"""What neighbours took of the machine is a share of the time since the watch began."""

from __future__ import annotations

from collections import namedtuple

import psutil
import pytest

from bench.neighbours import Neighbours

Linux = namedtuple("Linux", "user idle steal")
Other = namedtuple("Other", "user idle")


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        (Linux(10, 10, 5), Linux(14, 14, 7), 0.2),
        (Linux(10, 10, 5), Linux(10, 10, 5), 0.0),
        (Other(10, 10), Other(14, 14), 0.0),
    ],
)
def test_the_share_is_of_the_time_since_then(monkeypatch, before, after, share):
    told = iter([before, after])
    monkeypatch.setattr(psutil, "cpu_times", lambda: next(told))
    assert Neighbours().share() == pytest.approx(share)
