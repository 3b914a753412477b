"""The engines in containers are set as the embedded ones are, and come up with what is given."""

from __future__ import annotations

import asyncio
import os
import re
import shlex

import nats
import pytest

from shared.engines.binaries import find_nats_server
from shared.engines.cluster import INITDB_OPTIONS, MAJOR, SETTINGS, SUPERUSER
from shared.engines.nats import CONFIGURATION, USER
from shared.processes.ports import private_port
from tests.integration.deploy.composed import DEPLOY, compose, environment, secrets

LEFT_TO_THE_IMAGE = {
    "listen_addresses": "containers reach one another over their network",
    "unix_socket_directories": "the image initialises over its socket",
    "password_encryption": "the default since 14",
    "huge_pages": "the host's business",
    "io_method": "the default, workers, wants no more than a server has",
    "fsync": "on by default",
    "synchronous_commit": "on by default",
    "full_page_writes": "on by default",
    "wal_level": "a deployment may want a replica",
    "max_wal_senders": "a deployment may want a replica",
    "max_logical_replication_workers": "a deployment may want a replica",
    "log_line_prefix": "whoever collects the logs decides",
    "log_timezone": "UTC in the image",
    "datestyle": "asked for by no statement of ours",
    "lc_messages": "follows the locale C",
}
READY_S = 10.0


@pytest.fixture(scope="module")
def composed():
    return compose()["services"]


def test_postgres_is_of_the_same_version_and_set_alike(composed):
    postgres = composed["postgres"]
    assert postgres["image"] == f"postgres:{MAJOR}"
    program, *flags = postgres["command"]
    assert program == "postgres"
    given = dict(flag.removeprefix("--").split("=", 1) for flag in flags)
    wanted = {
        name: value.strip("'") for name, value in SETTINGS.items() if name not in LEFT_TO_THE_IMAGE
    }
    assert given == wanted


def test_postgres_is_initialised_alike(composed):
    told = environment(composed["postgres"], secrets())
    options = {option for option in INITDB_OPTIONS if not option.startswith("--username")}
    assert set(shlex.split(told["POSTGRES_INITDB_ARGS"])) == options
    assert told["POSTGRES_USER"] == SUPERUSER


def test_what_an_image_of_postgres_18_keeps_lies_in_a_volume(composed):
    # Since 18 below the folder that is mounted, not in its `data`: docker-library/postgres#1259.
    assert composed["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]


def test_nats_is_limited_alike():
    def limits(text: str) -> list[str]:
        return re.findall(r"max_\w+: \S+", text)

    written = (DEPLOY / "nats.conf").read_text()
    assert limits(written) == limits(CONFIGURATION)
    assert limits(written)


async def test_nats_comes_up_with_the_given_file_and_lets_in_who_has_the_password(
    composed, tmp_path
):
    password = secrets()["NATS_PASSWORD"]
    port, monitoring = private_port(), private_port()
    (tmp_path / "nats.conf").write_text(
        (DEPLOY / "nats.conf").read_text().replace('"/data"', f'"{tmp_path}/data"')
    )
    process = await asyncio.create_subprocess_exec(
        *(str(find_nats_server()), "--config", str(tmp_path / "nats.conf")),
        *("--addr", "127.0.0.1", "--port", str(port), "--http_port", str(monitoring)),
        env=os.environ | environment(composed["nats"], secrets()),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await _until_ready(process)
        client = await nats.connect(f"nats://{USER}:{password}@127.0.0.1:{port}")
        await client.jetstream().add_stream(name="KEPT", subjects=["kept.>"])
        await client.close()
        assert await _health(monitoring, composed) == "200"
    finally:
        process.terminate()
        await process.communicate()


async def _until_ready(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    said = []
    async with asyncio.timeout(READY_S):
        while line := await process.stderr.readline():
            said.append(line.decode())
            if b"Server is ready" in line:
                return
    raise AssertionError("".join(said))


async def _health(port: int, composed) -> str:
    """Ask what the health check of the container asks; returns the status code."""
    path = composed["nats"]["healthcheck"]["test"][-1].partition(":8222")[2]
    assert path
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    status = (await reader.readline()).split()[1].decode()
    writer.close()
    await writer.wait_closed()
    return status
