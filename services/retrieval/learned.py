"""Composes what learns from the log, what serves it and what forgets persons."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from services.retrieval.config import RetrievalSettings
from services.retrieval.domain.schedule import Schedule
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.model_rpcs import Learning
from services.retrieval.scheduling import TrainingSchedule
from services.retrieval.storage.erasing import ModelEraser, erasure_follower, erasures_consumer
from services.retrieval.storage.event_log import EventLog
from services.retrieval.storage.export import export_person
from services.retrieval.storage.model_replica import ModelReplica
from services.retrieval.storage.models import PostgresModels
from services.retrieval.training_run import Trainer
from shared.artefacts import FolderArtefacts
from shared.bus import Bus
from shared.catalogue import Catalogue
from shared.postgres import Database
from shared.service import Background, HealthCheck

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub


@dataclass(frozen=True, slots=True)
class Learned:
    """The parts around the model of this replica."""

    replica: ModelReplica
    learning: Learning
    watched: Mapping[str, HealthCheck]
    background: Mapping[str, Background]
    forget: Callable[[Collection[str]], None]
    """Drops persons from this replica's memory."""

    def model(self) -> ServedModel | None:
        """Return the model that is served now."""
        return self.replica.model


def compose(
    settings: RetrievalSettings,
    database: Database,
    bus: Bus,
    profile: ProfileServiceAsyncStub,
    catalogue: Catalogue,
    now_us: Callable[[], int],
    forget: Callable[[Collection[str]], None],
) -> Learned:
    """Build the parts; `forget` hears of everybody who is erased, on each replica.

    Replicas share the folder of artefacts: the home, or a volume in its place.
    """
    artefacts = FolderArtefacts(settings.home / "artefacts" / settings.service)
    store = PostgresModels(database)
    replica = ModelReplica(bus, store, artefacts)
    eraser = ModelEraser(store, artefacts)
    events = EventLog(profile, catalogue)
    trainer = Trainer(
        store,
        artefacts,
        events,
        catalogue,
        now_us,
        served=lambda: replica.served,
        tolerance=settings.train_tolerance,
    )
    schedule = Schedule(
        settings.train_every_s, settings.train_at, settings.train_zone, settings.train_fewest_new
    )
    by_itself = TrainingSchedule(schedule, store, events, trainer, now_us)

    def forget_here(person_ids: Collection[str]) -> None:
        forget(person_ids)
        replica.forget(person_ids)

    forgetting = erasure_follower(bus, forget_here)
    erasures = erasures_consumer(bus, database, eraser)
    return Learned(
        replica=replica,
        learning=Learning(
            trainer,
            replica,
            store,
            schedule,
            eraser.erase,
            partial(export_person, store, artefacts),
        ),
        watched={"model": replica.check, "erasures": erasures.check_lag},
        background={
            "models": replica.run,
            "forgetting": forgetting.run,
            "erasures": erasures.run,
            "eraser": eraser.run,
            "training": by_itself.run,
        },
        forget=forget_here,
    )
