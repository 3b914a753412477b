"""The event plane: outbox, relay, streams, consumers with an inbox or a position of their own.

Writing: `append(transaction, [Publication.of(events_of(person_id), 1, proto)])` in the transaction
of the effect; `Relay(bus, database).run` is one of the service's background tasks.

Reading with an effect in PostgreSQL: `EffectConsumer(...).run`. Reading into memory:
`Follower(...).run`.
"""

from shared.bus.consumer import EffectConsumer, Handle
from shared.bus.follower import Follower, GapError
from shared.bus.memory import InMemoryBus
from shared.bus.message import Message, Publication
from shared.bus.nats import NatsBus, open_bus
from shared.bus.outbox import append
from shared.bus.port import Bus, StreamState, Subscription
from shared.bus.relay import Relay
from shared.bus.subjects import (
    CALLS,
    CATALOGUE,
    CONTACTS,
    DECISIONS,
    DEFINITIONS,
    ERASURES,
    EVENTS,
    IDENTITIES,
    JOURNEYS,
    LEARNING,
    MODELS,
    STREAMS,
    Stream,
    partition,
)

__all__ = [
    "CALLS",
    "CATALOGUE",
    "CONTACTS",
    "DECISIONS",
    "DEFINITIONS",
    "ERASURES",
    "EVENTS",
    "IDENTITIES",
    "JOURNEYS",
    "LEARNING",
    "MODELS",
    "STREAMS",
    "Bus",
    "EffectConsumer",
    "Follower",
    "GapError",
    "Handle",
    "InMemoryBus",
    "Message",
    "NatsBus",
    "Publication",
    "Relay",
    "Stream",
    "StreamState",
    "Subscription",
    "append",
    "open_bus",
    "partition",
]
