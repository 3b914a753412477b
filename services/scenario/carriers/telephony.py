"""The telephony, or the chat system, told of who asked for an agent: signed, and told once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from services.scenario.carriers.outbox import OutboxCarrier
from services.scenario.carriers.webhook import fate_of, signed_headers
from services.scenario.domain.effects import RingBack
from services.scenario.domain.outbound import Fate, Message, Result
from services.scenario.domain.task_kinds import BY_TELEPHONE, kind_of
from shared.webhooks import Address, Poster, PostError

USER_AGENT = "Touchpoint-Calls/1"
_BROKEN = frozenset(range(500, 512)) - {503}
"""It broke over it: a message would be told again under its key, a call may ring already."""


@dataclass(frozen=True, slots=True)
class Callee:
    """Who asked for an agent. Personal: it is kept nowhere and never logged."""

    person_id: str
    number: str = ""
    """To call, in E.164; empty: nobody knows one, or they are not called."""


class Telephony(Protocol):
    """Whoever connects an agent with a person: the telephony, the chat system."""

    async def ring(self, asked: RingBack, callee: Callee, key: str) -> Result:
        """Tell it of somebody who asked for an agent; UNKNOWN where it may have heard of it."""
        ...


class WebhookTelephony:
    """A `Telephony` that a webhook is posted to."""

    def __init__(self, poster: Poster, address: Address, keys: Sequence[bytes]) -> None:
        self._poster = poster
        self._address = address
        self._keys = keys

    async def ring(self, asked: RingBack, callee: Callee, key: str) -> Result:
        body = body_of(asked, callee, key)
        who = kind_of(asked.kind).told
        headers = signed_headers(USER_AGENT, self._keys, key, body)
        try:
            answer = await self._poster.post(self._address, headers, body, once=True)
        except PostError as error:
            fate = Fate.UNKNOWN if error.may_have_arrived else Fate.LATER
            return Result(fate, f"the {who} {error}")
        found = fate_of(answer.status, answer.retry_after_s)
        if found.fate is Fate.LATER and answer.status in _BROKEN:
            found = replace(found, fate=Fate.UNKNOWN)
        return Result(found.fate, found.reason.replace("gateway", who), found.after_s)


class OutboxTelephony:
    """A `Telephony` of development: what it would be told is a file in the outbox."""

    def __init__(self, home: Path, now_us: Callable[[], int]) -> None:
        self._outbox = OutboxCarrier(home, now_us)

    async def ring(self, asked: RingBack, callee: Callee, key: str) -> Result:
        text = body_of(asked, callee, key).decode()
        channel, subject = kind_of(asked.kind).channel, asked.kind.replace("_", " ").capitalize()
        message = Message(channel, callee.number, subject, text)
        return await self._outbox.carry(message, key)


def body_of(asked: RingBack, callee: Callee, key: str) -> bytes:
    """Return what it is told: of whom, and which task waits for the agent."""
    said = {
        "id": key,
        "type": asked.kind,
        "taskId": asked.task_id,
        "personId": callee.person_id,
        "reason": asked.reason,
        "skills": list(asked.skills),
        "offerIds": list(asked.offer_ids),
        "decisionId": asked.decision_id,
    }
    if kind_of(asked.kind).channel == BY_TELEPHONE:
        said["to"] = callee.number
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
