"""The process that learns personas: reads states from its standard input, writes proposals."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO

from services.profile.domain.personas.evidence import Evidence
from services.profile.domain.personas.proposals import (
    NothingToProposeError,
    propose,
)
from services.profile.domain.personas.sample import Collector
from services.profile.domain.reading import traits
from services.profile.domain.state import merge
from services.profile.persona_messages import proposals_message
from services.profile.storage.state_codec import decode_whole
from services.profile.storage.training_process import Order, Tell, unpack
from shared.aside import receive
from touchpoint.profile.v1.personas_pb2 import PersonaProposals


def main(read: BinaryIO, write: BinaryIO) -> None:
    """Train once: progress goes out as lines of JSON, at last the proposals as a message."""
    began = time.monotonic()
    order, states = unpack(receive(read))

    def tell(step: str, share_done: float) -> None:
        _say(write, {"event": "progress", "step": step, "share_done": share_done})

    message = trained(order, states, tell)
    message.spent_s = time.monotonic() - began
    message.trained_time.FromMicroseconds(order.now_us)
    data = message.SerializeToString()
    _say(write, {"event": "proposals", "bytes": len(data)})
    write.write(data)
    write.flush()


def trained(order: Order, states: Iterator[Sequence[bytes]], tell: Tell) -> PersonaProposals:
    """Return what the stored states propose, or why they propose nothing."""
    collector, tiers = Collector(), order.value_tiers()
    for members in states:
        state = merge([decode_whole(member) for member in members])
        tier = traits(state, order.now_us, tiers).value_tier
        collector.add(Evidence(state, order.now_us, partial(str, tier)))
    try:
        return proposals_message(propose(collector.sample(), order.seed, tell))
    except NothingToProposeError as error:
        return PersonaProposals(people=collector.people, refusal=str(error))


def _say(write: BinaryIO, message: dict[str, Any]) -> None:
    write.write(json.dumps(message).encode() + b"\n")
    write.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
