"""One schema and one role per service, and the schema of the clock, made from an admin's URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from shared.postgres.failures import FAILURES, translated
from shared.postgres.queries import Queries

SERVICES = ("profile", "retrieval", "rules", "ranker", "scenario", "aggregator")
_CONNECT_S = 10.0
_QUERIES = Queries.beside(__file__, "provision.sql")


def role_of(service: str) -> str:
    return f"touchpoint_{service}"


async def provision(
    admin_url: str,
    password_of: Callable[[str], str],
    *,
    development: bool,
    services: Sequence[str] = SERVICES,
) -> Mapping[str, str]:
    """Make what is missing, set what differs, and return each service's own URL.

    May be repeated at any time, by several at once. A role reaches its own schema and may read the
    clock; only in `development` may it also move the clock. Raises `Unavailable`.
    """
    try:
        admin = await asyncpg.connect(admin_url, timeout=_CONNECT_S, command_timeout=_CONNECT_S)
        try:
            async with admin.transaction():
                await admin.execute(_QUERIES.lock_provisioning)
                await admin.execute(_QUERIES.make_clock)
                for service in services:
                    await _provision_one(admin, service, password_of(service), development)
        finally:
            await admin.close(timeout=_CONNECT_S)
    except FAILURES as error:
        raise translated(error) from error
    return {service: _url_of(admin_url, service, password_of(service)) for service in services}


async def _provision_one(
    admin: asyncpg.Connection, service: str, password: str, development: bool
) -> None:
    role = role_of(service)
    if not await admin.fetchval(_QUERIES.role_exists, role):
        await admin.execute(await admin.fetchval(_QUERIES.word_create_role, role))
    statements = await admin.fetchval(
        _QUERIES.word_grants, role, service, password, "GRANT" if development else "REVOKE"
    )
    await admin.execute(statements)


def _url_of(admin_url: str, service: str, password: str) -> str:
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(role_of(service))}:{quote(password, safe='')}@{host}"
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, parts.fragment))
