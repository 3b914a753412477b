"""A retrieval service of its own on a million items, beside the suite that defines placements."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import grpc.aio
import psutil

from bench.errors import MeasurementError
from bench.handled import HandledTimes
from bench.large_catalogue import LargeCatalogue, write_catalogue
from bench.large_model import Origin, large_model
from bench.opened import OpenedSuite
from cli.suite.home import Home
from services.retrieval.domain.models import StoredModel
from services.retrieval.storage import MIGRATIONS
from services.retrieval.storage.model_files import PERSONS, encode_model
from services.retrieval.storage.model_indexes import built_indexes
from services.retrieval.storage.models import PostgresModels
from shared.artefacts import FolderArtefacts
from shared.engines import EngineUrls
from shared.postgres import migrate
from shared.postgres.opening import open_database
from shared.postgres.provision import provision
from touchpoint.retrieval.v1.retrieval_service_pb2 import GetModelRequest
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub

_SERVICE = "retrieval"
_READY_S = 400.0
_STOP_S = 30.0
_POLL_S = 0.05
_SETTLE_S = 5.0
_IDLE = 0.15
"""Share of a processor that a replica may use that has nothing to do."""
_SNAPSHOT_S = 120.0
_KEPT_SNAPSHOT = "SELECT count(*) FROM catalogue_snapshot"


@dataclass(frozen=True, slots=True)
class LargeHome:
    """Where the large catalogue and its model lie, and how a service on them is started."""

    catalogue: LargeCatalogue
    environment: Mapping[str, str]
    postgres_url: str

    async def snapshot_written(self) -> None:
        """Return once the catalogue was written aside; raises MeasurementError."""
        connection = await asyncpg.connect(self.postgres_url)
        try:
            async with asyncio.timeout(_SNAPSHOT_S):
                while not await connection.fetchval(_KEPT_SNAPSHOT):  # noqa: ASYNC110 it is written elsewhere
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise MeasurementError("the catalogue was not written aside") from None
        finally:
            await connection.close()


async def made_home(folder: Path, urls: EngineUrls, suite: OpenedSuite) -> LargeHome:
    """Write catalogue and model into engines and a folder that hold nothing yet."""
    home = Home(folder)
    roles = await provision(urls.postgres, home.role_password, development=True)
    catalogue = LargeCatalogue.made()
    async with open_database(roles[_SERVICE], application="bench", connections=2) as database:
        await migrate(database, MIGRATIONS)
        connection = await asyncpg.connect(roles[_SERVICE])
        try:
            await write_catalogue(connection, catalogue)
        finally:
            await connection.close()
        artefacts = FolderArtefacts(folder / "artefacts" / _SERVICE)
        await _write_model(PostgresModels(database), artefacts, catalogue)
    environment = {
        **suite.environment(_SERVICE),
        "TOUCHPOINT_RETRIEVAL_POSTGRES_URL": roles[_SERVICE],
        "TOUCHPOINT_NATS_URL": urls.nats,
        "TOUCHPOINT_HOME": str(folder),
        "TOUCHPOINT_DEPLOYMENT_KEY": home.deployment_key(),
        "TOUCHPOINT_RETRIEVAL_LISTEN": "127.0.0.1:0",
        "TOUCHPOINT_TRAIN_EVERY": "off",
    }
    return LargeHome(catalogue, environment, roles[_SERVICE])


async def _write_model(
    store: PostgresModels, artefacts: FolderArtefacts, catalogue: LargeCatalogue
) -> None:
    kept = await store.kept()
    origin = Origin(kept.catalogue_id, kept.catalogue_version, time.time_ns() // 1000)
    files = await asyncio.to_thread(_files, catalogue, origin)
    names = {part: await artefacts.put(data) for part, data in files.items()}
    stored = StoredModel(
        artefacts={part: name for part, name in names.items() if part != PERSONS},
        person_artefact=names[PERSONS],
        catalogue_id=origin.catalogue_id,
        catalogue_version=origin.catalogue_version,
        trained_us=origin.trained_us,
        report=b"",
    )
    token = await store.begin_training()
    assert token is not None, "nobody else trains here"
    await store.add(token, stored, ())
    await store.end_training(token)


def _files(catalogue: LargeCatalogue, origin: Origin) -> dict[str, bytes]:
    """Return what training hands over."""
    model = large_model(catalogue, origin)
    indexes = built_indexes(model, os.cpu_count() or 1)
    kept = {each.file_name: each.data for each in indexes if each.data}
    return {**encode_model(model), **kept}


@dataclass(slots=True)
class LargeRetrieval:
    """A running service."""

    address: str
    process: psutil.Process
    started_s: float
    """From its start until it served with its model."""
    handled: HandledTimes
    """How long the service itself took for each `Retrieve`."""

    def cpu_s(self) -> float:
        """Return the CPU seconds used so far."""
        times = self.process.cpu_times()
        return times.user + times.system

    async def settled(self) -> None:
        """Return once what a start leaves for later is done, such as the index of persons."""
        async with asyncio.timeout(_READY_S):
            before = self.cpu_s()
            while True:
                await asyncio.sleep(_SETTLE_S)
                spent_s, before = self.cpu_s() - before, self.cpu_s()
                if spent_s < _IDLE * _SETTLE_S:
                    return


@asynccontextmanager
async def large_retrieval(home: LargeHome) -> AsyncIterator[LargeRetrieval]:
    """Run the service, from when it serves with its model; on leaving it is stopped."""
    log = Path(home.environment["TOUCHPOINT_HOME"]) / "retrieval.log"
    began = time.perf_counter()
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.retrieval"),
            stdout=output,
            stderr=output,
            env={**os.environ, **home.environment},
        )
    try:
        async with asyncio.timeout(_READY_S):
            address = await _address(log, process)
            await _served(address)
        started_s = time.perf_counter() - began
        handled = HandledTimes(log, "Retrieve")
        yield LargeRetrieval(address, psutil.Process(process.pid), started_s, handled)
    except TimeoutError:
        raise MeasurementError("retrieval did not serve its model in time") from None
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), _STOP_S)


async def _address(log: Path, process: asyncio.subprocess.Process) -> str:
    """Return where it serves, once it says so."""
    while process.returncode is None:
        lines = await asyncio.to_thread(log.read_bytes)
        for line in lines.splitlines():
            if line.startswith(b'{"event": "ready"'):
                return str(json.loads(line)["grpc"])
        await asyncio.sleep(_POLL_S)
    raise MeasurementError(f"retrieval ended while starting, with status {process.returncode}")


async def _served(address: str) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        stub = RetrievalServiceStub(channel)
        while not (await stub.GetModel(GetModelRequest(), timeout=_STOP_S)).model:  # noqa: ASYNC110 it is loaded elsewhere
            await asyncio.sleep(_POLL_S)
