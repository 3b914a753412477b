"""The channel arguments of gRPC that both ends must agree on, each with its reason."""

from __future__ import annotations

import json
from collections.abc import Sequence

from shared.transport.connections import most_connections

KIB = 1024
MIB = 1024 * KIB

PING_EVERY_MS = 400
PING_ANSWER_MS = 500
"""So a frozen peer is noticed within a second, also where nobody calls it. Without
`ping_timeout_ms` that takes a minute."""

ANSWER_LIMIT = 16 * MIB
"""Columnar batches of the stream rpcs are the largest messages there are."""

Options = Sequence[tuple[str, str | int]]


STREAMS = 100
"""Calls on one connection of a caller, streams among them; more wait for their turn, unsent. It
bounds what a connection can hold open: rapid reset, half-sent messages."""


def server_options(max_request_bytes: int, streams: int = STREAMS) -> Options:
    """Return the arguments of a server: the size of a request in bytes, calls on a connection."""
    return (
        # On by default, and then a second server binds the same port without a word.
        ("grpc.so_reuseport", 0),
        ("grpc.max_concurrent_streams", streams),
        # Whoever opens ten thousand takes no more memory and files than this many need.
        ("grpc.max_allowed_incoming_connections", most_connections()),
        # A silent TCP connection stays for ever otherwise.
        ("grpc.server_handshake_timeout_ms", 3_000),
        ("grpc.max_receive_message_length", max_request_bytes),
        ("grpc.max_send_message_length", ANSWER_LIMIT),
        # Clients ping as often as below; a server that disagrees answers too_many_pings.
        ("grpc.http2.min_ping_interval_without_data_ms", PING_EVERY_MS // 2),
        ("grpc.keepalive_permit_without_calls", 1),
        # Answers stay as they are on a fast network; a compressed request is still understood.
        ("grpc.per_message_compression", 0),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.http2.ping_timeout_ms", 10_000),
        # Whoever connects and asks nothing holds no place for ever; clients connect again unseen.
        ("grpc.max_connection_idle_ms", 300_000),
    )


CONNECTION_AGE_MS = 270_000
"""By a tenth more or less, so that not all callers come again at once."""
CONNECTION_GRACE_MS = 300_000
"""A connection outlives the certificate that it began with, or the belief in it, by ten minutes at
the most: after the age its caller connects anew, after the grace what still runs on it is ended."""


def aged() -> Options:
    """Return the further arguments of a server that demands certificates of its callers."""
    return (
        ("grpc.max_connection_age_ms", CONNECTION_AGE_MS),
        ("grpc.max_connection_age_grace_ms", CONNECTION_GRACE_MS),
    )


def client_options(health_service: str) -> Options:
    """Return the arguments of a channel that is ready while the named service says SERVING.

    Each replica has a channel of its own, and of one address round robin is the policy that asks
    for health. There is no `timeout` in the service config: it fires early and fails every call of
    up to a second (grpc#40633). There is no retry policy: it would ask the same replica again.
    """
    service_config = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": health_service},
    }
    return (
        ("grpc.service_config", json.dumps(service_config)),
        ("grpc.keepalive_time_ms", PING_EVERY_MS),
        ("grpc.http2.ping_timeout_ms", PING_ANSWER_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        # A restarted peer is back after 0.1 s instead of 1 s.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1_000),
        # Nothing of ours is compressed, and looking whether it is costs 2% of a call.
        ("grpc.per_message_compression", 0),
        ("grpc.per_message_decompression", 0),
        ("grpc.max_receive_message_length", ANSWER_LIMIT),
        # What is too large is refused by the server, with a status of its own.
        ("grpc.max_send_message_length", -1),
    )
