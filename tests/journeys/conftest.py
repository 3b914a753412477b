"""The suite in each of its modes, with a small shop in it."""

from __future__ import annotations

import pytest

from shared.testing.suite import running_suite
from tests.journeys.channels import Channels
from tests.journeys.definitions import (
    asking,
    by_call,
    by_letter,
    for_everybody,
    trying,
    writing,
)
from tests.journeys.modes import MODES, is_tried, is_tried_again
from tests.journeys.shop import ITEMS, NEAR_EVERY_OFFER, OFFERS

IMPATIENT = {"TOUCHPOINT_DECISION_PATIENCE_S": "2"}
"""So that what waits in vain is put aside while a test waits for it."""
RECORDING = {"TOUCHPOINT_RECORDED_PER_HOUR": "100000"}
"""So that every decision is recorded, however many journeys went before."""
UNSUBSCRIBING = {"TOUCHPOINT_UNSUBSCRIBE_URL": "https://shop.example/unsubscribe"}
"""So that e-mails can be sent, each with a link that ends them."""


def pytest_collection_modifyitems(config, items):
    """Leave out what is not tried in a mode; tried once more in another, a journey is long."""
    for item in filter(is_tried_again, items):
        item.add_marker(pytest.mark.long)
    tried = [item for item in items if is_tried(item)]
    config.hook.pytest_deselected(items=[item for item in items if not is_tried(item)])
    # What leaves a suite in disorder comes after all that has to find its way in it.
    items[:] = sorted(tried, key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="package", params=MODES)
async def channels(request, tmp_path_factory):
    """Every channel of the retailer, in front of a suite that holds the small shop."""
    home = tmp_path_factory.mktemp(request.param)
    definitions = tmp_path_factory.mktemp("definitions") / "shop"
    settings = for_everybody(definitions) | IMPATIENT | RECORDING | UNSUBSCRIBING
    asking(definitions)
    trying(definitions)
    writing(definitions)
    by_letter(definitions)
    by_call(definitions)
    flags = ("--data", "none", "--port", "0", *MODES[request.param])
    async with (
        running_suite(home, *flags, environment=settings) as suite,
        Channels.opened(suite) as opened,
    ):
        await opened.stock(ITEMS, OFFERS, NEAR_EVERY_OFFER)
        yield opened
