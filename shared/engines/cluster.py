"""Makes, moves and configures a PostgreSQL data folder."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

from shared.engines.account import Account
from shared.engines.binaries import PostgresInstall
from shared.engines.errors import EngineError, why
from shared.engines.home import write_private
from shared.postgres.pool_sizes import SERVER_MAXIMUM
from shared.processes import launch, leftovers
from shared.processes.launch import ENVIRONMENT, PYTHON

SUPERUSER = "touchpoint"
MAJOR = "18"
NEEDED_BYTES = 256_000_000
"""A new cluster and its first write-ahead log."""
INITDB_TIMEOUT_S = 120.0
INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    # Sorts by code point like C, yet knows upper and lower case beyond ASCII.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)

SETTINGS = {
    # Where it listens: TCP on loopback only, so no socket path can be too long or too open.
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": str(SERVER_MAXIMUM),
    "password_encryption": "'scram-sha-256'",
    # Sized for a laptop with 2 cores that runs the whole suite in 2 GB.
    "shared_buffers": "'128MB'",
    "effective_cache_size": "'1GB'",
    "work_mem": "'8MB'",
    "maintenance_work_mem": "'64MB'",
    "huge_pages": "off",
    # Short indexed statements: compiling or spreading them costs more than it saves, and parallel
    # workers need more of /dev/shm than containers have.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "io_method": "'sync'",
    "random_page_cost": "1.1",
    # What is acknowledged is on disk.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # One node without replicas.
    "wal_level": "'minimal'",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_wal_size": "'1GB'",
    "checkpoint_timeout": "'10min'",
    # A forgotten transaction would stop vacuum and hold locks.
    "idle_in_transaction_session_timeout": "'60s'",
    # No values of persons in the log: no DETAIL lines, no parameters.
    "log_error_verbosity": "'terse'",
    "log_parameter_max_length_on_error": "0",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "log_checkpoints": "off",
    "log_timezone": "'UTC'",
    "timezone": "'UTC'",
    "datestyle": "'iso, ymd'",
    "lc_messages": "'C'",
}


def exists(data: Path) -> bool:
    """Tell whether a data folder was made there; raises `EngineError` for another major version."""
    version = data / "PG_VERSION"
    if not version.exists():
        return False
    found = version.read_text().strip()
    if found != MAJOR:
        raise EngineError(
            f"{data} was written by PostgreSQL {found}, and this is {MAJOR}: "
            "export it with the old version, or choose another TOUCHPOINT_HOME."
        )
    return True


async def initialise(
    install: PostgresInstall, data: Path, password: str, account: Account | None
) -> None:
    """Make a new cluster, whole or not at all; raises `EngineError`."""
    free = shutil.disk_usage(data.parent).free
    if free < NEEDED_BYTES:
        raise EngineError(
            f"the disk of {data.parent} is full: a new PostgreSQL needs "
            f"{NEEDED_BYTES // 1_000_000} MB, {free // 1_000_000} MB are free."
        )
    draft, secret = data.with_name(f"{data.name}.draft"), data.with_name(f"{data.name}.password")
    remove(draft)
    try:
        draft.mkdir(mode=0o700)
        write_private(secret, f"{password}\n")
        own(draft, account)
        own(secret, account)
        await _initdb(install, draft, secret, account)
        draft.replace(data)
    finally:
        secret.unlink(missing_ok=True)
        remove(draft)


def configure(data: Path, port: int, account: Account | None) -> None:
    """Write the whole configuration anew, so that what is here is what holds."""
    lines = [f"{key} = {value}" for key, value in {**SETTINGS, "port": str(port)}.items()]
    file = data / "postgresql.conf"
    write_private(file, "\n".join(("# Written at every start.", *lines, "")))
    own(file, account)


def move(source: Path, target: Path, account: Account | None) -> None:
    """Move a cluster that is not running to where, and whose, it must be from now on."""
    draft = target.with_name(f"{target.name}.draft")
    remove(draft)
    shutil.copytree(source, draft, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        own(path, account)
    draft.replace(target)
    remove(source)


def own(path: Path, account: Account | None) -> None:
    """Give a path of ours to the account that will use it."""
    if account is not None and not account.namespace:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    elif os.geteuid() == 0:
        os.chown(path, 0, 0, follow_symlinks=False)


async def end_leftover(data: Path, ladder: Sequence[tuple[int, float]]) -> None:
    """End the server that still runs on this data folder, and no other.

    Removes `postmaster.pid` only if its pid now belongs to a stranger, which would make PostgreSQL
    refuse to start; otherwise PostgreSQL's own check of it is the better one.
    """
    file = data / "postmaster.pid"
    if not file.exists():
        return
    running = leftovers.find("postgres", leftovers.works_in(data))
    recorded = _recorded_pid(file)
    running.sort(key=lambda process: process.pid != recorded)
    for process in running:
        if not await leftovers.end(process, ladder):
            raise EngineError(f"PostgreSQL (process {process.pid}) of {data} does not end.")
    if recorded is None or leftovers.exists(recorded):
        file.unlink(missing_ok=True)


async def _initdb(
    install: PostgresInstall, data: Path, secret: Path, account: Account | None
) -> None:
    user = account.order() if account else None
    process = await asyncio.create_subprocess_exec(
        *PYTHON,
        launch.__file__,
        launch.order(os.getpid(), signal.SIGKILL, user),
        str(install.initdb),
        f"--pgdata={data}",
        f"--pwfile={secret}",
        *INITDB_OPTIONS,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=ENVIRONMENT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), INITDB_TIMEOUT_S)
    except BaseException:
        if process.returncode is None:
            process.kill()
        raise
    if process.returncode != 0:
        said = output.decode(errors="replace").strip()
        raise EngineError(f"PostgreSQL's data folder cannot be made{why(said)}:\n{said}")


def _recorded_pid(file: Path) -> int | None:
    try:
        return int(file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, if there is one."""
    if folder.exists():
        shutil.rmtree(folder)
