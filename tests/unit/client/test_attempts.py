"""Which calls are tried again and when, on a clock of the test."""

from __future__ import annotations

import grpc
import pytest

from touchpoint.client import CallError, Throttled
from touchpoint.client.attempts import Attempts, Manners

BUSY = CallError(grpc.StatusCode.RESOURCE_EXHAUSTED, "", reason="OVERLOADED", retry_after_s=0.1)
TOO_LARGE = CallError(grpc.StatusCode.RESOURCE_EXHAUSTED, "", reason="TOO_LARGE")
GONE = CallError(grpc.StatusCode.UNAVAILABLE, "")
LATE = CallError(grpc.StatusCode.DEADLINE_EXCEEDED, "")
WRONG = CallError(grpc.StatusCode.INVALID_ARGUMENT, "", reason="BAD_REQUEST")


class Edge:
    """A client's manners on a clock that the test sets; `dice` is what chance gives."""

    def __init__(self, dice: float = 0.99):
        self.now_s = 100.0
        self.dice = dice
        self.manners = Manners(lambda: self.now_s, lambda: self.dice)

    def call(self, timeout_s: float | None = 1.0, kind: str = "web", *, idempotent: bool = True):
        return Attempts(self.manners, kind, timeout_s, idempotent=idempotent)

    def tried(self, error: CallError, **how) -> float | None:
        call = self.call(**how)
        call.next_timeout_s()
        return call.pause_s(error)

    def refuse_much(self, kind: str = "web"):
        for _ in range(50):
            self.manners.count(kind, accepted=False)


@pytest.mark.parametrize("error", [BUSY, GONE])
def test_what_may_go_better_is_tried_again(error):
    assert Edge().tried(error) is not None


@pytest.mark.parametrize("error", [TOO_LARGE, LATE, WRONG])
def test_what_would_go_the_same_way_is_not_tried_again(error):
    assert Edge().tried(error) is None


def test_a_call_that_could_take_effect_twice_is_not_tried_again():
    assert Edge().tried(BUSY, idempotent=False) is None


def test_a_call_without_a_deadline_is_not_tried_again():
    assert Edge().tried(BUSY, timeout_s=None) is None


@pytest.mark.parametrize(("dice", "pause_s"), [(0.0, 0.1), (0.5, 0.125), (1.0, 0.15)])
def test_never_before_the_time_that_the_edge_named_and_not_all_at_once(dice, pause_s):
    edge = Edge()
    call = edge.call()
    call.next_timeout_s()
    edge.dice = dice

    assert call.pause_s(BUSY) == pytest.approx(pause_s)


def test_without_a_time_named_each_pause_is_twice_the_one_before_and_three_attempts_are_all():
    edge = Edge(dice=0.0)
    call = edge.call()
    pauses = []
    for _ in range(3):
        call.next_timeout_s()
        pauses.append(call.pause_s(GONE))

    assert pauses == [0.05, 0.1, None]


def test_an_attempt_has_what_is_left_of_the_deadline():
    edge = Edge()
    call = edge.call(timeout_s=1.0)
    first = call.next_timeout_s()
    edge.now_s += 0.4

    assert first == 1.0
    assert call.next_timeout_s() == pytest.approx(0.6)


def test_nothing_is_tried_again_where_the_deadline_would_pass_meanwhile():
    assert Edge(dice=0.0).tried(BUSY, timeout_s=0.1) is None
    assert Edge(dice=0.0).tried(BUSY, timeout_s=0.12) == pytest.approx(0.1)


def test_retries_are_bounded_by_the_budget_of_all_calls():
    edge = Edge()
    again = sum(edge.tried(GONE) is not None for _ in range(200))

    assert again == pytest.approx(10 + 200 / 10, abs=1)


def test_a_call_is_not_sent_where_most_were_refused_and_its_error_says_so():
    edge = Edge(dice=0.5)
    edge.refuse_much()

    with pytest.raises(Throttled, match="not sent") as refused:
        edge.call().next_timeout_s()
    assert isinstance(refused.value, CallError)
    assert (refused.value.code, refused.value.reason) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "THROTTLED",
    )


def test_a_retry_that_the_budget_paid_for_is_not_thrown_away_here():
    edge = Edge(dice=0.0)
    call = edge.call()
    call.next_timeout_s()
    assert call.pause_s(BUSY) is not None
    edge.refuse_much()

    assert call.next_timeout_s() == 1.0


def test_calls_of_another_kind_are_sent_all_the_same():
    edge = Edge(dice=0.0)
    edge.refuse_much("web")

    assert edge.call(kind="agent").next_timeout_s() == 1.0


def test_only_refusals_for_being_busy_throttle():
    edge = Edge(dice=0.0)
    for error in [TOO_LARGE, LATE, WRONG, GONE] * 20:
        edge.tried(error)

    assert edge.call().next_timeout_s() == 1.0


def test_refusals_of_the_edge_throttle_until_it_answers_again():
    edge = Edge()
    for _ in range(20):
        edge.tried(BUSY, timeout_s=None)
    edge.dice = 0.5
    with pytest.raises(Throttled):
        edge.call().next_timeout_s()
    edge.dice = 0.99
    for _ in range(30):
        call = edge.call()
        call.next_timeout_s()
        call.answered()
    edge.dice = 0.0

    assert edge.call().next_timeout_s() == 1.0
