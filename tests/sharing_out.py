"""Shares tests out to processes: what many tests share is started in one of them only."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.journeys.modes import MODES

JOURNEYS = "tests/journeys"
ONE_SUITE = ("tests/resilience", "tests/integration/cli")
"""Folders whose tests share one running suite."""
ONE_SHOP = "tests/unit/demo"
"""The folder whose tests share the story shops, each a second or two to make."""
SLOW = (JOURNEYS, *ONE_SUITE, "tests/integration")
"""What waits for processes to start comes first, so that at the end nobody works alone."""


class BySetting(LoadScopeScheduling):
    """Gives one process all that share a running suite, else all tests of a file."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        config.option.loadscopereorder = False  # by number, one long test would come last
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return setting_of(nodeid)


def setting_of(nodeid: str) -> str:
    """Name what a test shares with others: a suite (in a mode), a shop, or else a file."""
    path, _, test = nodeid.partition("::")
    folder = path.rpartition("/")[0]
    mode = test.partition("[")[2].removesuffix("]").partition("-")[0]
    if folder == JOURNEYS and mode in MODES:
        return f"{folder}[{mode}]"
    return folder if folder in (*ONE_SUITE, ONE_SHOP) else path


def slow_first(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW))
