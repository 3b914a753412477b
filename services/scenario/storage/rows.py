"""Journeys and tasks between their rows and the domain."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from services.scenario.domain.carts import Cart
from services.scenario.domain.effects import Due, GiveTask, SendMessage
from services.scenario.domain.entries import Entry, before_first
from services.scenario.domain.journey import Journey, Outcome, Phase
from services.scenario.domain.lanes import lane_of
from services.scenario.domain.ports import Tally
from services.scenario.domain.queue import Load
from services.scenario.domain.tasks import Task
from services.scenario.domain.transition import Transition
from services.scenario.reading import kept_scenario
from services.scenario.storage.payloads import (
    Effect,
    passed_over_by,
    passed_over_row,
    payload_of,
)
from shared.ids import uuid7
from shared.postgres import Row


def journey_of(row: Row) -> Journey:
    return Journey(
        journey_id=row["journey_id"],
        person_id=row["person_id"],
        scenario=kept_scenario(row["definition"]),
        started_us=row["started_us"],
        phase=Phase(row["phase"]),
        due_us=row["due_us"],
        version=row["version"],
        stage=row["stage"],
        next_stage=row["next_stage"],
        entered_us=row["entered_us"],
        until_us=row["until_us"],
        approaches_us=row["approaches_us"],
        occurrence=row["occurrence"],
        offer_nos=(row["offer_no"], *row["other_offer_nos"]) if row["offer_no"] else (),
        answers_to=tuple(row["answers_to"]),
        cart=Cart(tuple(row["cart_nos"]), tuple(row["cart_quantities"]), row["cart_value_micros"]),
        began=json.loads(row["began"]) if row["began"] else {},
        item_no=row["item_no"],
        subject_no=row["subject_no"],
        answer=row["answer"],
        messages=row["messages"],
        messages_sent=row["messages_sent"],
        obstacle=row["obstacle"],
        outcome=Outcome(row["outcome"]),
        ended_as=row["ended_as"],
        ended_us=row["ended_us"],
        dormant=row["dormant"],
        taken_up_us=row["taken_up_us"],
        token=row["token"],
    )


def new_columns(transitions: Sequence[Transition]) -> list[list[Any]]:
    """Return the columns of journeys that begin, as `add_journeys` takes them."""
    journeys = [transition.journey for transition in transitions]
    return [
        [journey.journey_id for journey in journeys],
        [journey.person_id for journey in journeys],
        [journey.scenario.name for journey in journeys],
        [journey.scenario.definition for journey in journeys],
        [journey.phase.value for journey in journeys],
        [journey.version for journey in journeys],
        [journey.started_us for journey in journeys],
        [journey.due_us for journey in journeys],
        [journey.outcome.value for journey in journeys],
        [journey.ended_us for journey in journeys],
        [journey.dormant for journey in journeys],
        [_began(journey) for journey in journeys],
        [journey.item_no for journey in journeys],
        [journey.subject_no for journey in journeys],
        [journey.taken_up_us for journey in journeys],
    ]


def _began(journey: Journey) -> str:
    return json.dumps(dict(journey.began)) if journey.began else ""


def moved_columns(transitions: Sequence[Transition]) -> list[list[Any]]:
    """Return the columns of journeys as they are after a step, as `move_journeys` takes them."""
    return columns([_moved_row(transition) for transition in transitions])


def columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """Return rows turned into columns; there must be a row."""
    return [list(column) for column in zip(*rows, strict=True)]


def _moved_row(transition: Transition) -> tuple[Any, ...]:
    journey = transition.journey
    return (
        journey.journey_id,
        journey.phase.value,
        journey.version,
        journey.due_us,
        journey.stage,
        journey.entered_us,
        journey.until_us,
        journey.occurrence,
        journey.offer_nos[0] if journey.offer_nos else 0,
        _listed(journey.offer_nos[1:]),
        _listed(journey.answers_to),
        _listed(journey.cart.offer_nos),
        _listed(journey.cart.quantities),
        journey.cart.value_micros,
        journey.obstacle,
        journey.outcome.value,
        journey.ended_us,
        journey.ended_as,
        journey.dormant,
        journey.next_stage,
        journey.answer,
        journey.messages,
        journey.awaited_no,
        _began(journey) if transition.met_us and journey.scenario.asks_who_entered else None,
        journey.scenario.definition if transition.changes_edition else None,
        transition.is_visible,
        journey.messages_sent,
        journey.approaches_us,
    )


def _listed(numbers: Sequence[float]) -> str:
    """Return numbers as PostgreSQL writes an array; floats to their last bit."""
    return f"{{{','.join(map(repr, numbers))}}}" if numbers else "{}"


def tally_columns(tallies: Sequence[Tally]) -> list[list[Any]]:
    """Return the columns of what was counted, as `add_tallies` takes them."""
    return [
        [each.person_id for each in tallies],
        [each.scenario for each in tallies],
        [each.is_occasion for each in tallies],
        [each.time_us for each in tallies],
        [each.subject_no for each in tallies],
        [_listed(each.cart_nos) for each in tallies],
    ]


def tally_of(row: Row) -> Tally:
    return Tally(
        row["person_id"],
        row["scenario"],
        row["time_us"],
        row["is_occasion"],
        row["subject_no"],
        tuple(row["cart_nos"]),
    )


def entry_row(row: Row) -> Entry:
    """Return an entry whose goal is still waited for."""
    return Entry(
        journey=before_first(journey_of(row)),
        met_us=row["met_us"],
        until_us=row["counts_until_us"],
        held_out=row["held_out"],
    )


def entry_columns(entries: Sequence[Entry]) -> list[list[Any]]:
    """Return the columns of entries, as `add_entries` takes them."""
    return [
        [entry.journey_id for entry in entries],
        [entry.person_id for entry in entries],
        [entry.scenario.name for entry in entries],
        [entry.held_out for entry in entries],
        [entry.scenario.is_shadow for entry in entries],
        [entry.met_us for entry in entries],
        [entry.until_us for entry in entries],
    ]


def new_errand_row(journey: Journey, due: Due, effect: Effect) -> tuple[Any, ...]:
    """Return a row of `add_errands`."""
    due_us = getattr(effect, "due_us", journey.entered_us)
    return (
        uuid7(due_us // 1000),
        journey.journey_id,
        due.stage,
        due.occurrence,
        journey.person_id,
        journey.scenario.name,
        journey.scenario.stages[due.stage].name,
        effect.kind,
        lane_of(effect.order if isinstance(effect, SendMessage) else effect),
        payload_of(effect),
        due_us,
        getattr(effect, "expires_us", 0),
        passed_over_row(getattr(effect, "passed_over", ())),
    )


def load_of(row: Row | None) -> Load:
    """Return a row of `calls_of`."""
    assert row is not None, "it counts, so there is one"
    return Load(row["tried"], row["open"])


def new_task_row(journey: Journey, due: Due, effect: GiveTask) -> tuple[Any, ...]:
    """Return a row of `add_tasks`."""
    order = effect.order
    return (
        uuid7(effect.due_us // 1000),
        journey.journey_id,
        due.occurrence,
        journey.person_id,
        order.kind,
        order.reason,
        effect.script,
        json.dumps(effect.offer_ids),
        json.dumps(order.skills),
        order.priority,
        effect.due_us,
        effect.expires_us,
        effect.time_zone,
        passed_over_row(effect.passed_over),
    )


def task_of(row: Row) -> Task:
    return Task(
        task_id=row["task_id"],
        journey_id=row["journey_id"],
        person_id=row["person_id"],
        kind=row["kind"],
        due_us=row["due_us"],
        expires_us=row["expires_us"],
        person_ids=tuple(row["person_ids"]),
        rests=row["rests"],
        reason=row["reason"],
        script=row["script"],
        offer_ids=tuple(row["offer_ids"]),
        skills=tuple(row["skills"]),
        priority=row["priority"],
        agent_id=row["agent_id"],
        claimed_until_us=row["claimed_until_us"],
        claims=row["claims"],
        outcome=row["outcome"],
        ended_by=row["ended_by"],
        latest=row["latest"],
        tries=row["tries"],
        time_zone=row["time_zone"],
        passed_over=passed_over_by(row["passed_over"]),
    )
