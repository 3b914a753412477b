"""Lets a caller call what its scopes allow, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from google.protobuf.message import Message

from shared.call import Call, Handler, StreamHandler
from shared.callers.authenticating import STRANGER
from shared.callers.scopes import PUBLIC
from shared.errors import PermissionDenied, Unauthenticated


class Authorisation:
    """Denies by default: a method of which nobody said what it needs is for nobody.

    Callers without scopes are those of an open deployment, and our own services.
    """

    def __init__(self, needs: Mapping[str, str]) -> None:
        """Take the scope, or PUBLIC, by method path."""
        self._needs = needs

    async def unary(self, call: Call, request: Message, following: Handler) -> Message:
        """Handle one rpc; raises PermissionDenied, of a stranger Unauthenticated."""
        self._demand(call)
        return await following(call, request)

    def stream(
        self, call: Call, request: Message, following: StreamHandler
    ) -> AsyncGenerator[Message, None]:
        """Handle one stream likewise."""
        self._demand(call)
        return following(call, request)

    def _demand(self, call: Call) -> None:
        if call.caller.grants is None:
            return
        needed = self._needs.get(call.method)
        if needed == PUBLIC:
            return
        if call.caller is STRANGER:
            raise Unauthenticated(
                "this needs a key or a token: authorization: Bearer …", reason="NO_CREDENTIAL"
            )
        if needed is None:
            raise PermissionDenied("no caller may call this", reason="NO_SCOPE_DECLARED")
        demand(call, needed)


def demand(call: Call, scope: str, channel: int | None = None, channel_name: str = "") -> None:
    """Raise PermissionDenied unless the caller holds a scope, on a channel where one is named."""
    if call.caller.may(scope, channel):
        return
    wanted = f"{scope}:{channel_name}" if channel_name else scope
    raise PermissionDenied(
        f"this caller lacks the scope {wanted}",
        reason="CHANNEL_NOT_ALLOWED" if channel_name else "SCOPE_TOO_SMALL",
        metadata={"scope": wanted},
    )
