"""Two replicas and four channels decide for the same people at the same instant."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from random import Random

import pytest_asyncio

from services.rules.storage import MIGRATIONS
from shared.postgres import open_database
from shared.testing.postgres import TestServer
from tests.grpc.rules.rules_kit import GUIDE, Rules, ann, offer, running_rules
from tests.grpc.rules.test_contact_policy import apply, limits
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.rules.v1 import rules_service_pb2 as pb

PEOPLE = 10
DECISIONS = 240
CHANNELS = (
    ("web.home.banner", Channel.WEB),
    ("email.body", Channel.EMAIL),
    ("agent.prompt", Channel.CALL_CENTER),
    ("ivr.menu", Channel.IVR),
)
OFFERS = tuple(range(40, 46))
"""Surveys: what a promotion promises may be shown beyond every limit."""
AT_ONCE = 24
"""So few that none outlives its deadline on a busy machine."""


@pytest_asyncio.fixture(loop_scope="session")
async def replicas(postgres: TestServer) -> AsyncIterator[tuple[Rules, Rules]]:
    """Two replicas, each with connections of its own to one database."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(postgres.clone("rules", MIGRATIONS))
        pair = []
        for name in ("one", "two"):
            database = await stack.enter_async_context(
                open_database(url, application=name, connections=6)
            )
            pair.append(await stack.enter_async_context(running_rules(database)))
        for rules in pair:
            version, rows = rules.catalogue.version, [offer(no, OfferKind.SURVEY) for no in OFFERS]
            rules.catalogue.apply(
                CatalogueBatch(previous_version=version, version=version + 1, rows=rows)
            )
        first, second = pair
        yield first, second


async def test_never_one_contact_too_many(replicas: tuple[Rules, Rules]) -> None:
    policy = limits(
        "limit: 2 per day, direction: OUTBOUND",
        "limit: 1 per 7d, per: OFFER, kinds: [SURVEY]",
        "limit: 2 per week, per: CHANNEL",
    )
    await apply(replicas[0], policy, ("3 per 7d", "4 per 7d"))
    await replicas[1].bundles.look()
    random, gate = Random(7), asyncio.Semaphore(AT_ONCE)

    async def decide(number: int) -> pb.CommitResponse:
        rules, (placement, channel) = replicas[number % 2], CHANNELS[number % 4]
        context = rules.context(placement, channel=channel)
        context.decision_id = f"decision {number}"
        context.context_digest = context.decision_id.encode()
        chosen = (*random.sample(OFFERS, 2), GUIDE)
        person = ann(person_ids=[f"p{number // 4 % PEOPLE}"])
        async with gate:
            return await rules.commit(*chosen, context=context, person=person)

    async def reserve(number: int) -> bool:
        request = pb.ReserveContactRequest(
            contact_id=f"text {number}",
            person_ids=[f"p{number % PEOPLE}"],
            channel=Channel.SMS,
            offer_no=random.choice(OFFERS),
        )
        async with gate:
            answered = await replicas[number % 2].stub.ReserveContact(request, timeout=5)
        return answered.granted

    asked = [decide(number) for number in range(DECISIONS)]
    asking = [reserve(number) for number in range(DECISIONS // 4)]
    answers, granted = await asyncio.gather(asyncio.gather(*asked), asyncio.gather(*asking))
    assert sum(granted) < len(granted)
    assert any(answer.refused.offer_nos for answer in answers)
    await _hold_every_limit(replicas[0])


async def _hold_every_limit(rules: Rules) -> None:
    rows = await rules.database.fetch(
        "SELECT person_id, channel, offer_no, offer_kind, is_part, decision_id FROM contacts"
    )
    messages = [row for row in rows if not row["is_part"]]
    per_person = Counter(row["person_id"] for row in messages)
    outbound = Counter(
        row["person_id"] for row in messages if row["channel"] in (Channel.EMAIL, Channel.SMS)
    )
    asked_of = Counter(
        (row["person_id"], row["offer_no"]) for row in rows if row["offer_kind"] == OfferKind.SURVEY
    )
    per_channel = Counter((row["person_id"], row["channel"]) for row in messages)
    # Everybody was approached as often as may be: the limits were reached, and none was passed.
    assert set(per_person.values()) == {4}
    assert max(outbound.values()) <= 2
    assert set(asked_of.values()) == {1}
    assert max(per_channel.values()) == 2
