"""When a stream that broke off is asked for again."""

import grpc
import pytest

from touchpoint.client.errors import CallError
from touchpoint.client.resuming import FIRST_PAUSE_S, LONGEST_PAUSE_S, Resuming

CODES = grpc.StatusCode
AWAY = CallError(CODES.UNAVAILABLE, "away")


class Clock:
    """Stands still until it is moved."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


def answered(**how):
    resuming = Resuming(**{"wanted": True, "chance": lambda: 1.0, "monotonic": Clock()} | how)
    resuming.seen()
    return resuming


def test_pauses_double_up_to_the_longest_and_are_short_again_after_a_stream_that_stood():
    clock = Clock()
    resuming = answered(monotonic=clock)
    pauses = [resuming.pause_s(AWAY) for _ in range(10)]
    assert pauses[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S
    resuming.seen()
    clock.now_s += LONGEST_PAUSE_S
    resuming.seen()
    assert resuming.pause_s(AWAY) == FIRST_PAUSE_S


@pytest.mark.parametrize("answers", [1, 2])
def test_pauses_double_where_each_stream_is_answered_and_ends_at_once(answers):
    clock = Clock()
    resuming = Resuming(wanted=True, chance=lambda: 1.0, monotonic=clock)
    pauses = []
    for _ in range(3):
        for _ in range(answers):
            clock.now_s += 0.01
            resuming.seen()
        pauses.append(resuming.pause_s(None))
        clock.now_s += LONGEST_PAUSE_S  # what the pause took is no life of the stream
    assert pauses == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]


def test_those_who_watched_one_edge_do_not_come_back_together():
    assert answered(chance=lambda: 0.0).pause_s(AWAY) == FIRST_PAUSE_S / 2


@pytest.mark.parametrize(
    ("error", "is_resumed"),
    [
        (None, True),
        (AWAY, True),
        (CallError(CODES.UNAVAILABLE, "restarts", reason="SHUTTING_DOWN"), True),
        (CallError(CODES.CANCELLED, "reset"), True),
        (CallError(CODES.INTERNAL, "reset"), True),
        (CallError(CODES.INTERNAL, "defect", reason="DEFECT"), False),
        (CallError(CODES.RESOURCE_EXHAUSTED, "busy", retry_after_s=0.05), True),
        (CallError(CODES.RESOURCE_EXHAUSTED, "too large"), False),
        (CallError(CODES.UNAUTHENTICATED, "revoked"), False),
        (CallError(CODES.PERMISSION_DENIED, "scope"), False),
        (CallError(CODES.INVALID_ARGUMENT, "wrong"), False),
    ],
)
def test_what_may_come_back_is_asked_again_and_what_was_refused_is_not(error, is_resumed):
    assert (answered().pause_s(error) is not None) is is_resumed


def test_the_edge_says_how_long_to_wait_at_the_least():
    busy = CallError(CODES.RESOURCE_EXHAUSTED, "busy", retry_after_s=3.0)
    assert answered().pause_s(busy) == 3.0


def test_what_was_never_answered_is_not_resumed_nor_what_nobody_wants_resumed():
    assert Resuming(wanted=True).pause_s(AWAY) is None
    assert answered(wanted=False).pause_s(AWAY) is None
