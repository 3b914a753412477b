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
    hour_said,
    likely_hour_us,
    outdone,
    ranked,
    sifted,
)
from services.scenario.domain.facts import Facts
from services.scenario.domain.stages import Stage
from services.scenario.domain.task_kinds import BY_TELEPHONE
from services.scenario.messages.channels import MARKETING, channel_name, is_reached
from services.scenario.messages.habits import habits_of
from shared.errors import TouchpointError
from shared.refusals import may_be_written_to
from shared.replacing import replace
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot


class Agents(Protocol):
    """Who could call."""

    def are_there(self, skills: Collection[str]) -> bool:
        """Say whether somebody who has these skills is there and takes tasks."""
        ...

    def work_lately(self, skills: Collection[str]) -> bool:
        """Say whether somebody who has these skills said within seven days how they are."""
        ...


class _Nobody:
    """`Agents` of whom there are none."""

    def are_there(self, skills: Collection[str]) -> bool:
        return False

    def work_lately(self, skills: Collection[str]) -> bool:
        return False


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
        agents: Agents | None = None,
        carried: Callable[[], Collection[int]] = frozenset,
        gates: Gates | None = None,
    ) -> None:
        """Take who could call, on which channels messages are carried, and what limits close."""
        self._agents = agents or _Nobody()
        self._carried = carried
        self._gates = gates or _Open()

    async def weighed(
        self, stages: Iterable[Stage], person: PersonSnapshot, facts: Facts, now_us: int
    ) -> dict[str, Weighed]:
        """Return what was found of the stages whose message may be a call, by name.

        `facts` are those at hand: when agents work.
        """
        found: dict[str, Weighed] = {}
        for stage in stages:
            send, task = stage.send, stage.task
            if send is None or task is None or BY_TELEPHONE not in send.channels:
                continue
            weighed = await self._weighed(send, task, person, now_us)
            if weighed.why or self._could_win(send, task, person):
                later_us = likely_hour_us(habits_of(person), now_us, 0, facts.is_worked)
                weighed = replace(weighed, later_us=later_us)
            found[stage.name] = weighed
        return found

    async def _weighed(
        self, send: MessageOrder, task: TaskOrder, person: PersonSnapshot, now_us: int
    ) -> Weighed:
        """Weigh the channels that nothing is in the way of just now.

        The moment of sending asks again, so here it need not be certain: where limits leave none of
        them, or cannot be told, they stand in nobody's way.
        """
        habits = habits_of(person)
        choices = ranked(send.channels, habits, channel_name)
        possible, passed_over = sifted(
            choices, lambda channel: self._obstacle(channel, send, task, person)
        )
        (call,) = (each for each in choices if each.channel == BY_TELEPHONE)
        if call in possible and len(possible) > 1:
            closed = await self._closed(possible, send, person)
            free, full = sifted(possible, lambda channel: closed.get(channel, ""))
            if free:
                possible, passed_over = free, [*passed_over, *full]
        if not possible or possible[0] is not call:
            left_out = [*passed_over, *outdone(possible)]
            return Weighed(call.likelihood, passed_over=_only(call, left_out))
        hour = hour_said(habits, now_us)
        known = replace(call, why=f"{call.why}; {hour}") if hour else call
        others = (*outdone(possible[1:]), *passed_over)
        return Weighed(call.likelihood, explained(known, others, channel_name), others)

    def _could_win(self, send: MessageOrder, task: TaskOrder, person: PersonSnapshot) -> bool:
        """Say whether a call comes first where somebody is there, and no limit closes anything."""
        choices = ranked(send.channels, habits_of(person), channel_name)
        possible, _ = sifted(choices, lambda channel: self._lasting_obstacle(channel, send, person))
        is_first = bool(possible) and possible[0].channel == BY_TELEPHONE
        return is_first and self._agents.work_lately(task.skills)

    def _obstacle(
        self, channel: int, send: MessageOrder, task: TaskOrder, person: PersonSnapshot
    ) -> str:
        """Return what is in the way of a channel for as long as one knows; empty: nothing."""
        lasting = self._lasting_obstacle(channel, send, person)
        if lasting or channel != BY_TELEPHONE:
            return lasting
        return "" if self._agents.are_there(task.skills) else NO_AGENT

    def _lasting_obstacle(self, channel: int, send: MessageOrder, person: PersonSnapshot) -> str:
        """Return what is in the way of a channel at whatever hour; empty: nothing."""
        is_call = channel == BY_TELEPHONE
        if not is_call and channel not in self._carried():
            return NO_CARRIER
        purpose = MARKETING if is_call else _purpose(send)
        if not may_be_written_to(person, purpose, channel):  # type: ignore[arg-type]
            return NO_CONSENT
        return "" if is_reached(person, channel) else NO_ADDRESS

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
