"""Refuses a malformed request with the paths of everything wrong, before anything is done."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from google.protobuf.message import Message

from shared.call import Call, Handler, StreamHandler
from shared.validation import Validator, validate


class Validation:
    """Applies the validator registered for the request's type."""

    def __init__(self, validators: Mapping[type[Message], Validator]) -> None:
        self._validators = validators

    async def unary(self, call: Call, request: Message, following: Handler) -> Message:
        """Handle one rpc; raises InvalidArgument with every violation."""
        validate(self._validators, request)
        return await following(call, request)

    def stream(
        self, call: Call, request: Message, following: StreamHandler
    ) -> AsyncGenerator[Message, None]:
        """Handle one stream likewise."""
        validate(self._validators, request)
        return following(call, request)
