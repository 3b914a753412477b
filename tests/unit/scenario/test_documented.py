"""What the manual shows integrators is what they get."""

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path

from services.scenario.carriers.webhook import USER_AGENT, WebhookCarrier, body_of
from services.scenario.domain.outbound import Fate, Message
from shared.webhooks import Poster, read_address, read_secrets
from tests.receiver import Receiver
from tests.unit.scenario.outside import PUSH

MANUAL = Path(__file__).parents[3] / "docs" / "scenarios.md"


def shown():
    """The body, the head and the secret of the message that the manual shows."""
    part = MANUAL.read_text("utf-8").split("**Whom a gateway is told.**")[1]
    body = re.search(r"```json\n(.*?)```", part, re.DOTALL)[1]
    head = re.search(r"```text\n(.*?)```", part, re.DOTALL)[1].splitlines()[1:]
    secret = re.search(r"`(whsec_[^`]+)`", part)[1]
    return json.loads(body), dict(line.split(": ", 1) for line in head), secret


def message_of(said):
    return Message(
        PUSH,
        said["to"],
        subject=said["subject"],
        text=said["text"],
        sender_name=said["sender"]["name"],
        sender_address=said["sender"]["address"],
        decision_id=said["decisionId"],
        offer_ids=said["offerIds"],
    )


def test_the_message_that_the_manual_shows_is_what_a_gateway_is_sent():
    said, head, secret = shown()
    body = body_of(message_of(said), said["id"])
    assert body.decode() == json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    content = f"{said['id']}.{head['webhook-timestamp']}.{body.decode()}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, content.encode(), hashlib.sha256).digest()
    assert head["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert head["webhook-id"] == head["idempotency-key"] == said["id"]
    assert head["user-agent"] == USER_AGENT


async def test_it_is_sent_with_the_headers_that_the_manual_shows():
    said, head, secret = shown()
    receiver, poster = Receiver(), Poster()
    keys = read_secrets(f"push={secret}")["push"]
    async with receiver.listening() as url:
        carrier = WebhookCarrier(poster, read_address(url), keys)
        assert (await carrier.carry(message_of(said), said["id"])).fate is Fate.SENT
        await poster.close()
    (received,) = receiver.received
    assert received.told == said
    assert received.is_signed_by(secret)
    assert head.keys() == received.headers.keys() - {":line", "host", "content-length"}
