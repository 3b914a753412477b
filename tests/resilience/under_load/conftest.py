"""One suite for all that is done to it, and the file of all that its callers were told."""

from __future__ import annotations

import os
import random

import pytest

from shared.testing.proxy import Fault
from tests.journeys.channels import TIMEOUT_S, Channels, identities, shown, until
from tests.journeys.definitions import for_everybody
from tests.journeys.shop import ITEMS, NEAR_EVERY_OFFER, OFFERS, SHOE
from tests.resilience.under_load.acknowledged import AcknowledgedFile
from tests.resilience.under_load.stage import on_stage
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.common.v1.vocabulary_pb2 import Channel

SEED_SETTING = "SEED"
CUSTOMERS = [f"load-{number}" for number in range(24)]
DECLINERS = frozenset(CUSTOMERS[:8])
"""They turned the shoe down."""


@pytest.fixture(scope="session")
def say(request):
    """Print a line whatever else is captured."""
    plugins = request.config.pluginmanager
    capture, reporter = plugins.get_plugin("capturemanager"), plugins.get_plugin("terminalreporter")

    def line(text):
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(text)

    return line


@pytest.fixture(scope="session")
def seed(say):
    """What all chance comes from; printed, so that a run can be done again."""
    chosen = int(os.environ.get(SEED_SETTING) or random.SystemRandom().randrange(1 << 30))
    say(f"seed {chosen}; the same again: make test-resilience SEED={chosen}")
    return chosen


@pytest.fixture(scope="session")
async def stage(tmp_path_factory):
    home = tmp_path_factory.mktemp("under-load")
    definitions = for_everybody(tmp_path_factory.mktemp("definitions") / "shop")
    async with on_stage(home, definitions) as found:
        await found.channels.stock(ITEMS, OFFERS, NEAR_EVERY_OFFER)
        for customer in CUSTOMERS:
            kind = "decline" if customer in DECLINERS else "view"
            await found.channels.track({"customer": customer}, kind, item_id=SHOE)
        await _until_rules_know(found)
        yield found


async def _until_rules_know(stage):
    """Wait until what was turned down is known even where profile does not answer."""
    await stage.proxies["profile"].behave(Fault.DEAD)
    async with Channels.opened(stage.behind_proxies) as channels:
        for customer in DECLINERS:

            async def known(customer=customer):
                answer = await channels.edge.Recommend(home_page(customer), timeout=TIMEOUT_S)
                return "rules" not in degraded(answer) and SHOE not in shown(answer)

            await until(known)
    await stage.proxies["profile"].behave(Fault.NONE)


def home_page(customer):
    return RecommendRequest(
        identities=identities({"customer": customer}),
        channel=Channel.WEB,
        placements=[PlacementRequest(placement="web.home.banner", limit=50)],
    )


def degraded(answer):
    return {entry.service for entry in answer.degraded}


@pytest.fixture(scope="session")
def acknowledged(stage):
    """Where every acknowledgement of the whole run is written down."""
    return stage.home / "acknowledged"


@pytest.fixture(scope="session")
def acknowledgements(acknowledged):
    file = AcknowledgedFile(acknowledged)
    yield file
    file.close()
