"""A process of its own that takes answers from the bus and learns from them, as the ranker does.

    python -m bench.answers_flow flow|domain|snapshot

Prints one line of JSON. What is learned from is made up: every answer is about a decision of its
own person, with as many features as the ranker gives a candidate; a fifth of what is seen is
accepted. `flow` counts from the messages of events in the consumer's hand until a replica has
learned the last row: read, joined with decisions of the journal, written to the log and its outbox,
relayed by a bus in memory, learned. `domain` joins and learns with nothing stored. `snapshot` loads
a model that learned something of each of ten million weights from its file, checked by its hash.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np

from bench.processes import ProcessTree
from services.ranker.domain.answers import SERVICE, Answer, OfferFacts, TeachingTerms
from services.ranker.domain.encoding import decode, encode
from services.ranker.domain.layout import COLUMNS
from services.ranker.domain.lesson import Known
from services.ranker.domain.model import Model
from services.ranker.domain.teaching import Teacher
from services.ranker.storage import MIGRATIONS
from services.ranker.storage.consumers import (
    EVENT_MESSAGES,
    Learning,
    decisions_consumer,
    events_consumer,
)
from services.ranker.storage.learning import LearningWriter
from services.ranker.storage.learning_log import PostgresLearningLog
from services.ranker.storage.notices import read_decision
from services.ranker.storage.replica import ModelReplica
from services.ranker.storage.snapshots import InMemoryPointers, Snapshots
from shared.artefacts import FolderArtefacts
from shared.bus import InMemoryBus, Message, Publication, Relay
from shared.bus.consumer import EffectConsumer
from shared.bus.subjects import decisions_of, events_of
from shared.engines import PostgresEngine
from shared.postgres import Database, migrate, open_database
from shared.postgres.provision import provision
from shared.testing.background import running
from touchpoint.common.v1.bus_pb2 import ChosenNotice, DecisionNotice, EventNotice, EventNotices

PERSONS, OFFERS, SHOWN = 1_000, 200, 5
DECISIONS = 2_000
ACCEPTED_SHARE = 0.2
IN_A_MESSAGE = 50
"""Events: under load what is tracked together travels together."""
WARM_DECISIONS = 200
"""At the start, and not counted."""
TEN_MILLION = 10_000_000
_DAY_US = 86_400_000_000
_START_US = 20_000 * _DAY_US
_PLACEMENT = "web.home.banner"
_EVERYTHING = TeachingTerms(10**6, 10**6)


def _features(random: np.random.Generator) -> bytes:
    indices = [each.start + int(random.integers(each.size)) for each in COLUMNS]
    return encode(-3.0, np.unique(np.array(indices, np.uint32)))


def _decisions(first: int, count: int) -> list[DecisionNotice]:
    """Make decisions for one person after the other, each of some offers."""
    random = np.random.default_rng(first)
    made = []
    for number in range(first, first + count):
        person = str(uuid.UUID(int=number % PERSONS + 1))
        notice = DecisionNotice(
            decision_id=str(uuid.UUID(int=10**9 + number)),
            person_ids=[person],
            time_us=_START_US + number,
        )
        for position in range(SHOWN):
            notice.chosen.append(
                ChosenNotice(
                    placement=_PLACEMENT,
                    position=position,
                    offer_no=1 + (number * SHOWN + position) % OFFERS,
                    selection_probability=0.5,
                    features=_features(random),
                )
            )
        made.append(notice)
    return made


def _events(decisions: Sequence[DecisionNotice]) -> list[EventNotice]:
    """Have all of it be seen, and some of it accepted by a click."""
    random, made = np.random.default_rng(5), []
    for notice in decisions:
        for chosen in notice.chosen:
            kinds = ["impression", *(["click"] if random.random() < ACCEPTED_SHARE else [])]
            made += [
                EventNotice(
                    person_id=notice.person_ids[0],
                    event_id=f"{notice.decision_id}/{chosen.position}/{kind}",
                    type=kind,
                    time_us=notice.time_us + 1,
                    received_us=notice.time_us + 2,
                    offer_no=chosen.offer_no,
                    decision_id=notice.decision_id,
                    placement=_PLACEMENT,
                    quantity=1.0,
                )
                for kind in kinds
            ]
    return made


def _messages(publications: Sequence[Publication]) -> list[Message]:
    return [
        Message(each.subject, each.schema_number, each.data, each.message_id, at, 0)
        for at, each in enumerate(publications, start=1)
    ]


def _told(events: Sequence[EventNotice]) -> list[Message]:
    parts = [events[at : at + IN_A_MESSAGE] for at in range(0, len(events), IN_A_MESSAGE)]
    return _messages(
        [
            Publication.of(events_of(part[0].person_id), 1, EventNotices(notices=part))
            for part in parts
        ]
    )


def _look(offer_no: int) -> OfferFacts:
    return OfferFacts(SERVICE, offer_no)


async def _take(consumer: EffectConsumer, messages: Sequence[Message]) -> None:
    for at in range(0, len(messages), EVENT_MESSAGES):
        await consumer.take(messages[at : at + EVENT_MESSAGES])


class _Ranker:
    """What a process of the ranker runs to learn."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.log = PostgresLearningLog(database)
        bus = InMemoryBus()
        learning = Learning(
            LearningWriter(_look, _EVERYTHING),
            lambda _: frozenset(),
            lambda _: 0,
            lambda: _START_US,
        )
        self.decisions = decisions_consumer(bus, database, learning)
        self.answers = events_consumer(bus, database, learning)
        snapshots = Snapshots(InMemoryPointers(), FolderArtefacts(folder))
        self.replica = ModelReplica(bus, self.log, snapshots)
        self.relay = Relay(bus, database)

    async def learn(self, decisions: Sequence[DecisionNotice]) -> dict[str, float]:
        """Take the answers to decisions; returns how long it took until all of it was learned."""
        told = [Publication.of(decisions_of(each.person_ids[0]), 1, each) for each in decisions]
        await _take(self.decisions, _messages(told))
        events = _events(decisions)
        messages, rows = _told(events), await self.log.written() + len(events)
        postgres = ProcessTree.of_children()
        began, began_cpu = time.perf_counter(), time.process_time()
        began_postgres = postgres.cpu_s()
        await _take(self.answers, messages)
        while self.replica.model.number < rows:  # noqa: ASYNC110 it is told on the bus
            await asyncio.sleep(0.001)
        return {
            "events": len(events),
            "spent_s": time.perf_counter() - began,
            "cpu_s": time.process_time() - began_cpu,
            "postgres_cpu_s": postgres.cpu_s() - began_postgres,
        }


