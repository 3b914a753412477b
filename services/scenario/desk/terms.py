"""What a bundle says of the call centre: what is promised, and assumed until it is measured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from services.scenario.domain.capacity import Assumed
from services.scenario.domain.moments import MONDAY_TO_FRIDAY, USUAL_HOURS, WorkingHours
from services.scenario.domain.queue import MINUTE_US, Terms
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.task_kinds import ASKED_FOR, TaskKind

_HOURS = re.compile(r"(\d{1,2}:[0-5]\d)\s*-\s*(\d{1,2}:[0-5]\d)")
_DAY_MINUTES = 24 * 60
_WEEK = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


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
    return DeskTerms(
        {kind.name: _terms(parameters, kind) for kind in ASKED_FOR},
        Assumed(
            agents=_number(parameters, "calls.agents", usual.agents),
            per_hour=_number(parameters, "calls.per_agent_hour", usual.per_hour),
            hours=_number(parameters, "calls.hours_per_day", usual.hours),
        ),
        _weekdays(parameters.get("calls.working_days", "")),
        _hours(parameters.get("calls.working_hours", "")),
    )


def _weekdays(text: str) -> frozenset[int]:
    names = text.upper().replace(",", " ").split()
    if not all(name in _WEEK for name in names):
        raise ValueError(
            f"the parameter calls.working_days must name some of {' '.join(_WEEK)}, is {text!r}"
        )
    return frozenset(map(_WEEK.index, names)) or MONDAY_TO_FRIDAY


def _hours(text: str) -> WorkingHours:
    if not text:
        return USUAL_HOURS
    found = _HOURS.fullmatch(text.strip())
    begins, ends = (_minute(each) for each in found.groups()) if found else (0, 0)
    if not begins < ends <= _DAY_MINUTES:
        raise ValueError(
            f"the parameter calls.working_hours must be two times of a day, as 09:00-18:00,"
            f" is {text!r}"
        )
    return WorkingHours(begins, ends)


def _minute(time: str) -> int:
    hour, minute = map(int, time.split(":"))
    return hour * 60 + minute


def _terms(parameters: Mapping[str, str], kind: TaskKind) -> Terms:
    usual = kind.promised_us / MINUTE_US
    minutes = _number(parameters, f"{kind.name}.promised_minutes", usual)
    skills = parameters.get(f"{kind.name}.skills", "").replace(",", " ").split()
    return Terms(kind.name, round(minutes * MINUTE_US), frozenset(skills))


def _number(parameters: Mapping[str, str], name: str, usual: float) -> float:
    text = parameters.get(name, "")
    if not text:
        return usual
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1e6:
        raise ValueError(f"the parameter {name} must be a number from 0 to 1000000, is {text!r}")
    return found
