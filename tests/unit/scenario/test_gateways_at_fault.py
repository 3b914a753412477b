"""What becomes of messages whose gateway is at fault for an hour, or for good: on real sockets."""

import itertools
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from google.protobuf.json_format import ParseDict

from services.scenario.carriers import Carriage, SmtpCarrier, carriages_of
from services.scenario.domain.journey import Outcome
from shared.webhooks import Poster, read_address
from tests.receiver import Receiver
from tests.unit.scenario.outside import EMAIL, SMS, House, State
from tests.unit.scenario.playing import DAY_US
from tests.unit.scenario.test_carriers import KEYS
from tests.unit.scenario.test_smtp import MESSAGE, NOON, Server
from tests.unit.scenario.writing import scenario, stage

MINUTES = timedelta(minutes=1)
BUSY = b"HTTP/1.1 429 Slow\r\nretry-after: 600\r\ncontent-length: 0\r\n\r\n"
GARBAGE = b"220 smtp.example.com ESMTP\r\n"
DIES = None
REFUSES = "refuses the connection"
HANGS = "hangs"


def text(channel="SMS"):
    """A message, then a week in which something may be heard of it."""
    heard = [
        {"on": [f"message_{word}"], "to": "end", "as": word}
        for word in ("sent", "skipped", "failed", "unknown")
    ]
    made = stage("write", lasts=7 * DAY_US, on=heard)
    ParseDict({"template": "hello", "channels": [channel]}, made.send)
    return scenario(made)


class Faulty(Receiver):
    """A gateway that does not do its work until it is mended."""

    def __init__(self, fault):
        self.fault = fault
        self.is_mended = False
        self.house = None
        self.tried_s = []
        super().__init__(self._answer)

    def _answer(self, received):
        self.tried_s.append(self.house.machine.now_s)
        return 200 if self.is_mended else self.fault

    @asynccontextmanager
    async def listening(self, port=0, trust=None):
        if self.fault == REFUSES:
            async with super().listening() as url:
                port = self.port
            yield url.replace(str(self.port), str(port))
            return
        async with super().listening(port, trust) as url:
            yield url

    async def _take(self, reader, writer):
        if self.fault == HANGS and not self.is_mended:
            self.tried_s.append(self.house.machine.now_s)
            await reader.read()  # until its connection is closed
            return False
        return await super()._take(reader, writer)


@asynccontextmanager
async def faulty(fault):
    """Lend a gateway at fault, and a house that has tried it once."""
    gateway, poster = Faulty(fault), Poster(answer_s=0.05 if fault == HANGS else 5.0)
    async with gateway.listening() as url:
        carriages = carriages_of(
            {SMS: read_address(url)}, {"sms": KEYS}, outbox=None, now_us=lambda: 0, poster=poster
        )
        gateway.house = House(carriages=carriages)
        await gateway.house.begin(text())
        try:
            await gateway.house.work()
            yield gateway, gateway.house
        finally:
            await poster.close()


async def go_on(house, minutes, at_once=1):
    """Let time pass, on both clocks."""
    for _ in range(minutes // at_once):
        house.clock.advance(MINUTES * at_once)
        await house.work(60.0 * at_once)


async def heard(house):
    journey = house.store.journeys["j"]
    return journey.ended_as if journey.outcome is Outcome.LEFT else ""


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        (503, State.WAITING, "the gateway answered 503"),
        (500, State.WAITING, "the gateway answered 500"),
        (BUSY, State.WAITING, "the gateway answered 429"),
        (502, State.UNKNOWN, "the gateway answered 502"),
        (504, State.UNKNOWN, "the gateway answered 504"),
        (GARBAGE, State.UNKNOWN, "the gateway answered something that is not HTTP"),
        (DIES, State.UNKNOWN, "the gateway closed the connection without an answer"),
        (HANGS, State.UNKNOWN, "the gateway did not answer within 0.05 s"),
    ],
)
async def test_a_message_outlives_an_hour_in_which_its_gateway_is_at_fault(fault, state, reason):
    async with faulty(fault) as (gateway, house):
        await go_on(house, 60)
        assert (house.only.state, house.only.reason) == (state, reason)
        assert (house.only.is_open, await heard(house)) == (True, "")
        assert 4 <= len(gateway.tried_s) <= 16
        # In doubt it counts as a contact; certainly not sent it does not.
        assert len(house.person.held) == (state is State.UNKNOWN)
        gateway.is_mended = True
        await go_on(house, 120, at_once=20)
    assert (house.only.state, await heard(house)) == (State.SENT, "sent")
    assert {each.id for each in gateway.received} <= {house.only.errand_id}
    assert house.person.held == {house.only.contact_id}


async def test_a_gateway_that_asks_for_time_is_given_it():
    async with faulty(BUSY) as (gateway, house):
        await go_on(house, 60)
        asked_s = gateway.tried_s
    assert all(after - before >= 600 for before, after in itertools.pairwise(asked_s))
    assert len(asked_s) == 7


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        (503, "failed", "the gateway answered 503; given up after 20 hours"),
        (500, "failed", "the gateway answered 500; given up after 20 hours"),
        (REFUSES, "failed", "the gateway refused the connection; given up after 20 hours"),
        (502, "unknown", "the gateway answered 502"),
        (DIES, "unknown", "the gateway closed the connection without an answer"),
    ],
)
async def test_of_a_gateway_that_stays_at_fault_the_journey_hears_after_a_day(fault, state, reason):
    async with faulty(fault) as (gateway, house):
        await go_on(house, 19 * 60, at_once=20)
        assert await heard(house) == ""
        await go_on(house, 120, at_once=20)
        tries = len(gateway.tried_s)
        assert (house.only.state, house.only.reason) == (State(state), reason)
        assert (house.only.is_open, await heard(house)) == (False, state)
        gateway.is_mended = True
        await go_on(house, 120, at_once=20)
    assert len(gateway.tried_s) == tries, "it is not tried again"
    assert len(house.person.held) == (state == "unknown")


@asynccontextmanager
async def mailing(**answers):
    """Lend a mail server, and a house that has tried it once."""
    server = Server(**answers)
    async with server.listening() as place:
        carriage = Carriage(SmtpCarrier(place, lambda: NOON), longest_s=place.longest_s)
        house = House(carriages={EMAIL: carriage})
        house.writer.instead[EMAIL] = MESSAGE
        await house.begin(text("EMAIL"))
        await house.work()
        yield server, house


async def test_an_e_mail_outlives_an_hour_in_which_its_server_is_busy():
    async with mailing(data="451 busy") as (server, house):
        await go_on(house, 60, at_once=10)
        assert (house.only.state, house.only.reason) == (
            State.WAITING,
            "the mail server refused its text (451)",
        )
        server.answers["data"] = "250 taken as 7"
        await go_on(house, 120, at_once=20)
    assert (house.only.state, await heard(house)) == (State.SENT, "sent")


async def test_an_e_mail_that_is_refused_for_good_has_failed_at_once():
    async with mailing(rcpt="550 no such person") as (_, house):
        pass
    assert (house.only.state, await heard(house)) == (State.FAILED, "failed")
    assert house.person.held == set()


@pytest.mark.parametrize("answer", ["nothing", "gone"])
async def test_a_server_that_falls_silent_with_the_text_is_given_it_once(answer):
    async with mailing(data=answer) as (server, house):
        await go_on(house, 120, at_once=20)
        assert len(server.envelopes) == 1
    assert (house.only.state, await heard(house)) == (State.UNKNOWN, "unknown")
    assert house.person.held == {house.only.contact_id}
