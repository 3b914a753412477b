"""Pointers to models kept in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace

from services.retrieval.domain.models import (
    KEPT,
    LEASE_S,
    Added,
    Attempt,
    Kept,
    StoredModel,
    target_of,
)
from shared.bus import Publication, append
from shared.bus.forgetting import forget_in_parked
from shared.bus.subjects import RETRIEVAL_MODEL_MOVED
from shared.postgres import Database, Queries, Row, Transaction
from touchpoint.common.v1.bus_pb2 import ModelNotice

_SQL = Queries.beside(__file__)
_SCHEMA_NUMBER = 1
_SERVICE = "retrieval"


class PostgresModels:
    """A `ModelStore` on the service's schema; each change is announced on the bus."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest_version(self) -> int:
        version: int = await self._database.fetchval(_SQL.model_version)
        return version

    async def kept(self) -> Kept:
        return _kept(await self._database.fetch(_SQL.kept_models))

    async def begin_training(self, *, is_scheduled: bool = False) -> int | None:
        token: int | None = await self._database.fetchval(
            _SQL.begin_training, LEASE_S, is_scheduled
        )
        return token

    async def renew(self, token: int) -> bool:
        return await self._database.fetchval(_SQL.renew_training, token, LEASE_S) is not None

    async def end_training(self, token: int) -> None:
        await self._database.execute(_SQL.end_training, token)

    async def add(self, token: int, model: StoredModel, without: Collection[str]) -> Added:
        async with self._database.transaction() as transaction:
            state = await transaction.fetchrow(_SQL.lock_models)
            assert state is not None, "the migration inserts the one row"
            if state["token"] != token or not state["is_leased"]:
                return Added(is_fenced_off=True)
            asked = await transaction.fetch(_SQL.model_erasures)
            missed = tuple(row["person_id"] for row in asked if row["person_id"] not in without)
            if missed:
                return Added(still_in_it=missed)
            await transaction.execute(
                _SQL.write_model,
                json.dumps(dict(model.artefacts)),
                model.person_artefact,
                model.catalogue_id,
                model.catalogue_version,
                model.trained_us,
                model.report,
                model.log_position,
            )
            dropped = await transaction.fetch(_SQL.drop_older_models, KEPT)
            await _announce(transaction)
            return Added(is_added=True, dropped=tuple(map(_model, dropped)))

    async def roll_back(self, name: str) -> StoredModel | None:
        async with self._database.transaction() as transaction:
            await transaction.fetchrow(_SQL.lock_models)
            target = target_of(_kept(await transaction.fetch(_SQL.kept_models)), name)
            if target is None:
                return None
            await transaction.execute(_SQL.withdraw_newer_models, target.model_no)
            await transaction.execute(_SQL.end_scheduled_training)
            await _announce(transaction)
            return replace(target, is_withdrawn=False)

    async def attempt(self) -> Attempt:
        row = await self._database.fetchrow(_SQL.attempt)
        assert row is not None, "the migration inserts the one row"
        return Attempt(row["tried_us"], row["tried_position"], row["outcome"], row["failures"])

    async def note_attempt(self, attempt: Attempt) -> None:
        await self._database.execute(
            _SQL.note_attempt,
            attempt.tried_us,
            attempt.log_position,
            attempt.outcome,
            attempt.failures,
        )

    async def ask_erasure(self, person_ids: Sequence[str]) -> None:
        await self._database.execute(_SQL.ask_erasure, list(person_ids))

    async def erasures(self) -> tuple[str, ...]:
        rows = await self._database.fetch(_SQL.model_erasures)
        return tuple(row["person_id"] for row in rows)

    async def replace(self, version: int, models: Sequence[StoredModel]) -> bool:
        async with self._database.transaction() as transaction:
            state = await transaction.fetchrow(_SQL.lock_models)
            assert state is not None, "the migration inserts the one row"
            if state["version"] != version:
                return False
            await transaction.execute(_SQL.drop_other_models, [each.model_no for each in models])
            await transaction.executemany(
                _SQL.write_person_artefact,
                [(each.model_no, each.person_artefact) for each in models],
            )
            await _announce(transaction)
            return True

    async def end_erasure(self, person_ids: Sequence[str], version: int) -> bool:
        newest = await self._database.fetchval(_SQL.end_erasure, list(person_ids), version)
        return bool(newest == version)


async def ask_erasure_within(transaction: Transaction, person_ids: Sequence[str]) -> None:
    """Note that persons are to be taken out of every model, as part of a larger change."""
    await transaction.execute(_SQL.ask_erasure, list(person_ids))
    await forget_in_parked(transaction, person_ids)


async def _announce(transaction: Transaction) -> None:
    moved = await transaction.fetchrow(_SQL.move_model_version)
    assert moved is not None, "the row was locked"
    notice = ModelNotice(service=_SERVICE, version=moved["version"])
    publication = Publication.of(RETRIEVAL_MODEL_MOVED, _SCHEMA_NUMBER, notice)
    await append(transaction, [publication])


def _kept(rows: Sequence[Row]) -> Kept:
    first = rows[0]
    return Kept(
        version=first["version"],
        models=tuple(_model(row) for row in rows if row["model_no"] is not None),
        catalogue_id=first["current_catalogue_id"],
        catalogue_version=first["current_catalogue_version"],
        is_training=first["is_training"],
    )


def _model(row: Row) -> StoredModel:
    return StoredModel(
        artefacts=json.loads(row["artefacts"]),
        person_artefact=row["person_artefact"],
        catalogue_id=row["catalogue_id"],
        catalogue_version=row["catalogue_version"],
        trained_us=row["trained_us"],
        report=row["report"],
        model_no=row["model_no"],
        log_position=row["log_position"],
        is_withdrawn=row["is_withdrawn"],
    )
