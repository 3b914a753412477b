"""What a bundle says of the call centre: what is promised, and assumed until it is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.scenario.domain.capacity import Assumed
from services.scenario.domain.queue import MINUTE_US, Terms


@dataclass(frozen=True, slots=True)
class DeskTerms:
    """Parameters of the call centre."""

    call_back: Terms
    chat: Terms
    assumed: Assumed


NO_TERMS = DeskTerms(Terms(2 * MINUTE_US), Terms(MINUTE_US), Assumed())
"""Where a bundle says nothing."""


def desk_terms(parameters: Mapping[str, str]) -> DeskTerms:
    """Read them; ValueError with a sentence for what is no number of its kind."""
    usual = NO_TERMS
    return DeskTerms(
        _terms(parameters, "call_back", usual.call_back),
        _terms(parameters, "chat", usual.chat),
        Assumed(
            agents=_number(parameters, "calls.agents", usual.assumed.agents),
            per_hour=_number(parameters, "calls.per_agent_hour", usual.assumed.per_hour),
            hours=_number(parameters, "calls.hours_per_day", usual.assumed.hours),
        ),
    )


def _terms(parameters: Mapping[str, str], name: str, usual: Terms) -> Terms:
    minutes = _number(parameters, f"{name}.promised_minutes", usual.promised_us / MINUTE_US)
    skills = parameters.get(f"{name}.skills", "").replace(",", " ").split()
    return Terms(round(minutes * MINUTE_US), frozenset(skills))


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
