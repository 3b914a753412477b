"""Carriers say of each message what became of it: on real sockets, and in a folder."""

import asyncio
import base64
import json

import pytest

from services.scenario.carriers import (
    OutboxCarrier,
    WebhookCarrier,
    carriages_of,
    read_gateways,
)
from services.scenario.config import ScenarioSettings
from services.scenario.domain.outbound import Fate, Message
from shared.config import ConfigError, load
from shared.webhooks import Poster, read_address, read_secrets
from tests.receiver import SECRET, Receiver
from tests.unit.scenario.outside import EMAIL, PUSH, SMS, House, State
from tests.unit.scenario.playing import NOON_US
from tests.unit.scenario.test_errands import on

KEY = "0198c2b6-0000-7000-8000-000000000001"
MESSAGE = Message(
    SMS,
    "+49151234567",
    text="Nur heute",
    sender_name="Ada",
    decision_id="d1",
    offer_ids=("mild",),
)
KEYS = read_secrets(f"sms={SECRET}")["sms"]


@pytest.fixture
async def poster():
    made = Poster(answer_s=0.5)
    yield made
    await made.close()


def carrier(poster, url):
    return WebhookCarrier(poster, read_address(url), KEYS)


async def test_a_message_arrives_signed_under_its_key_with_all_that_it_says(poster):
    receiver = Receiver()
    async with receiver.listening() as url:
        result = await carrier(poster, url).carry(MESSAGE, KEY)
    (received,) = receiver.received
    assert result.fate is Fate.SENT
    assert received.is_signed_by(SECRET)
    assert received.headers["idempotency-key"] == received.id == KEY
    assert (received.told["channel"], received.told["to"]) == ("SMS", "+49151234567")
    assert (received.told["text"], received.told["offerIds"]) == ("Nur heute", ["mild"])


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        (202, Fate.SENT),
        (301, Fate.FAILED),
        (400, Fate.FAILED),
        (422, Fate.FAILED),
        (429, Fate.LATER),
        (408, Fate.LATER),
        (425, Fate.LATER),
        (500, Fate.LATER),
        (501, Fate.LATER),
        (502, Fate.UNKNOWN),
        (503, Fate.LATER),
        (504, Fate.UNKNOWN),
        (507, Fate.LATER),
        (520, Fate.UNKNOWN),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<garbage>", Fate.SENT),
        (b"HTTP/1.1 429 Slow\r\nretry-after: 70\r\ncontent-length: 0\r\n\r\n", Fate.LATER),
        (b"HTTP/1.1 429 Slow\r\nretry-after: soon\r\ncontent-length: 0\r\n\r\n", Fate.LATER),
        (b"220 smtp.example.com ESMTP\r\n", Fate.UNKNOWN),
        (b"HTTP/1.1 2", Fate.UNKNOWN),
        (None, Fate.UNKNOWN),
    ],
)
async def test_what_a_gateway_answers_says_what_became_of_it(poster, answer, fate):
    receiver = Receiver(lambda received: answer)
    async with receiver.listening() as url:
        result = await carrier(poster, url).carry(MESSAGE, KEY)
    assert result.fate is fate
    assert len(receiver.received) == 1
    if answer not in (202,) and fate is not Fate.SENT:
        assert result.reason.startswith("the gateway ")
    if isinstance(answer, bytes) and b": 70" in answer:
        assert result.after_s == 70.0


async def test_a_gateway_that_hangs_after_it_took_it_may_have_sent_it(poster):
    over = asyncio.Event()

    async def hang(reader, writer):
        await reader.read(100)
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    result = await carrier(poster, url).carry(MESSAGE, KEY)
    over.set()
    server.close()
    assert result.fate is Fate.UNKNOWN


async def test_of_a_gateway_that_is_not_there_it_is_certain_that_it_took_nothing(poster):
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    server.close()
    await server.wait_closed()
    result = await carrier(poster, url).carry(MESSAGE, KEY)
    assert (result.fate, result.reason) == (Fate.LATER, "the gateway refused the connection")


@pytest.mark.parametrize("hostile", [None, 500, 502, b"garbage", b"HTTP/1.1 200"])
async def test_a_hostile_gateway_that_recovers_has_each_message_once_by_its_key(poster, hostile):
    answers = [hostile, hostile]
    receiver = Receiver(lambda received: answers.pop() if answers else 200)
    async with receiver.listening() as url:
        carriages = carriages_of(
            {SMS: read_address(url)}, {"sms": KEYS}, outbox=None, now_us=lambda: 0, poster=poster
        )
        house = House(carriages=carriages)
        await house.begin(on("SMS"))
        await house.work_off()
    assert house.only.state is State.SENT
    assert len(receiver.received) == 3
    assert {each.id for each in receiver.received} == {house.only.errand_id}


