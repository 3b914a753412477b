"""Whatever is killed, frozen or slowed under load: honest answers, and nothing told is lost.

Outcomes and what is said to be degraded are held, never times.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

import pytest

from tests.journeys.shop import DVD_PROMOTION, FREE_SHIPPING, SHOE, SHOE_IN_BLUE, SHOE_PROMOTION
from tests.resilience.under_load.conftest import CUSTOMERS, DECLINERS
from tests.resilience.under_load.load import Load
from tests.resilience.under_load.stage import ENGINES, SERVICES, Harm
from touchpoint.common.v1.vocabulary_pb2 import OfferKind

DURING = 30
"""Requests for a decision that end while harm is done."""
TIMES = {Harm.KILL: 3, Harm.FREEZE: 1, Harm.SLOW: 1}
"""How often it is done: what was in hand at a crash is another thing each time."""
CONTACT_LIMIT = 3
"""As shipped, in 7 days."""
CHECK_S = 90.0
HONEST = {"OK", "UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"}
"""What callers may hear of an edge that is harmed; the last, when all that waited comes at once."""
PROMOTIONS = {FREE_SHIPPING, SHOE_PROMOTION, DVD_PROMOTION}
SAID: dict[str, set[str]] = {
    **{name: {name} for name in SERVICES if name != "aggregator"},
    "postgres": {"rules", "profile"},
}
"""Component to what must be said to be degraded without it."""
BACK_IN_TIME = {"nats", "postgres"}
"""No answer waits for the one, and killed the other is back before some answers are due."""

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("harm", Harm, ids=lambda harm: harm.value)
@pytest.mark.parametrize("component", [*SERVICES, *ENGINES])
async def test_under_harm_answers_are_honest_and_afterwards_all_is_well(
    component, harm, stage, acknowledgements, seed
):
    address = stage.edge(component, harm)
    chance = f"{seed}/{component}/{harm.value}"
    during = []
    async with Load(address, acknowledgements, CUSTOMERS, chance) as load:
        for _ in range(TIMES[harm]):
            await load.until_well()
            async with stage.harmed(component, harm):
                during += await load.more(DURING)
        await load.until_well()
    hold_what_holds_of_every_answer(load.answers)
    if component == "aggregator":
        assert any(answer.status != "OK" for answer in during)
        assert {answer.status for answer in load.answers} <= HONEST
    else:
        assert {answer.status for answer in load.answers} == {"OK"}
        hold_what_is_said(component, harm, during)
    assert load.taken == load.batches


def hold_what_is_said(component, harm, answers):
    """Hold that answers say what is missing for as long as it is."""
    said = [set(answer.degraded) for answer in answers]
    if component == "nats":
        assert any(not found for found in said), "an answer needs no bus"
    elif harm is not Harm.KILL:
        # At the latest when the first of them have waited in vain.
        assert all(found & SAID[component] for found in said[len(said) // 2 :])
    elif component not in BACK_IN_TIME:
        assert any(found & SAID[component] for found in said)


def hold_what_holds_of_every_answer(answers):
    """Hold what no harm may change."""
    for answer in answers:
        if answer.status != "OK":
            continue
        assert answer.shown, answer
        if answer.customer in DECLINERS:
            assert not {SHOE, SHOE_IN_BLUE} & set(answer.shown), answer
        if "rules" in answer.degraded:
            # What spends a contact is shown only when that is committed …
            assert not PROMOTIONS & set(answer.shown), answer
        if "rules.Check" in answer.unanswered:
            # … and what was not checked, not at all.
            assert OfferKind.PRODUCT not in answer.kinds, answer


async def test_in_the_end_nothing_that_was_acknowledged_is_lost(
    stage, acknowledged, acknowledgements, seed, say
):
    """Comes last: it looks at what was acknowledged in all that went before, and a little more."""
    async with Load(stage.channels.suite.edge, acknowledgements, CUSTOMERS, f"{seed}/end") as load:
        await load.until_well()
    found = await checked(stage, acknowledged)
    counts = {name: value for name, value in found.items() if isinstance(value, int)}
    say(f"checked: {', '.join(f'{value:,} {name}' for name, value in counts.items())}")
    assert all(counts.values())
    wrong = {name: value for name, value in found.items() if isinstance(value, list) and value}
    assert wrong == {}


async def checked(stage, acknowledged):
    """Run the checker, which shares nothing with the system nor with what drove it."""
    grpc = stage.channels.suite.grpc
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.resilience.under_load.checker", str(acknowledged)),
        *(grpc[name][0] for name in ("profile", "rules", "ranker")),
        str(CONTACT_LIMIT),
        stdout=asyncio.subprocess.PIPE,
        env=_paths(),
    )
    async with asyncio.timeout(CHECK_S):
        said, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(said)


def _paths():

    return {**os.environ, "PYTHONPATH": ":".join(path for path in sys.path if path)}
