"""Which alarm of a late call has another replica asked."""

import asyncio

import pytest

from shared.replicas.attempts import Attempts
from shared.replicas.channel import Extras
from shared.replicas.outliers import Outliers
from shared.replicas.replica import Line
from shared.replicas.tokens import TokenBucket

ONE, TWO = "one", "two"
LATE_S = 60.0
"""Alarms are rung by the tests."""


class Outgoing:
    """A call that never ends."""

    def add_done_callback(self, callback):
        pass


class Channel:
    replicas = (ONE, TWO)

    def __init__(self):
        self.extras = Extras(hedges=TokenBucket(share=1.0, most=10))
        self.outliers = Outliers()

    def another(self, tried):
        return next((each for each in self.replicas if each not in tried), None)


class Rpc:
    may_be_asked_twice = True

    def __init__(self):
        self.channel = Channel()
        self.asked = []

    def line(self, replica):
        return Line(None)

    def start(self, replica, line, request, **options):
        self.asked.append(replica)
        return Outgoing()

    def late_after_s(self):
        return LATE_S


class Alarms:
    """One call to a replica, whose alarms come as the test says."""

    def __init__(self):
        self.rpc = Rpc()
        self._attempts = Attempts(self.rpc, "request", 10 * LATE_S, ())
        self._attempts._start(ONE)
        (self._attempt,) = self._attempts._under_way

    def ring(self, *, late_by_s):
        self._attempt.alarm.cancel()
        due = asyncio.get_running_loop().time() - late_by_s
        self._attempts._late(self._attempt, due)
        return list(self.rpc.asked)

    def over(self):
        for attempt in self._attempts._under_way:
            attempt.alarm.cancel()


@pytest.fixture
async def alarms():
    made = Alarms()
    yield made
    made.over()


async def test_a_call_that_is_late_is_asked_of_another_replica(alarms):
    assert alarms.ring(late_by_s=-1.0) == [ONE, TWO]


async def test_an_alarm_that_comes_late_itself_is_put_off_once(alarms):
    assert alarms.ring(late_by_s=1.0) == [ONE]
    assert alarms.ring(late_by_s=1.0) == [ONE, TWO]


async def test_nobody_is_called_late_while_it_was_us_who_stood_still(alarms):
    alarms.ring(late_by_s=1.0)
    assert not alarms._attempt.is_late
