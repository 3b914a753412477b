"""A suite as real processes, and a second edge that reaches each service through a proxy."""

from __future__ import annotations

import pytest

from shared.testing.suite import running_suite
from tests.journeys.channels import Channels
from tests.journeys.definitions import for_everybody
from tests.journeys.shop import ITEMS, NEAR_EVERY_OFFER, OFFERS
from tests.resilience.second_edge import second_edge

SLOW_S = 1.0
LONG = {"under_load", "kills", "several_replicas", "simulation", "timer_kills", "hostile"}


def pytest_ignore_collect(collection_path, config):
    """Leave what takes minutes to those who name it, as `make test-resilience` does."""
    name = collection_path.name
    named = any(name in argument for argument in config.args)
    return True if name in LONG and not named else None


class Edge:
    """Channels into an edge whose every way to the back can be made bad."""

    def __init__(self, channels, proxies, home):
        self.channels = channels
        self.proxies = proxies
        self.home = home
        """Of the suite, whose own edge has no proxies."""


@pytest.fixture(scope="package")
async def edge(tmp_path_factory):
    home = tmp_path_factory.mktemp("resilience")
    settings = for_everybody(tmp_path_factory.mktemp("definitions") / "shop")
    async with (
        running_suite(home, "--data", "none", "--port", "0", environment=settings) as suite,
        second_edge(suite, SLOW_S) as (behind, proxies),
        Channels.opened(behind) as channels,
    ):
        await channels.stock(ITEMS, OFFERS, NEAR_EVERY_OFFER)
        yield Edge(channels, proxies, home)
