"""How the services of one deployment know one another: by a secret made of its key."""

from __future__ import annotations

import hmac

PREFIX = "tps_"
_PURPOSE = b"touchpoint service 1"
AUTHORIZATION = "authorization"
"""The metadata that carries a key or a token, `Bearer …`."""
BEARER = "Bearer "
IN_ADDRESS = "x-touchpoint-key-in-address"
"""Set by the web face where a key stood in the address, and so in logs and browsers' histories."""


def service_bearer(deployment_key: bytes) -> str:
    """Return what a service of this deployment shows; the key itself cannot be told from it."""
    return PREFIX + hmac.digest(deployment_key, _PURPOSE, "sha256").hex()


def is_service(bearer: str, expected: str) -> bool:
    """Say whether a service of this deployment shows this."""
    return hmac.compare_digest(bearer.encode(), expected.encode())
