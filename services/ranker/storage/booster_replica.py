"""The booster that this replica serves, kept equal to the one that is pointed at."""

from __future__ import annotations

import os
import time
from typing import Final

from google.protobuf.message import DecodeError

from services.ranker.domain.booster import Booster, BoosterError
from services.ranker.storage.boosters import NONE, Boosters, BoosterState, KeptBooster, name_of
from shared.artefacts import ArtefactError
from shared.bus import MODELS, Bus, GapError, Message
from shared.bus.subjects import RANKER_BOOSTER_MOVED
from shared.errors import Unavailable
from shared.logging import get_logger
from shared.read_model import ReadModel
from touchpoint.common.v1.bus_pb2 import ModelNotice
from touchpoint.ranker.v1.booster_pb2 import BoosterStanding

RETRY_S: Final = 30.0
"""What could not be read may only have been out of reach."""
log = get_logger(__name__)


class BoosterReplica:
    """Loads what is pointed at aside, and then swaps one reference; what is harmed changes nothing.

    At its start it serves the newest older one that is whole in place of a harmed one, else none.
    """

    def __init__(self, bus: Bus, boosters: Boosters) -> None:
        self.booster: Booster | None = None
        self.refusal = ""
        """Why the one pointed at is not served; empty: it is."""
        self.report = b""
        """A serialised BoosterReport of what is served; empty: nothing is."""
        self.standing = b""
        """A serialised BoosterStanding; empty: what is served was not measured yet."""
        self.boosters = boosters
        self.artefact = NONE
        """Of what is served; empty: nothing is."""
        self._version = -1
        self._retry_at = 0.0
        self._read_model = ReadModel(
            bus,
            MODELS,
            name=f"ranker_booster_{os.getpid()}",
            apply=self._apply,
            catch_up=self.catch_up,
            is_behind=self._is_behind,
        )

    @property
    def version(self) -> str:
        """What a decision calls what is served; empty: none is."""
        return name_of(self.artefact)

    async def run(self) -> None:
        """Follow for ever; a background task of the service."""
        await self._read_model.run()

    async def check_ready(self) -> None:
        """Raise `Unavailable` until it is known what is to be served: for health."""
        await self._read_model.check_ready()

    async def check(self) -> None:
        """Raise `Unavailable` while what is pointed at cannot be served: for health to watch."""
        if self.refusal:
            raise Unavailable(self.refusal, reason="BOOSTER_REFUSED")

    async def ready(self) -> None:
        """Return once it is known what is to be served."""
        await self._read_model.ready()

    async def check_pays(self) -> None:
        """Raise `Unavailable` while it costs, or was taken out for that: for health to watch."""
        standing = BoosterStanding.FromString(self.standing)
        what = "and is served no more" if standing.is_taken_out else "grow it anew or take it out"
        if standing.is_taken_out or standing.costs:
            raise Unavailable(
                f"booster {standing.booster} costs {-standing.gain:.4f} of log-loss, {what}",
                reason="BOOSTER_COSTS",
            )

    async def catch_up(self) -> None:
        """Serve what is pointed at, if it is not served yet."""
        state = await self.boosters.pointers.state()
        if state.served == NONE:
            self._serve(None, None)
        elif state.served != self.artefact:
            await self._serve_pointed_at(state)
        else:
            self.refusal = ""
        self.standing = state.standing
        self._version, self._retry_at = state.version, time.monotonic() + RETRY_S

    async def _serve_pointed_at(self, state: BoosterState) -> None:
        refusal = ""
        for kept in _from_the_served_on(state):
            try:
                booster = await self.boosters.load(kept.artefact)
            except (ArtefactError, BoosterError) as error:
                log.error("booster_refused", artefact=kept.artefact, reason=str(error))
                refusal = refusal or f"booster {kept.name} is not served: {error}"
                if self.booster is not None:
                    break  # the last good one stays
            else:
                self._serve(kept, booster)
                break
        self.refusal = refusal

    def _serve(self, kept: KeptBooster | None, booster: Booster | None) -> None:
        artefact = kept.artefact if kept else NONE
        if artefact != self.artefact:
            log.info("booster_served", artefact=artefact)
        self.booster, self.artefact, self.refusal = booster, artefact, ""
        self.report = kept.report if kept else b""

    async def _is_behind(self) -> bool:
        if self.refusal and time.monotonic() >= self._retry_at:
            return True
        return await self.boosters.pointers.version() != self._version

    def _apply(self, message: Message) -> None:
        if message.subject != RANKER_BOOSTER_MOVED:
            return
        try:
            version = ModelNotice.FromString(message.data).version
        except DecodeError as error:
            raise GapError(str(error)) from error
        if version > self._version:
            raise GapError("another booster is to be served")


def _from_the_served_on(state: BoosterState) -> list[KeptBooster]:
    artefacts = [each.artefact for each in state.kept]
    at = artefacts.index(state.served) if state.served in artefacts else len(artefacts)
    return list(state.kept[at:])
