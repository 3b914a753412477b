"""The modes in which the whole suite is run, and which journeys are tried in which."""

import pytest

MODES = {
    "processes": (),
    "colocated": ("--colocate",),
    "replicated": ("--replicas", "rules=2", "--replicas", "profile=2", "--replicas", "ranker=2"),
}
"""By the flags of `touchpoint up`."""
APART_AND_TOGETHER = pytest.mark.modes("colocated", "replicated")
"""For a long journey that a suite with one of each process would tell nothing more of."""


def is_tried(item: pytest.Item) -> bool:
    """Tell whether a journey is to be tried in the mode of the suite that it was collected for."""
    marker = item.get_closest_marker("modes")
    return marker is None or item.callspec.params["channels"] in marker.args
