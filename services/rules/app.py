"""The composition root of rules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from services.rules.answer_counting import AnswerCounting
from services.rules.approaching import ContactTerms
from services.rules.config import RulesSettings
from services.rules.definitions.files import read_folder
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.retention import Keep
from services.rules.forgetting import Forgetting
from services.rules.parts import Parts, open_parts, open_servicer
from services.rules.servicer import RulesServicer
from services.rules.storage import MIGRATIONS
from services.rules.storage.catching_up import CatchingUp
from services.rules.storage.consumers import (
    Complete,
    calls_consumer,
    completed,
    erasures_consumer,
    events_consumer,
    identities_consumer,
)
from services.rules.storage.rehearsal import rehearse_decision
from services.rules.validation import VALIDATORS
from shared.binding import Binding, DeadlineLimits, bind
from shared.bus import EffectConsumer, Relay
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.health import seldom
from shared.middleware.shedding import giving_way
from shared.postgres import migrate
from shared.service import Background, Runtime, Service
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.rules.v1.rules_service_pb2 import DESCRIPTOR

_APPLYING = DeadlineLimits(default_s=15.0, maximum_s=30.0)
PRIORITISE = giving_way("KeepAnswers")
"""It comes when rules was short of time, of answers that left long ago."""
_FAILING_EVERY_S = 5.0
_RELAY_PACE_S = 0.2
"""Decisions are journalled and contacts confirmed within a second; nobody waits for them."""


@asynccontextmanager
async def open_service(settings: RulesSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open rules on its schema, applying the shipped definitions if there were none."""
    database = await runtime.postgres()
    await migrate(database, MIGRATIONS)
    parts = open_parts(settings, runtime, database, await runtime.bus())
    await parts.followed.kept_terms.load()
    await parts.definitions.ship(read_folder(settings.definitions))
    await parts.bundles.look()
    relay = Relay(parts.bus, database, pace_s=_RELAY_PACE_S)
    complete = partial(
        completed,
        terms_of=ContactTerms(parts.followed.catalogue, parts.followed.attributes).of,
        number_of=parts.followed.catalogue.offer_no,
    )
    consumers = _consumers(parts, complete)
    yield Service(
        name=settings.service,
        bindings=(_bound(open_servicer(runtime, parts)),),
        checks={
            "catalogue": parts.followed.follower.check_ready,
            "definitions": parts.bundles.check,
        },
        watched={
            "catalogue_lag": parts.followed.follower.check_lag,
            "relay": relay.check_lag,
            "rules": seldom(parts.results.failing.check, _FAILING_EVERY_S),
            **{name: consumer.check_lag for name, consumer in consumers.items()},
        },
        background={
            **_following(parts, relay, consumers),
            **_upkeep(runtime, parts, complete),
        },
        warm_up=lambda: database.rehearse(rehearse_decision),
        prioritise=PRIORITISE,
    )


def _consumers(parts: Parts, complete: Complete) -> dict[str, EffectConsumer]:
    bus, database = parts.bus, parts.database
    return {
        "events": events_consumer(bus, database, complete),
        "calls": calls_consumer(bus, database),
        "identities": identities_consumer(bus, database),
        "erasures": erasures_consumer(bus, database),
    }


def _following(
    parts: Parts, relay: Relay, consumers: Mapping[str, EffectConsumer]
) -> dict[str, Background]:
    """Return what keeps this replica up to date, and others about it."""
    return {
        "catalogue": parts.followed.follower.run,
        "definitions": parts.bundles.run,
        "relay": relay.run,
        **{name: consumer.run for name, consumer in consumers.items()},
        "events": partial(_after_catalogue, parts, consumers["events"]),
    }


def _upkeep(runtime: Runtime, parts: Parts, complete: Complete) -> dict[str, Background]:
    """Return what writes what was counted, catches up and forgets."""
    stores, bundles, clock = parts.stores, parts.bundles, runtime.clock
    profile = ProfileServiceStub(runtime.channel("profile"))
    ranker = RankerServiceStub(runtime.channel("ranker"))
    since_us = partial(_imported_since_us, bundles, clock)
    catching_up = CatchingUp(parts.database, profile, complete, since_us)
    forgetting = Forgetting(
        stores.ledger, stores.results, stores.terms, stores.definitions, bundles, clock
    )
    answers = AnswerCounting(stores.results, stores.ledger, stores.definitions, ranker)
    return {
        "catching_up": partial(_catch_up, parts, catching_up),
        "retention": forgetting.run,
        "results": parts.counting.run,
        "recordings": parts.recorder.run,
        "answers": lambda: answers.run(parts.database.leadership),
        "spending": parts.spending.run,
        "terms": parts.followed.kept_terms.run,
    }


async def _after_catalogue(parts: Parts, consumer: EffectConsumer) -> None:
    """Take events once it is known how the contacts with each offer count."""
    await parts.followed.follower.ready()
    await consumer.run()


async def _catch_up(parts: Parts, catching_up: CatchingUp) -> None:
    """Catch up from then on, every minute and after each import."""
    await catching_up.listen(parts.bus)
    await parts.followed.follower.ready()
    await parts.bundles.ready()
    await catching_up.run()


def _imported_since_us(bundles: BundleFollower[CompiledBundle], clock: BusinessClock) -> int:
    """Return from when on messages that are told of after the fact may count in a window."""
    windows = (bundle.policy.contacts.longest_window_us for bundle in bundles.in_force)
    return clock.now_us() - max((Keep.IMPORTED_CONTACT_US, *windows))


def _bound(servicer: RulesServicer) -> Binding:
    """Bind the contract; to apply definitions takes longer than to decide by them."""
    contract = DESCRIPTOR.services_by_name["RulesService"]
    slow = (
        "ApplyDefinitions",
        "RollbackDefinitions",
        "CheckDefinitions",
        "CompareDefinitions",
        "TrySegment",
    )
    deadlines = dict.fromkeys(slow, _APPLYING)
    return bind(contract, servicer, validators=VALIDATORS, deadlines=deadlines)
