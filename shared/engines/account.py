"""Chooses who PostgreSQL runs as, which refuses root and users without a name."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.engines.errors import EngineError
from shared.processes import launch
from shared.processes.launch import PYTHON

NAMESPACES_SETTING = "TOUCHPOINT_USER_NAMESPACES"
PROBE_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Account:
    """A user that is not root and has a name."""

    uid: int
    gid: int
    namespace: bool
    """True: only seen inside a user namespace, where it is us; files stay ours."""

    def order(self) -> Mapping[str, Any]:
        """Return it as `launch.order` takes it."""
        return {"uid": self.uid, "gid": self.gid, "namespace": self.namespace}


async def choose_account(home: Path, program: Path, environ: Mapping[str, str]) -> Account | None:
    """Return who is to run `program` on `home`; None if we may do it ourselves.

    Prefers a user namespace, tried on the spot, because it needs no second user's access to
    anything; else, as root, an unprivileged user. Raises `EngineError` if neither can be had.
    """
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return None
    entry = _unprivileged_user()
    if _namespaces_wanted(environ):
        account = Account(entry.pw_uid, entry.pw_gid, namespace=True)
        if await can_run(account, program, home):
            return account
    if os.geteuid() != 0:
        raise EngineError(
            f"PostgreSQL needs a user with a name, and uid {os.geteuid()} has none; "
            "add it to /etc/passwd, or give TOUCHPOINT_POSTGRES_URL."
        )
    return Account(entry.pw_uid, entry.pw_gid, namespace=False)


async def can_run(account: Account, program: Path, folder: Path) -> bool:
    """Try whether the account may enter `folder` and execute `program` (with `--version`)."""
    become = launch.order(os.getpid(), signal.SIGKILL, account.order())
    probe = ("/bin/sh", "-c", 'test -x "$1" && exec "$2" --version', "sh", folder, program)
    process = await asyncio.create_subprocess_exec(
        *PYTHON,
        launch.__file__,
        become,
        *map(str, probe),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(PROBE_TIMEOUT_S):
        return await process.wait() == 0


def _namespaces_wanted(environ: Mapping[str, str]) -> bool:
    wanted = environ.get(NAMESPACES_SETTING, "allow")
    if wanted not in {"allow", "deny"}:
        raise EngineError(f"{NAMESPACES_SETTING} must be allow or deny, not {wanted!r}")
    return wanted == "allow"


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _unprivileged_user() -> pwd.struct_passwd:
    """Return `nobody`, or else the last user in the list that is not root.

    It must be a listed one: initdb refuses a uid that has no name.
    """
    users = [user for user in pwd.getpwall() if user.pw_uid != 0]
    if not users:
        raise EngineError(
            "PostgreSQL does not run as root, and this system lists no other user in /etc/passwd."
        )
    return next((user for user in users if user.pw_name == "nobody"), users[-1])
