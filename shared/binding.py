"""Binds a plain servicer class to the service it claims to implement, or refuses at start."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from shared.call import Handler, StreamHandler
from shared.validation import Validator


@dataclass(frozen=True, slots=True)
class DeadlineLimits:
    """How long an rpc may take when the caller says nothing, and at the most, in seconds."""

    default_s: float | None = 1.0
    """None leaves `call.budget` None, so that the servicer chooses."""
    maximum_s: float | None = 1.0
    """None lets the caller choose freely."""


UNARY_DEADLINE = DeadlineLimits()
STREAM_DEADLINE = DeadlineLimits(default_s=None, maximum_s=None)


@dataclass(frozen=True, slots=True)
class UnaryRpc:
    """One rpc with one answer."""

    method: str
    """`/package.Service/Rpc`."""
    request_type: type[Message]
    response_type: type[Message]
    handler: Handler
    deadline: DeadlineLimits = UNARY_DEADLINE


@dataclass(frozen=True, slots=True)
class StreamRpc:
    """One rpc with a stream of answers."""

    method: str
    request_type: type[Message]
    response_type: type[Message]
    handler: StreamHandler
    deadline: DeadlineLimits = STREAM_DEADLINE


Rpc = UnaryRpc | StreamRpc


@dataclass(frozen=True, slots=True)
class Binding:
    """A service and the handlers of all of its rpcs, for any transport."""

    service: str
    """`package.Service`."""
    rpcs: Sequence[Rpc]
    validators: Mapping[type[Message], Validator] = field(default_factory=dict)

    def unary(self, rpc: str) -> Handler:
        """Return the bare handler of a single-answer rpc; KeyError when there is none."""
        path = f"/{self.service}/{rpc}"
        found = (each for each in self.rpcs if isinstance(each, UnaryRpc) and each.method == path)
        try:
            return next(found).handler
        except StopIteration:
            raise KeyError(path) from None


def bind(
    descriptor: ServiceDescriptor,
    servicer: object,
    *,
    validators: Mapping[type[Any], Validator] | None = None,
    deadlines: Mapping[str, DeadlineLimits] | None = None,
) -> Binding:
    """Bind every rpc of a service to the snake_case method of a servicer.

    A unary rpc is `async def rpc(self, call: Call, request: Request) -> Response`, a
    server-streaming one an async generator annotated `AsyncIterator[Response]`. `deadlines` is
    keyed by rpc name. Raises TypeError naming everything that is missing or annotated with
    other messages than the descriptor's.
    """
    rpcs: list[Rpc] = []
    mistakes: list[str] = []
    for method in descriptor.methods:
        found = getattr(servicer, snake_case(method.name), None)
        mistake = _mistake(method, found)
        if mistake:
            mistakes.append(f"{snake_case(method.name)}: {mistake}")
        else:
            rpcs.append(_rpc(method, found, (deadlines or {}).get(method.name)))
    unknown = set(deadlines or {}) - {method.name for method in descriptor.methods}
    mistakes.extend(f"{name}: has a deadline but is no rpc" for name in sorted(unknown))
    if mistakes:
        name = type(servicer).__name__
        raise TypeError(f"{name} does not implement {descriptor.full_name}: {'; '.join(mistakes)}")
    return Binding(descriptor.full_name, tuple(rpcs), dict(validators or {}))


def snake_case(rpc: str) -> str:
    """Return the Python name of an rpc: `GetSnapshot` is `get_snapshot`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", rpc).lower()


def _rpc(method: MethodDescriptor, handler: Any, limits: DeadlineLimits | None) -> Rpc:
    path = f"/{method.containing_service.full_name}/{method.name}"
    request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    if method.server_streaming:
        return StreamRpc(path, request, response, handler, limits or STREAM_DEADLINE)
    return UnaryRpc(path, request, response, handler, limits or UNARY_DEADLINE)


def _mistake(method: MethodDescriptor, handler: Callable[..., Any] | None) -> str:
    if method.client_streaming:
        return "client streaming is not supported"
    if handler is None:
        return "is missing"
    if method.server_streaming and not inspect.isasyncgenfunction(handler):
        return "must be an async generator"
    if not method.server_streaming and not inspect.iscoroutinefunction(handler):
        return "must be an async function"
    parameters = list(inspect.signature(handler).parameters.values())
    if len(parameters) != 2:
        return "must take (call, request)"
    returned = inspect.signature(handler).return_annotation
    if method.server_streaming:
        returned = _streamed(returned)
    return _differs("request", handler, parameters[1].annotation, method.input_type) or _differs(
        "response", handler, returned, method.output_type
    )


def _streamed(annotation: Any) -> Any:
    """Return the element of an `AsyncIterator[X]` or `AsyncGenerator[X, None]` annotation."""
    if isinstance(annotation, str):
        match = re.match(r"^[\w.]*Async(?:Iterator|Generator|Iterable)\[([^,\]]+)", annotation)
        return match.group(1) if match else annotation
    arguments = getattr(annotation, "__args__", ())
    return arguments[0] if arguments else annotation


def _differs(role: str, handler: Any, annotation: Any, expected: Descriptor) -> str:
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, handler.__globals__)  # noqa: S307 our own annotations
        except NameError as error:
            return f"the {role} is annotated with a name that is not imported ({error})"
    if getattr(annotation, "DESCRIPTOR", None) is not expected:
        return f"the {role} must be annotated as {expected.full_name}"
    return ""
