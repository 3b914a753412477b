"""Hands what was answered without a word of rules over to rules, which explains it later."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from services.aggregator.peers import Peers
from services.aggregator.pipeline import commit
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.trace import trace
from services.aggregator.pipeline.wording import Wording
from shared.call import own_call
from shared.client import invoke
from shared.errors import (
    InvalidArgument,
    Overloaded,
    PermissionDenied,
    TooLarge,
    TouchpointError,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)
from shared.logging import get_logger
from touchpoint.rules.v1.rules_service_pb2 import KeepAnswersRequest, UnconfirmedAnswer

_METHOD = "/touchpoint.rules.v1.RulesService/KeepAnswers"
_TIMEOUT_S = 2.0
_LAST_S = 0.5
"""For all that is left when the edge ends, however many calls that takes."""
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 5.0
_WRITTEN_AFTER_S = 0.05
"""By then the answer itself has left."""
_AT_ONCE = 10
_MOST_AT_ONCE_BYTES = 1024 * 1024
_LARGEST_BYTES = 2 * 1024 * 1024
"""Of one answer; rules takes no request beyond 4 MiB, and no trace beyond one."""
_MOST_TRIES = 30
"""Of what rules is late with or fails at, while it is there: that is some minutes."""
_NOT_OF_ANSWERS = (Unavailable, Overloaded, Unimplemented, PermissionDenied, Unauthenticated)
"""What a peer says whatever it is handed, so it is handed over again and again."""
_TOLD_EVERY_S = 10.0
MOST_BYTES = 16 * 1024 * 1024
"""Waiting to be handed over, of some kilobytes each; more is let go and counted."""
MOST_UNWRITTEN = 200
"""Decisions that were just answered, and are not written down as bytes yet."""
log = get_logger(__name__)

Answered = tuple[Question, Decision, Sequence[str]]


@dataclass(slots=True)
class _Waiting:
    """One answer in line."""

    answer: UnconfirmedAnswer
    size: int
    """In bytes."""
    tries: int = 0
    """How often it was not taken, by itself."""
    is_alone: bool = False
    """It goes by itself: together with others it was not taken."""


class Unconfirmed:
    """What waits on this replica: handed over at least once, lost only with it.

    An answer never waits for it: all that `keep` does is to put it in line.
    """

    def __init__(self, peers: Peers, wording: Wording) -> None:
        self._peers = peers
        self._wording = wording
        self._unwritten: deque[Answered] = deque()
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._there = asyncio.Event()
        self._told_at = 0.0
        self.dropped = 0
        """Answers that nobody will be able to explain, since the start."""

    def keep(self, question: Question, decision: Decision, person_ids: Sequence[str]) -> None:
        """Put an answer in line; where too much waits it is dropped and counted."""
        if len(self._unwritten) >= MOST_UNWRITTEN or self._bytes >= MOST_BYTES:
            self._drop(1, "too much waits to be handed over")
            return
        self._unwritten.append((question, decision, person_ids))
        asyncio.get_running_loop().call_later(_WRITTEN_AFTER_S, self._write_next)

    async def run(self) -> None:
        """Hand over for ever, and what is left when the service ends; a background task."""
        pause_s = _FIRST_PAUSE_S
        try:
            while True:
                await self._there.wait()
                try:
                    await self.hand_over(_TIMEOUT_S)
                    pause_s = _FIRST_PAUSE_S
                except TouchpointError:
                    await asyncio.sleep(pause_s)
                    pause_s = min(2.0 * pause_s, _LONGEST_PAUSE_S)
        finally:
            await self._last()

    async def hand_over(self, timeout_s: float) -> None:
        """Hand over all that waits; raises the peer's error, and keeps it then.

        What rules would not take together is handed over one by one. One that it refuses is
        dropped; one that it is late with, or fails at, goes to the end of the line, so that it
        keeps no other from being told, and is dropped in the end.
        """
        while self._waiting:
            some = self._next()
            try:
                request = KeepAnswersRequest(answers=[each.answer for each in some])
                await invoke(self._peers.rules.KeepAnswers, request, own_call(_METHOD), timeout_s)
            except _NOT_OF_ANSWERS:
                raise
            except TouchpointError as error:
                if len(some) == 1:
                    self._not_taken(error)
                for each in some:
                    each.is_alone = True
                continue
            for _ in some:
                self._let_go()
        self._there.clear()

    def _next(self) -> list[_Waiting]:
        """Return the first that go in one call, at least one."""
        some: list[_Waiting] = []
        size = 0
        for each in self._waiting:
            size += each.size
            if some and (each.is_alone or size > _MOST_AT_ONCE_BYTES):
                break
            some.append(each)
            if each.is_alone or len(some) == _AT_ONCE:
                break
        return some

    def _not_taken(self, error: TouchpointError) -> None:
        """Drop the first, or put it behind all others and raise what rules said of it."""
        first = self._waiting[0]
        first.tries += 1
        if isinstance(error, InvalidArgument | TooLarge) or first.tries >= _MOST_TRIES:
            self._drop(1, f"rules would not take it: {error.reason}")
            self._let_go()
            return
        first.is_alone = True
        self._waiting.rotate(-1)
        raise error

    def _let_go(self) -> None:
        self._bytes -= self._waiting.popleft().size

    async def _last(self) -> None:
        while self._unwritten:
            self._write_next()
        why = "TIME_IS_UP"
        try:
            async with asyncio.timeout(_LAST_S):
                await self.hand_over(_LAST_S)
        except TimeoutError:
            pass
        except TouchpointError as error:
            why = error.reason
        if self._waiting:
            # What is counted is gone: after a defect this runs on, and would tell it after all.
            self._drop(len(self._waiting), f"the service ends: {why}")
            self._waiting.clear()
            self._bytes = 0

    def _write_next(self) -> None:
        """Write the oldest down as bytes; nothing where all are."""
        if not self._unwritten:
            return
        question, decision, person_ids = self._unwritten.popleft()
        explained = trace(question, decision, person_ids, self._wording)
        answer = UnconfirmedAnswer(
            decision_id=decision.decision_id,
            person_ids=person_ids,
            trace=explained.SerializeToString(),
        )
        commit.write_page(question, decision.slates, answer.placements)
        answer.answered_time.FromMicroseconds(question.context.now_us)
        for placement in answer.placements:
            del placement.next[:]
        size = answer.ByteSize()
        if size > _LARGEST_BYTES:
            self._drop(1, "it is too large")
            return
        self._bytes += size
        self._waiting.append(_Waiting(answer, size))
        self._there.set()

    def _drop(self, count: int, why: str) -> None:
        self.dropped += count
        now = asyncio.get_running_loop().time()
        if not self._told_at or now - self._told_at >= _TOLD_EVERY_S:
            self._told_at = now
            log.warning("answers_not_explained_later", dropped=self.dropped, why=why)
