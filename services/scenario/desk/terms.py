"""What a bundle says of the call centre: what is promised, and assumed until it is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from services.scenario.domain.capacity import Assumed
from services.scenario.domain.moments import MONDAY_TO_FRIDAY, USUAL_HOURS, WorkingHours
from services.scenario.domain.queue import MINUTE_US, Terms
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.task_kinds import ASKED_FOR, TaskKind
from shared.working_times import (
    AGENTS,
    HOURS_PER_DAY,
    PER_HOUR,
    WORKING_DAYS,
    WORKING_HOURS,
    hours_of,
    number,
    promised_minutes,
    working_days,
)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DeskTerms:
    """Parameters of the call centre."""

    promised: Mapping[str, Terms]
    """Of each kind of task that people ask for."""
    assumed: Assumed
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    """Days of the week on which agents work, Monday is 0."""
    hours: WorkingHours = USUAL_HOURS
    """Of such a day, in which they do."""

    def giving(self, scenarios: Iterable[Scenario]) -> DeskTerms:
        """Return what is promised where these scenarios give the tasks."""
        orders = [
            stage.task for each in scenarios for stage in each.stages if stage.task is not None
        ]
        promised = {
            kind: replace(
                terms, of_tasks=frozenset(frozenset(o.skills) for o in orders if o.kind == kind)
            )
            for kind, terms in self.promised.items()
        }
        return replace(self, promised=promised)


NO_TERMS = DeskTerms(
    {kind.name: Terms(kind.name, kind.promised_us) for kind in ASKED_FOR}, Assumed()
)
"""Where a bundle says nothing."""


def desk_terms(parameters: Mapping[str, str]) -> DeskTerms:
    """Read them; ValueError with a sentence for what is no number of its kind."""
    usual = NO_TERMS.assumed
    usual_hours = NO_TERMS.hours.begins, NO_TERMS.hours.ends
    return DeskTerms(
        {kind.name: _terms(parameters, kind) for kind in ASKED_FOR},
        Assumed(
            agents=_read(parameters, AGENTS, number, usual.agents),
            per_hour=_read(parameters, PER_HOUR, number, usual.per_hour),
            hours=_read(parameters, HOURS_PER_DAY, number, usual.hours),
        ),
        _read(parameters, WORKING_DAYS, working_days, NO_TERMS.weekdays),
        WorkingHours(*_read(parameters, WORKING_HOURS, hours_of, usual_hours)),
    )


def _terms(parameters: Mapping[str, str], kind: TaskKind) -> Terms:
    usual = kind.promised_us / MINUTE_US
    minutes = _read(parameters, promised_minutes(kind.name), number, usual)
    skills = parameters.get(f"{kind.name}.skills", "").replace(",", " ").split()
    return Terms(kind.name, round(minutes * MINUTE_US), frozenset(skills))


def _read(parameters: Mapping[str, str], name: str, read: Callable[[str], _T], usual: _T) -> _T:
    text = parameters.get(name, "")
    if not text:
        return usual
    try:
        return read(text)
    except ValueError as error:
        raise ValueError(f"the parameter {name}: {error}") from None
