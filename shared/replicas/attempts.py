"""The calls that are made for one answer: the first, one beside it when it is late, one again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc

from shared.replicas.entitled import may_ask_beside, waits_s
from shared.replicas.replica import Line, Replica

if TYPE_CHECKING:
    from shared.replicas.rpc import ReplicatedRpc

_Code = grpc.StatusCode
_FAULTS = {_Code.UNAVAILABLE, _Code.INTERNAL, _Code.UNKNOWN, _Code.DATA_LOSS}
"""What a replica does wrong by itself."""
_UNANSWERED = {_Code.DEADLINE_EXCEEDED, _Code.CANCELLED}
_MAY_GO_BETTER = {*_FAULTS, *_UNANSWERED, _Code.RESOURCE_EXHAUSTED}
"""With these the answer of another replica, if it is being asked, is waited for."""
_STOOD_STILL_S = 0.005
"""An alarm that comes so late says that this process had no processor, or something held it."""
_NEVER_LEFT = "connections to all backends failing"
"""How gRPC says so, of a replica that went away just before."""


class Attempt:
    """One call to one replica."""

    __slots__ = (
        "alarm",
        "began",
        "call",
        "is_late",
        "late_s",
        "line",
        "replica",
        "turn",
        "was_put_off",
    )

    def __init__(
        self, replica: Replica, line: Line, call: Any, began: float, late_s: float | None
    ) -> None:
        self.replica = replica
        self.line = line
        self.call = call
        self.began = began
        self.late_s = late_s
        """After which it is late; None: not known."""
        self.is_late = False
        self.turn = 0
        self.was_put_off = False
        """Its alarm came late, because it was us who stood still."""
        self.alarm: asyncio.TimerHandle | None = None


class Attempts:
    """Whichever replica answers first counts; the others run out their own timeout.

    A call is never cancelled, because a cancelled one leaks (grpc#43360).
    """

    __slots__ = (
        "_changed",
        "_deadline",
        "_is_over",
        "_loop",
        "_metadata",
        "_request",
        "_rpc",
        "_tried",
        "_under_way",
    )

    def __init__(self, rpc: ReplicatedRpc, request: Any, timeout_s: float, metadata: Any) -> None:
        self._rpc = rpc
        self._request = request
        self._metadata = metadata
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + timeout_s
        self._under_way: list[Attempt] = []
        self._tried: list[Replica] = []
        self._changed: asyncio.Future[None] | None = None
        self._is_over = False

    async def counted(self) -> Any:
        """Return the call that counts, when it has ended."""
        self._rpc.channel.extras.earn(hedges=self._rpc.may_be_asked_twice)
        self._start(self._rpc.channel.pick())
        try:
            while True:
                await self._change()
                for attempt in [each for each in self._under_way if each.call.done()]:
                    code = await self._judged(attempt)
                    if code not in _MAY_GO_BETTER or not await self._goes_on(attempt, code):
                        return attempt.call
        finally:
            self._is_over = True

    def _start(self, replica: Replica) -> None:
        channel, now = self._rpc.channel, self._loop.time()
        line = self._rpc.line(replica)
        outgoing = self._rpc.start(
            replica,
            line,
            self._request,
            timeout=max(0.0, self._deadline - now),
            metadata=self._metadata,
        )
        late_s = self._rpc.late_after_s() if len(channel.replicas) > 1 else None
        attempt = Attempt(replica, line, outgoing, now, late_s)
        self._wake(attempt, now)
        self._tried.append(replica)
        self._under_way.append(attempt)
        outgoing.add_done_callback(lambda _: self._ended(attempt))

    async def _change(self) -> None:
        if not any(each.call.done() for each in self._under_way):
            self._changed = self._loop.create_future()
            await self._changed

    def _ended(self, attempt: Attempt) -> None:
        if attempt.alarm is not None:
            attempt.alarm.cancel()
        attempt.line.latencies.add(self._loop.time() - attempt.began)
        if self._is_over:
            self._rpc.channel.aside(self._judged(attempt))
        elif self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    def _wake(self, attempt: Attempt, now: float) -> None:
        """Have it looked after at its next turn, if that comes in time."""
        if attempt.late_s is None:
            return
        due = now + waits_s(attempt.turn, attempt.late_s)
        if due < self._deadline:
            attempt.alarm = self._loop.call_at(due, self._late, attempt, due)

    def _late(self, attempt: Attempt, due: float) -> None:
        """Ask a second replica beside one that takes longer than usual."""
        channel, now = self._rpc.channel, self._loop.time()
        if now - due > _STOOD_STILL_S and not attempt.was_put_off:
            # Its answer may lie here unread.
            attempt.was_put_off = True
            self._wake(attempt, now)
            return
        if not attempt.is_late:
            attempt.is_late = True
            channel.outliers.late(attempt.replica, now)
        if self._is_over or len(self._tried) > 1 or not self._rpc.may_be_asked_twice:
            return
        other = channel.another(self._tried)
        if other is not None and may_ask_beside(attempt.turn, channel.extras.hedges):
            self._start(other)
            return
        attempt.turn += 1
        self._wake(attempt, now)

    async def _goes_on(self, ended: Attempt, code: grpc.StatusCode) -> bool:
        """Say whether an answer may still come, after one attempt that came to nothing."""
        if self._under_way:
            return True
        if code is not _Code.UNAVAILABLE or self._loop.time() >= self._deadline:
            return False
        channel = self._rpc.channel
        other = channel.another(self._tried)
        if other is None or not (await _never_left(ended.call) or self._may_be_repeated()):
            return False
        self._start(other)
        return True

    def _may_be_repeated(self) -> bool:
        return self._rpc.may_be_asked_twice and self._rpc.channel.extras.retries.take()

    async def _judged(self, attempt: Attempt) -> grpc.StatusCode:
        """Tell how the replica did, of a call that has ended; return its status."""
        self._under_way.remove(attempt)
        code: grpc.StatusCode = await attempt.call.code()
        outliers, now = self._rpc.channel.outliers, self._loop.time()
        if code in _FAULTS and not await _never_left(attempt.call):
            outliers.failed(attempt.replica, now, was_late=attempt.is_late)
        elif code not in _UNANSWERED:
            slowly = self._rpc.is_much_too_slow(now - attempt.began)
            outliers.answered(attempt.replica, now, slowly=slowly)
        elif attempt.is_late:
            outliers.missed(attempt.replica, now)
        return code


async def _never_left(outgoing: Any) -> bool:
    """Say whether a call has ended before it was sent, so that it can be no second one."""
    return str(await outgoing.details()).startswith(_NEVER_LEFT)