async def flow() -> dict[str, float]:
    """Bring answers from the bus through PostgreSQL into a model."""
    with tempfile.TemporaryDirectory(prefix="touchpoint-bench-") as folder:
        home = Path(folder)
        async with AsyncExitStack() as stack:
            engine = PostgresEngine(home)
            stack.callback(engine.erase)
            stack.push_async_callback(engine.stop)
            admin = await engine.start()
            roles = await provision(
                admin, lambda _: "bench", development=True, services=("ranker",)
            )
            opening = open_database(roles["ranker"], application="ranker", connections=4)
            database = await stack.enter_async_context(opening)
            await migrate(database, MIGRATIONS)
            ranker = _Ranker(database, home / "artefacts")
            async with running(ranker.relay, ranker.replica):
                await ranker.learn(_decisions(0, WARM_DECISIONS))
                return await ranker.learn(_decisions(WARM_DECISIONS, DECISIONS))


def domain() -> dict[str, float]:
    """Join answers with decisions and learn from the rows, with nothing stored."""
    notices = _decisions(0, DECISIONS)
    answers = [
        Answer(
            each.event_id,
            each.person_id,
            each.type,
            each.time_us,
            each.offer_no,
            each.offer_no,
            each.decision_id,
            each.placement,
        )
        for each in _events(notices)
    ]
    decisions = {each.decision_id: read_decision(each.SerializeToString()) for each in notices}
    model, began = Model(), time.process_time()
    teacher = Teacher(Known(decisions), _look, _EVERYTHING)
    for answer in answers:
        teacher.answered(answer)
    for number, row in enumerate(teacher.lesson.rows, start=1):
        model.learn(number, row.outcome, decode(row.features), row.credit)
    return {"events": len(answers), "cpu_s": time.process_time() - began}


def _saved() -> tuple[bytes, np.ndarray]:
    """Return the snapshot of a model of ten million weights, all of them learned, and its prior."""
    prior = np.full(TEN_MILLION, 0.5)
    model = Model(prior)
    random = np.random.default_rng(7)
    model._mean[:] = random.standard_normal(TEN_MILLION)
    model._variance[:] = prior * random.random(TEN_MILLION)
    model.number = 1
    return model.snapshot(), prior


async def snapshot() -> dict[str, float]:
    """Load the snapshot of a large model from its artefact, checked, ready to rank."""
    with tempfile.TemporaryDirectory(prefix="touchpoint-bench-") as folder:
        store = FolderArtefacts(Path(folder))
        data, prior = _saved()
        name, size = await store.put(data), len(data)
        del data
        began = time.perf_counter()
        model = Model.restored(await store.get(name), prior)
        spent_s = time.perf_counter() - began
        assert model.number == 1
    return {"spent_s": spent_s, "bytes": size}


STEPS: Mapping[str, Callable[[], dict[str, float]]] = {
    "flow": lambda: asyncio.run(flow()),
    "domain": domain,
    "snapshot": lambda: asyncio.run(snapshot()),
}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]]()))
