"""Asks plug-ins, and leaves those alone that keep failing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc.aio
import numpy as np

from services.retrieval.domain.circuit import Admission, Circuit
from services.retrieval.domain.external import RESTING, Answer, Asked, Offered, Told
from services.retrieval.domain.query import Query
from services.retrieval.domain.retriever import DEFECT, DEFECTS, SPARED
from shared.call import Call
from shared.catalogue import Catalogue
from shared.client import invoke
from shared.errors import TouchpointError
from shared.logging import get_logger
from shared.transport.options import KIB
from touchpoint.retrieval.v1.candidate_source_service_pb2 import ProposeRequest, ProposeResponse
from touchpoint.retrieval.v1.candidate_source_service_pb2_grpc import CandidateSourceServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveRequest

if TYPE_CHECKING:
    from touchpoint.retrieval.v1.candidate_source_service_pb2_grpc import (
        CandidateSourceServiceAsyncStub,
    )

log = get_logger(__name__)

PluginStubs = Mapping[str, "CandidateSourceServiceAsyncStub"]
"""By the name of the plug-in."""
LONGEST_TEXT = 200
_LARGEST_ANSWER = 256 * KIB
_UNREADABLE = "UNREADABLE"
_ASKED_FROM = 0.5
"""The least quality at which plug-ins are asked: what they cost is mostly waiting."""
_OPTIONS = (
    ("grpc.max_receive_message_length", _LARGEST_ANSWER),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)
"""Without pings, which a server that does not expect them takes for an attack."""


@asynccontextmanager
async def open_plugins(
    addresses: Sequence[tuple[str, str]],
) -> AsyncIterator[dict[str, CandidateSourceServiceAsyncStub]]:
    """Lend a stub for each plug-in, by name; whether it answers shows with the first question."""
    stubs: dict[str, CandidateSourceServiceAsyncStub] = {}
    channels: list[grpc.aio.Channel] = []
    try:
        for name, address in addresses:
            channels.append(grpc.aio.insecure_channel(address, options=_OPTIONS))
            stubs[name] = CandidateSourceServiceStub(channels[-1])
        yield stubs
    finally:
        for channel in channels:
            await channel.close()


class Plugins:
    """Puts a request to every plug-in at once."""

    def __init__(
        self,
        stubs: PluginStubs,
        catalogue: Catalogue,
        share: float,
        *,
        told: Told = Told.AGREED,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take stubs by name, the share of a request's time they may take, and of whom to tell."""
        self._catalogue = catalogue
        self._share = share
        self._told = told
        self._monotonic = monotonic
        self._plugins = [_Plugin(name, stub, Circuit(monotonic)) for name, stub in stubs.items()]

    def ask(
        self,
        call: Call,
        request: RetrieveRequest,
        query: Query,
        timeout_s: float,
        quality: float = 1.0,
    ) -> tuple[Asked, ...]:
        """Put a request, read as `query`, to all plug-ins.

        They have their share of `timeout_s` to answer. Where nothing personal is wanted nobody is
        asked, nor at a low quality.
        """
        if not self._plugins or not query.is_personal:
            return ()
        if quality < _ASKED_FROM:
            return tuple(_not_asked(plugin.name, SPARED) for plugin in self._plugins)
        question = self._question(request, query)
        return tuple(
            self._asked(plugin, question, call, self._share * timeout_s) for plugin in self._plugins
        )

    def _question(self, request: RetrieveRequest, query: Query) -> ProposeRequest:
        question = ProposeRequest(limit=query.limit)
        question.context.CopyFrom(request.context)
        # What would tell whose several requests are.
        question.context.ClearField("identity_keys")
        question.context.ClearField("session_id")
        person = query.person  # None also where it is a gift
        if person is not None and (
            self._told is Told.EVERYBODY or (self._told is Told.AGREED and person.agrees_to_sharing)
        ):
            question.snapshot = request.snapshot
        return question

    def _asked(
        self, plugin: _Plugin, question: ProposeRequest, call: Call, timeout_s: float
    ) -> Asked:
        admission = plugin.circuit.admit()
        if admission is Admission.NO:
            return _not_asked(plugin.name, RESTING)
        answer = asyncio.create_task(self._answer(plugin, admission, question, call, timeout_s))
        return Asked(plugin.name, answer, timeout_s if admission is Admission.YES else 0.0)

    async def _answer(
        self,
        plugin: _Plugin,
        admission: Admission,
        question: ProposeRequest,
        call: Call,
        timeout_s: float,
    ) -> Answer:
        began = self._monotonic()
        offered, failure = None, ""
        try:
            response = await invoke(plugin.stub.Propose, question, call, timeout_s)
            offered = _read(response, question.limit, self._catalogue)
        except TouchpointError as error:
            failure = error.reason
        except DEFECTS:
            plugin.failed(DEFECT, admission)
            raise
        spent_ms = (self._monotonic() - began) * 1000.0
        if offered is None:
            plugin.failed(failure or _UNREADABLE, admission)
            return Answer(spent_ms=spent_ms, failure=failure or _UNREADABLE)
        plugin.answered(admission)
        return Answer(offered, spent_ms)


def _not_asked(plugin: str, reason: str) -> Asked:
    answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    answer.set_result(Answer(failure=reason))
    return Asked(plugin, answer, 0.0)


@dataclass(frozen=True, slots=True)
class _Plugin:
    name: str
    stub: CandidateSourceServiceAsyncStub
    circuit: Circuit

    def failed(self, reason: str, admission: Admission) -> None:
        was_left_alone = self.circuit.is_open
        self.circuit.failed(admission)
        if self.circuit.is_open and (admission is Admission.TRIAL or not was_left_alone):
            rest_s = self.circuit.rest_s
            log.warning("plugin_left_alone", plugin=self.name, reason=reason, rest_s=rest_s)

    def answered(self, admission: Admission) -> None:
        self.circuit.succeeded(admission)
        if admission is Admission.TRIAL:
            log.info("plugin_recovered", plugin=self.name)


def _read(response: ProposeResponse | None, limit: int, catalogue: Catalogue) -> Offered | None:
    """Return the rows that were asked for; None for bytes that are no answer (grpc says so)."""
    if response is None:
        return None
    rows = response.proposals[:limit]
    find = catalogue.offer_no
    return Offered(
        offer_nos=np.array(
            [find(row.offer_id) if row.offer_id else row.offer_no for row in rows], np.int64
        ),
        scores=np.array([row.score for row in rows], np.float64),
        evidence_nos=np.array([find(row.evidence_item_id) for row in rows], np.uint32),
        texts=[row.evidence_text if _fits(row.evidence_text) else "" for row in rows],
        left_out=len(response.proposals) - len(rows),
    )


def _fits(text: str) -> bool:
    return len(text) <= LONGEST_TEXT and text.isprintable()
