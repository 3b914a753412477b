"""Whether concurrent decisions ever approach a person more often than is allowed."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import partial
from typing import TYPE_CHECKING

import grpc.aio

from bench.customers import shoppers
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.parts.rules import applied
from bench.patience import patiently
from bench.scale import Scale
from services.rules.config import shipped_definitions
from services.rules.definitions.files import read_folder
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    GetCustomerViewRequest,
    RecommendRequest,
)
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.bus_pb2 import ContactNotice
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.rules_pb2 import DefinitionFile
from touchpoint.rules.v1.rules_service_pb2 import ApplyDefinitionsRequest, StreamContactsRequest
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

if TYPE_CHECKING:
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

DECISIONS = 10_000
AT_MOST = 3
"""Marketing contacts of one person in 7 days; all of the benchmark's fall into one window."""
_PEOPLE = 80
_ROUNDS = 4
_AT_ONCE = 32
_SURVEYS = 12
_SETTLE_S = 5.0
"""Until every service knows the surveys."""
_TIMEOUT_S = 5.0
_WINDOW_US = 7 * 24 * 3600 * 1_000_000
_NOTHING: Mapping[str, str] = {}
_MARKETING = "marketing"
_PLACEMENTS: Sequence[tuple[str, Channel.Value.ValueType]] = (
    ("agent.prompt", Channel.CALL_CENTER),
    ("ivr.menu", Channel.IVR),
    ("store.till", Channel.STORE),
    ("email.body", Channel.EMAIL),
)
"""Where a contact counts as soon as it is decided."""


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Decide for a few people on all channels at once, then count in the ledger."""
    del scale  # 10,000 in every form
    violations = []
    shop = shoppers()
    async with (
        grpc.aio.insecure_channel(suite.running.grpc["aggregator"][0]) as one,
        grpc.aio.insecure_channel(suite.running.grpc["aggregator"][1]) as other,
        grpc.aio.insecure_channel(suite.running.grpc["rules"][0]) as rules,
    ):
        edges = [AggregatorServiceStub(one), AggregatorServiceStub(other)]
        await applied(RulesServiceStub(rules), ApplyDefinitionsRequest(files=_with_surveys()))
        await asyncio.sleep(_SETTLE_S)
        for number in range(_ROUNDS):
            tell(f"deciding at once, {number * DECISIONS // _ROUNDS} of {DECISIONS} done")
            few = _PEOPLE // _ROUNDS
            people = shop.customers[number * few : (number + 1) * few]
            before = standing(await _ledger(RulesServiceStub(rules)))
            await _decide(edges, people, DECISIONS // _ROUNDS)
            owners = {await _person_id(edges[0], person) for person in people}
            contacts = standing(await _ledger(RulesServiceStub(rules)))
            _demand_contacts(contacts, owners)
            violations.append(too_many(contacts, owners, before))
    yield [Figure.pooled("contact_limit_violations", sum(violations), violations)]


def _with_surveys() -> Sequence[DefinitionFile]:
    """Return the shipped definitions with surveys in place of promotions, and without scenarios.

    A promotion that was promised to somebody may be shown to them beyond every limit.
    """
    files = [file for file in read_folder(shipped_definitions()) if file.path != "scenarios.yaml"]
    for file in files:
        if file.path == "placements.yaml":
            file.text = file.text.replace("PROMOTION, ", "")
    entries = [
        f"  - {{offer_id: bench.survey.{number}, kind: SURVEY, title: A question,"
        f' value: "500", lever: 1000}}'
        for number in range(_SURVEYS)
    ]
    surveys = DefinitionFile(path="surveys.yaml", text="\n".join(("offers:", *entries, "")))
    return [*files, surveys]


def standing(notices: Iterable[ContactNotice]) -> Mapping[str, str]:
    """Return whose each marketing contact is that was not released, from the ledger's log."""
    contacts: dict[str, str] = {}
    for notice in notices:
        if notice.policy != _MARKETING:
            continue
        if notice.state == "RELEASED":
            contacts.pop(notice.contact_id, None)
        else:
            contacts[notice.contact_id] = notice.person_id
    return contacts


def too_many(
    contacts: Mapping[str, str], owners: Iterable[str], before: Mapping[str, str] = _NOTHING
) -> int:
    """Return how many contacts these persons have above what is allowed.

    What was told of from `before`, such as the e-mails of that week, was no decision.
    """
    counts, told = Counter(contacts.values()), Counter(before.values())
    return sum(max(0, counts[owner] - max(AT_MOST, told[owner])) for owner in owners)


def _demand_contacts(contacts: Mapping[str, str], owners: Set[str]) -> None:
    counts = Counter(contacts.values())
    reached = sum(counts[owner] >= AT_MOST for owner in owners)
    if 2 * reached < len(owners):
        raise MeasurementError(
            f"only {reached} of {len(owners)} people reached the limit: that it held means little"
        )


async def _decide(
    edges: Sequence[AggregatorServiceAsyncStub], people: Sequence[Identity], count: int
) -> None:
    requests = iter(list(itertools.islice(_requests(people), count)))
    turns = itertools.cycle(edges)

    async def one_after_the_other() -> None:
        for request in requests:
            edge = next(turns)
            await patiently(partial(edge.Recommend, request, timeout=_TIMEOUT_S))

    await asyncio.gather(*(one_after_the_other() for _ in range(_AT_ONCE)))


def _requests(people: Sequence[Identity]) -> Iterator[RecommendRequest]:
    chance = random.Random(1)
    while True:
        placement, channel = chance.choice(_PLACEMENTS)
        request = RecommendRequest(
            identities=[chance.choice(people)],
            channel=channel,
            placements=[PlacementRequest(placement=placement)],
        )
        request.context.session_id = str(uuid.uuid4())
        yield request


async def _person_id(edge: AggregatorServiceAsyncStub, person: Identity) -> str:
    request = GetCustomerViewRequest(identities=[person])
    view = await edge.GetCustomerView(request, timeout=_TIMEOUT_S)
    return view.who.person_id


async def _ledger(rules: RulesServiceAsyncStub) -> list[ContactNotice]:
    """Read the log of contacts, page by page until nothing follows, as far as it is in the window.

    The shop's own e-mails of the months before are there too.
    """
    since_us = time.time_ns() // 1000 - _WINDOW_US
    notices: list[ContactNotice] = []
    async for answer in rules.StreamContacts(StreamContactsRequest(), timeout=_TIMEOUT_S):
        notices.extend(each for each in answer.contacts if each.time_us >= since_us)
    return notices