async def test_what_a_broken_gateway_may_have_sent_goes_on_no_other_channel(poster):
    answers = [200, 502]
    receiver = Receiver(lambda received: answers.pop())
    async with receiver.listening() as url:
        gateways = {SMS: read_address(url), PUSH: read_address(url)}
        keys = {"sms": KEYS, "push": KEYS}
        carriages = carriages_of(gateways, keys, outbox=None, now_us=lambda: 0, poster=poster)
        house = House(carriages=carriages)
        await house.begin(on("SMS", "PUSH"))
        await house.work()
        assert house.only.state is State.UNKNOWN
        first = house.only.channel
        house.person.full_until_us[first] = NOON_US + 1
        await house.work_off()
    assert house.only.state is State.SENT
    assert len({each.told["channel"] for each in receiver.received}) == 1


async def test_the_outbox_holds_a_message_once_for_its_owner_alone(tmp_path):
    outbox = OutboxCarrier(tmp_path, lambda: NOON_US)
    assert (await outbox.ask(KEY)).fate is Fate.LATER
    for message in (MESSAGE, Message(SMS, "+49", text="another")):
        assert (await outbox.carry(message, KEY)).fate is Fate.SENT
    assert (await outbox.ask(KEY)).fate is Fate.SENT
    (place,) = (tmp_path / "outbox").iterdir()
    assert json.loads(place.read_text())["text"] == "Nur heute"
    assert place.stat().st_mode & 0o777 == 0o600


async def test_an_outbox_that_cannot_be_written_takes_it_later(tmp_path):
    (tmp_path / "outbox").write_text("a file is in the way")
    result = await OutboxCarrier(tmp_path, lambda: NOON_US).carry(MESSAGE, KEY)
    assert (result.fate, result.reason[:30]) == (Fate.LATER, "the outbox cannot be written: ")


def settings(**environ):
    needed = {
        "TOUCHPOINT_POSTGRES_URL": "postgresql://somewhere/db",
        "TOUCHPOINT_DEPLOYMENT_KEY": "00" * 32,
    }
    return load(ScenarioSettings, {**needed, **environ})


def test_gateways_are_settings_and_in_development_the_outbox_takes_the_rest(tmp_path):
    found = settings(
        TOUCHPOINT_MESSAGE_GATEWAYS="SMS=https://sms.example.com/send",
        TOUCHPOINT_MESSAGE_SECRETS=f"sms={SECRET}",
    )
    gateways, secrets = found.message_gateways, found.message_secrets
    made = carriages_of(gateways, secrets, outbox=tmp_path, now_us=lambda: 0)
    assert isinstance(made[SMS].carrier, WebhookCarrier)
    assert isinstance(made[EMAIL].carrier, OutboxCarrier)
    assert set(carriages_of(gateways, secrets, outbox=None, now_us=lambda: 0)) == {SMS}
    assert PUSH in made


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"TOUCHPOINT_MESSAGE_GATEWAYS": "FAX=https://x.example.com"}, "must be CHANNEL=https"),
        ({"TOUCHPOINT_MESSAGE_GATEWAYS": "SMS=ftp://x.example.com"}, "the URL of SMS must begin"),
        ({"TOUCHPOINT_MESSAGE_GATEWAYS": "SMS=https://a.example,SMS=https://b.example"}, "twice"),
        ({"TOUCHPOINT_MESSAGE_GATEWAYS": "SMS=https://x.example.com"}, "add sms=whsec_"),
        (
            {
                "TOUCHPOINT_MODE": "production",
                "TOUCHPOINT_MESSAGE_GATEWAYS": "SMS=http://127.0.0.1:9/",
                "TOUCHPOINT_MESSAGE_SECRETS": f"sms={SECRET}",
            },
            "has http for SMS",
        ),
    ],
)
def test_gateways_that_cannot_be_used_are_refused_at_the_start(environ, told):
    with pytest.raises(ConfigError, match=told):
        settings(**environ)


def test_no_key_is_quoted_where_gateways_are_wrong():
    secret = base64.b64encode(b"short").decode()
    with pytest.raises(ConfigError) as refused:
        settings(TOUCHPOINT_MESSAGE_SECRETS=f"sms=whsec_{secret}")
    assert secret not in str(refused.value)


def test_gateways_are_read_by_channel():
    found = read_gateways("SMS=https://a.example/x, DIRECT_MAIL=https://b.example/y")
    assert {channel: address.host for channel, address in found.items()} == {
        SMS: "a.example",
        6: "b.example",
    }
