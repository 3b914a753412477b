"""The modes in which the whole suite is run, and which journeys are tried in which."""

import pytest

MODES = {
    "colocated": ("--colocate",),
    "processes": (),
    "replicated": ("--replicas", "rules=2", "--replicas", "profile=2", "--replicas", "ranker=2"),
}
"""By the flags of `touchpoint up`."""
APART_AND_TOGETHER = pytest.mark.modes("replicated", "colocated")
"""For a long journey that a suite with one of each process would tell nothing more of."""
APART_FIRST = pytest.mark.modes("replicated", "processes", "colocated")
"""For what may come out otherwise where processes hear of it one after the other."""


def is_tried(item: pytest.Item) -> bool:
    """Tell whether a journey is to be tried in the mode of the suite that it was collected for."""
    return _place(item) is not None


def is_tried_again(item: pytest.Item) -> bool:
    """Tell whether that is another mode than the one in which it is tried first."""
    return bool(_place(item))


def _place(item: pytest.Item) -> int | None:
    """Return the place of the mode among those of the journey; 0 where it shares no suite."""
    called = getattr(item, "callspec", None)
    mode = called and called.params.get("channels")
    if mode not in MODES:
        return 0
    marker = item.get_closest_marker("modes")
    modes = tuple(MODES) if marker is None else marker.args
    return modes.index(mode) if mode in modes else None
