"""Whom to call rather than to write to: who most likely answers that, while it can be done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from services.scenario.domain.actions import MessageOrder, TaskOrder
from services.scenario.domain.best_channel import (
    NO_ADDRESS,
    NO_AGENT,
    NO_CARRIER,
    NO_CONSENT,
    Choice,
    PassedOver,
    Weighed,
    explained,
    outdone,
    ranked,
    sifted,
)
from services.scenario.domain.stages import Stage
from services.scenario.domain.task_kinds import BY_TELEPHONE
from services.scenario.messages.channels import MARKETING, channel_name, is_reached
from services.scenario.messages.habits import habits_of
from shared.errors import TouchpointError
from shared.refusals import may_be_written_to
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

AreThere = Callable[[Collection[str]], bool]
"""Says whether an agent who has some skills is there, and takes tasks."""


class Gates(Protocol):
    """What limits close to a person just now."""

    async def closed(
        self, person: PersonSnapshot, policy: str, channels: Collection[int]
    ) -> Mapping[int, str]:
        """Return the channels without room for one more contact, with the ledger's reason."""
        ...


class _Open:
    """`Gates` that close nothing."""

    async def closed(
        self, person: PersonSnapshot, policy: str, channels: Collection[int]
    ) -> Mapping[int, str]:
        return {}


class Calling:
    """Weighs a call against messages, of stages that have both."""

    def __init__(
        self,
        are_there: AreThere = lambda skills: False,
        carried: Callable[[], Collection[int]] = frozenset,
        gates: Gates | None = None,
    ) -> None:
        """Take who is there, on which channels messages are carried, and what limits close."""
        self._are_there = are_there
        self._carried = carried
        self._gates = gates or _Open()

    async def weighed(self, stages: Iterable[Stage], person: PersonSnapshot) -> dict[str, Weighed]:
        """Return what was found of the stages whose message may be a call, by name."""
        found = {}
        for stage in stages:
            send, task = stage.send, stage.task
            if send is not None and task is not None and BY_TELEPHONE in send.channels:
                found[stage.name] = await self._weighed(send, task, person)
        return found

    async def _weighed(
        self, send: MessageOrder, task: TaskOrder, person: PersonSnapshot
    ) -> Weighed:
        """Weigh the channels that nothing is in the way of.

        The moment of sending asks again, so here it need not be certain: where limits leave none of
        them, or cannot be told, they stand in nobody's way.
        """
        choices = ranked(send.channels, habits_of(person), channel_name)
        possible, passed_over = sifted(
            choices, lambda channel: self._obstacle(channel, send, task, person)
        )
        (call,) = (each for each in choices if each.channel == BY_TELEPHONE)
        if call in possible and len(possible) > 1:
            closed = await self._closed(possible, send, person)
            free, full = sifted(possible, lambda channel: closed.get(channel, ""))
            if free:
                possible, passed_over = free, [*passed_over, *full]
        if possible and possible[0] is call:
            others = (*outdone(possible[1:]), *passed_over)
            return Weighed(call.likelihood, explained(call, others, channel_name), others)
        return Weighed(call.likelihood, passed_over=_only(call, [*passed_over, *outdone(possible)]))

    def _obstacle(
        self, channel: int, send: MessageOrder, task: TaskOrder, person: PersonSnapshot
    ) -> str:
        """Return what is in the way of a channel for as long as one knows; empty: nothing."""
        is_call = channel == BY_TELEPHONE
        if not is_call and channel not in self._carried():
            return NO_CARRIER
        purpose = MARKETING if is_call else _purpose(send)
        if not may_be_written_to(person, purpose, channel):  # type: ignore[arg-type]
            return NO_CONSENT
        if not is_reached(person, channel):
            return NO_ADDRESS
        return NO_AGENT if is_call and not self._are_there(task.skills) else ""

    async def _closed(
        self, possible: Iterable[Choice], send: MessageOrder, person: PersonSnapshot
    ) -> Mapping[int, str]:
        written = [each.channel for each in possible if each.channel != BY_TELEPHONE]
        asked = {_purpose(send): written}
        asked.setdefault(MARKETING, []).append(BY_TELEPHONE)
        found: dict[int, str] = {}
        try:
            for policy, channels in asked.items():
                found |= await self._gates.closed(person, policy, channels)
        except TouchpointError:
            return {}
        return found


def _purpose(send: MessageOrder) -> str:
    return send.purpose or MARKETING


def _only(call: Choice, passed_over: Iterable[PassedOver]) -> tuple[PassedOver, ...]:
    return tuple(each for each in passed_over if each.channel == call.channel)
