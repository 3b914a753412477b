"""One call as every transport presents it, and the shapes of what handles it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from shared.budget import Budget
from shared.callers.scopes import Grants
from shared.ids import new_id
from shared.overload.priority import Priority

REQUEST_ID = "x-request-id"
CALLER = "x-touchpoint-caller"
TRACE_PARENT = "traceparent"
PRIORITY = "x-touchpoint-priority"
"""How the edge ranks what a call is made for; its own callers have no say in it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what it may do beyond asking."""

    name: str
    may_link: bool = False
    """Whether a `login` event of this caller links two identities to one person."""
    may_export: bool = False
    """Whether it may have all that is kept of a person, and the trail of who read what."""
    may_reach: bool = False
    """Whether it may act towards a person by their id: decide for them, and learn how to write to
    them."""
    grants: Grants | None = None
    """What it may call, and on which channels; None where whoever reaches us may do anything."""
    is_browser: bool = False
    """Whether everybody can have its key, so that it speaks only for who is proved."""
    channel: int = 0
    """Number of the channel of its requests that name none; 0: they must."""
    placement: str = ""
    """What its requests are about that do not say; empty: they must."""
    customer_id: str = ""
    """Whom a token of the shop's proves this request to come from; empty: nobody."""

    def may(self, scope: str, channel: int | None = None) -> bool:
        """Say whether it holds a scope: on a channel, on all (0), or on any at all (None)."""
        return self.grants is None or self.grants.allow(scope, channel)


ANONYMOUS = Caller("anonymous")


@dataclass(slots=True)
class Waits:
    """What a call has waited for peers that then did not answer, and whether one refused."""

    _by_peer: dict[str, float] = field(default_factory=dict)
    was_refused: bool = False
    """Whether a peer had no room for it, so that it was spared what it would have waited."""

    def add(self, peer: str, seconds: float) -> None:
        """Note a wait in vain."""
        self._by_peer[peer] = self._by_peer.get(peer, 0.0) + seconds

    @property
    def peers(self) -> tuple[str, ...]:
        """Whom it was waited for, in the order of the waits."""
        return tuple(self._by_peer)

    @property
    def seconds(self) -> float:
        """How long for all of them."""
        return sum(self._by_peer.values())


NO_WAITS = Waits()


@dataclass(slots=True)
class Onward:
    """What a call has begun that goes on where its caller leaves."""

    _tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    def add(self, task: asyncio.Task[Any]) -> None:
        """Note work that outlives the handler if that is cancelled."""
        self._tasks.append(task)

    def when_over(self, then: Callable[[], None]) -> None:
        """Call back as soon as nothing of it is under way, which may be at once."""
        left = [task for task in self._tasks if not task.done()]
        if not left:
            then()
            return

        def ended(task: asyncio.Task[Any]) -> None:
            left.remove(task)
            if not left:
                then()

        for task in tuple(left):
            task.add_done_callback(ended)


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """The facts of one rpc that a servicer or a middleware may want; it knows no transport."""

    method: str
    """`/package.Service/Rpc`."""
    request_id: str
    budget: Budget | None = None
    """None only where an rpc has no default budget and the caller sent no deadline."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Keys in lower case; binary metadata is left out."""
    caller: Caller = ANONYMOUS
    trace_id: str = ""
    streaming: bool = False
    waits: Waits = field(default_factory=Waits)
    onward: Onward = field(default_factory=Onward)
    priority: Priority = Priority.AGENT
    """At which it was admitted, and its own calls of peers are to be."""

    @property
    def service(self) -> str:
        """The full name of the service: `package.Service`."""
        return self.method[1 : self.method.rindex("/")]

    @property
    def rpc(self) -> str:
        """The name of the rpc within its service."""
        return self.method[self.method.rindex("/") + 1 :]

    def with_budget(self, budget: Budget | None) -> Call:
        """Return the same call under another budget."""
        return Call(
            self.method,
            self.request_id,
            budget,
            self.metadata,
            self.caller,
            self.trace_id,
            self.streaming,
            self.waits,
            self.onward,
            self.priority,
        )

    def with_caller(self, caller: Caller) -> Call:
        """Return the same call with its caller known."""
        return Call(
            self.method,
            self.request_id,
            self.budget,
            self.metadata,
            caller,
            self.trace_id,
            self.streaming,
            self.waits,
            self.onward,
            self.priority,
        )

    def with_priority(self, priority: Priority) -> Call:
        """Return the same call at a priority, which is itself where it has that already."""
        if priority is self.priority:
            return self
        return Call(
            self.method,
            self.request_id,
            self.budget,
            self.metadata,
            self.caller,
            self.trace_id,
            self.streaming,
            self.waits,
            self.onward,
            priority,
        )


def own_call(method: str, budget: Budget | None = None, caller: Caller = ANONYMOUS) -> Call:
    """Return a call that this process makes of its own accord, without a request behind it.

    `caller` is by which name a peer knows it, where what it may do depends on that.
    """
    return Call(method, new_id(), budget, caller=caller)


Handler = Callable[[Call, Message], Awaitable[Message]]
Middleware = Callable[[Call, Message, Handler], Awaitable[Message]]
StreamHandler = Callable[[Call, Message], AsyncGenerator[Message, None]]
StreamMiddleware = Callable[[Call, Message, StreamHandler], AsyncGenerator[Message, None]]

CURRENT_CALL: ContextVar[Call | None] = ContextVar("touchpoint_call", default=None)
"""The call being handled in this task, for log lines written below the servicer."""
