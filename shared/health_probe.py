"""Asks the server on this machine once whether it serves, as a container's health check does."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from shared.config import WELL_KNOWN_PORTS, ConfigError
from shared.setting_types import Listen, listen
from shared.tls import channel_credentials

ANSWER_S = 2.0
SERVES, SERVES_NOT, USAGE = 0, 1, 2
"""Exit codes."""
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 asked of, not listened on
_SERVING = health_pb2.HealthCheckResponse.SERVING


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Return an exit code, and say on standard error why it is not 0."""
    if len(arguments) != 1 or arguments[0] not in WELL_KNOWN_PORTS:
        print(f"say one of: {', '.join(WELL_KNOWN_PORTS)}", file=sys.stderr)
        return USAGE
    try:
        reason = probe(address_of(arguments[0], environ), credentials=credentials_of(environ))
    except ConfigError as error:
        reason = str(error)
    if reason:
        print(reason, file=sys.stderr)
    return SERVES_NOT if reason else SERVES


def address_of(service: str, environ: Mapping[str, str]) -> Listen:
    """Return where a service on this machine is asked; raises ValueError for a bad setting."""
    told = environ.get(f"TOUCHPOINT_{service.upper()}_LISTEN")
    found = listen(told) if told else Listen("127.0.0.1", WELL_KNOWN_PORTS[service])
    return Listen(_EVERY_ADDRESS.get(found.host, found.host), found.port)


def credentials_of(environ: Mapping[str, str]) -> grpc.ChannelCredentials | None:
    """Return by what a service that serves with TLS is asked; raises ConfigError."""
    told = [environ.get(f"TOUCHPOINT_TLS_{name}") for name in ("AUTHORITY", "CERTIFICATE", "KEY")]
    if not told[1]:
        return None
    return channel_credentials(*(Path(each) if each else None for each in told))


def probe(
    address: Listen,
    timeout_s: float = ANSWER_S,
    credentials: grpc.ChannelCredentials | None = None,
) -> str:
    """Return "" when the server as a whole says SERVING, else what it does instead."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    with _channel(f"{host}:{address.port}", credentials) as channel:
        request = health_pb2.HealthCheckRequest()
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=timeout_s)
        except grpc.RpcError as error:
            return f"{address} does not answer: {error.code().name}"
    if answer.status == _SERVING:
        return ""
    return f"{address} says {health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)}"


def _channel(target: str, credentials: grpc.ChannelCredentials | None) -> grpc.Channel:
    if credentials is None:
        return grpc.insecure_channel(target)
    # Asked by an address, known by a name that every certificate of ours is made out to.
    named = [("grpc.ssl_target_name_override", "localhost")]
    return grpc.secure_channel(target, credentials, options=named)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
