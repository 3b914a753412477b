"""Whom to call rather than to write to: who most likely answers that, while it can be done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from services.scenario.domain.best_channel import ranked
from services.scenario.domain.scenario import Stage
from services.scenario.domain.task_kinds import BY_TELEPHONE
from services.scenario.messages.habits import habits_of
from services.scenario.messages.sending import MARKETING, channel_name
from shared.refusals import may_be_written_to
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

AreThere = Callable[[Collection[str]], bool]
"""Says whether an agent who has some skills is there, and takes tasks."""


def rather_called(
    stages: Iterable[Stage], person: PersonSnapshot, are_there: AreThere
) -> dict[str, str]:
    """Return the stages in which somebody is called in place of a message, with why.

    Of the channels that the person allows; a call only while somebody is there who could make it.
    """
    found = {}
    for stage in stages:
        if stage.send is None or stage.task is None:
            continue
        purpose, skills = stage.send.purpose or MARKETING, stage.task.skills
        allowed = [
            channel
            for channel in stage.send.channels
            if may_be_written_to(
                person,
                MARKETING if channel == BY_TELEPHONE else purpose,
                channel,  # type: ignore[arg-type]
            )
            and (channel != BY_TELEPHONE or are_there(skills))
        ]
        choices = ranked(allowed, habits_of(person), channel_name)
        if choices and choices[0].channel == BY_TELEPHONE:
            found[stage.name] = choices[0].why
    return found
