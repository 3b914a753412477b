"""How many calls agents can make in a day: measured, and assumed as far as nothing is known."""

from __future__ import annotations

from dataclasses import dataclass

from services.scenario.domain.queue import FEWEST_TRIED, HOUR_US, LATELY_US, Queue


@dataclass(frozen=True, slots=True)
class Assumed:
    """What holds until it was measured."""

    agents: float = 5.0
    """Where none signed on lately."""
    per_hour: float = 6.0
    """Tasks that one does in an hour."""
    hours: float = 6.0
    """Of a day in which one does tasks."""


def calls_per_day(queue: Queue, assumed: Assumed) -> int:
    """Return how many tasks may be made in a day, at least one.

    The agents who signed on or did something within seven days, times the hours of a day, times how
    many tasks one does in an hour in which they do any: measured where there were enough.
    """
    since_us = queue.now_us - LATELY_US
    lately = {each.agent_id for each in queue.tried}
    lately.update(seat.agent.agent_id for seat in queue.seats if seat.changed_us >= since_us)
    agents = len(lately) or assumed.agents
    return max(round(agents * assumed.hours * per_agent_hour(queue, assumed)), 1)


def per_agent_hour(queue: Queue, assumed: Assumed) -> float:
    """Return how many tasks an agent does in an hour in which they do any."""
    if len(queue.tried) < FEWEST_TRIED:
        return assumed.per_hour
    hours = {(each.agent_id, each.ended_us // HOUR_US) for each in queue.tried}
    return len(queue.tried) / len(hours)
