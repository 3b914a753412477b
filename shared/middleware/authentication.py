"""Finds out who calls, and what the caller may do."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing

from google.protobuf.message import Message

from shared.call import CALLER, CURRENT_CALL, Call, Caller, Handler, StreamHandler
from shared.errors import FieldViolation, InvalidArgument, Unauthenticated

Authenticate = Callable[[Call], Caller]
"""Names the caller, or raises Unauthenticated."""

EVERYBODY = "*"
LONGEST_NAME = 128
_NAMED = f"must be 1 to {LONGEST_NAME} printable ASCII characters"
_CHANGED = "what this caller may do was changed: call again"


def by_name(
    may_link: Collection[str], may_export: Collection[str] = (), may_reach: Collection[str] = ()
) -> Authenticate:
    """Trust the name that the caller gives itself; those listed may link, export or reach persons.

    `*` lists all.
    """
    known: dict[str, Caller] = {}

    def authenticate(call: Call) -> Caller:
        name = call.metadata.get(CALLER) or "anonymous"
        caller = known.get(name)
        if caller is None:
            if not is_name(name):
                raise InvalidArgument([FieldViolation(CALLER, _NAMED)])
            caller = Caller(
                name,
                may_link=_lists(may_link, name),
                may_export=_lists(may_export, name),
                may_reach=_lists(may_reach, name),
            )
            if len(known) < 1000:  # a caller may not fill our memory with names
                known[name] = caller
        return caller

    return authenticate


def is_name(name: str) -> bool:
    """Say whether a caller can be called so: it goes on in metadata, and is kept with events."""
    return 1 <= len(name) <= LONGEST_NAME and name.isascii() and name.isprintable()


def _lists(names: Collection[str], name: str) -> bool:
    return EVERYBODY in names or name in names


TRUST_EVERYBODY = by_name({EVERYBODY}, {EVERYBODY}, {EVERYBODY})


class Authentication:
    """Hands the call on with its caller known; the line that is logged of it names them too."""

    def __init__(self, authenticate: Authenticate) -> None:
        self._authenticate = authenticate

    async def unary(self, call: Call, request: Message, following: Handler) -> Message:
        """Handle one rpc of a known caller; raises Unauthenticated."""
        return await following(self._known(call), request)

    async def stream(
        self, call: Call, request: Message, following: StreamHandler
    ) -> AsyncGenerator[Message, None]:
        """Handle one stream of a known caller, who is told nothing more once refused."""
        known = self._known(call)
        async with aclosing(following(known, request)) as responses:
            async for response in responses:
                # A key may be revoked meanwhile or allow less, a token expire.
                if self._authenticate(call).grants != known.caller.grants:
                    raise Unauthenticated(_CHANGED, reason="SCOPES_CHANGED")
                yield response

    def _known(self, call: Call) -> Call:
        known = call.with_caller(self._authenticate(call))
        CURRENT_CALL.set(known)
        return known
