"""Messages handed to a gateway over HTTP: signed, and under a key by which it knows them again."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

from services.scenario.domain.outbound import Fate, Message, Result
from shared.webhooks import Address, Poster, PostError, read_address, signature
from touchpoint.common.v1.vocabulary_pb2 import Channel

USER_AGENT = "Touchpoint-Messages/1"
_AGAIN = frozenset({408, 425, 429, *range(500, 512)}) - {502, 504}
"""Statuses by which a gateway says that it did not take it: now, or as long as it is broken."""
_SERVER = 500
"""And above, but for those: somebody before the gateway lost it, or gave up waiting for it."""
Gateways = Mapping[int, Address]
"""Where messages go, by number of `Channel`."""


class WebhookCarrier:
    """A `Carrier` that posts each message to a gateway."""

    def __init__(self, poster: Poster, address: Address, keys: Sequence[bytes]) -> None:
        self._poster = poster
        self._address = address
        self._keys = keys

    async def carry(self, message: Message, key: str) -> Result:
        """Post the message; its fate is what the gateway's status says.

        UNKNOWN: it was posted, and nothing that counts was answered.
        """
        body = body_of(message, key)
        headers = signed_headers(USER_AGENT, self._keys, key, body)
        try:
            answer = await self._poster.post(self._address, headers, body)
        except PostError as error:
            fate = Fate.UNKNOWN if error.may_have_arrived else Fate.LATER
            return Result(fate, f"the gateway {error}")
        return fate_of(answer.status, answer.retry_after_s)

    async def ask(self, key: str) -> Result:
        """Say that it is not known: a gateway is not asked, the message is posted again."""
        return Result(Fate.UNKNOWN, "the gateway cannot be asked")


def signed_headers(agent: str, keys: Sequence[bytes], key: str, body: bytes) -> dict[str, str]:
    """Return the headers of a webhook that is posted now under the key it is known by again."""
    now_s = int(time.time())
    return {
        "content-type": "application/json",
        "user-agent": agent,
        "idempotency-key": key,
        "webhook-id": key,
        "webhook-timestamp": str(now_s),
        "webhook-signature": signature(keys, key, now_s, body),
    }


def fate_of(status: int, retry_after_s: float = 0.0) -> Result:
    """Return what an HTTP status says of a message; UNKNOWN: it may have been taken."""
    if 200 <= status < 300:
        return Result(Fate.SENT)
    said = f"the gateway answered {status}"
    if status in _AGAIN:
        return Result(Fate.LATER, said, after_s=retry_after_s)
    if status >= _SERVER:
        return Result(Fate.UNKNOWN, said)
    return Result(Fate.FAILED, said)


def body_of(message: Message, key: str) -> bytes:
    """Return a message as a gateway is sent it."""
    said = {
        "id": key,
        "channel": Channel.Value.Name(message.channel),  # type: ignore[arg-type]
        "to": message.address,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "sender": {"name": message.sender_name, "address": message.sender_address},
        "replyTo": message.reply_to,
        "headers": dict(message.headers),
        "decisionId": message.decision_id,
        "offerIds": list(message.offer_ids),
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def read_gateways(text: str) -> Gateways:
    """Read `SMS=https://…,PUSH=https://…`; raises ValueError with a sentence."""
    found: dict[int, Address] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, equals, url = entry.partition("=")
        if not equals or name not in _BY_NAME:
            known = ", ".join(_BY_NAME)
            raise ValueError(f"must be CHANNEL=https://… for each, of {known}")
        if _BY_NAME[name] in found:
            raise ValueError(f"names {name} twice")
        try:
            found[_BY_NAME[name]] = read_address(url)
        except ValueError as error:
            raise ValueError(f"the URL of {name} {error}") from None
    return found


_BY_NAME = {name: Channel.Value.Value(name) for name in ("EMAIL", "SMS", "PUSH", "DIRECT_MAIL")}
