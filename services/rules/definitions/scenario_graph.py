"""A scenario's stages as a graph: what leads where, what is never reached, and what never ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from services.rules.definitions.problems import suggestion
from services.rules.definitions.stage_places import Step
from touchpoint.rules.v1.rules_pb2 import Scenario, Stage
from touchpoint.rules.v1.scenarios_pb2 import Reaction, Way

END = "end"
NOT_SAID = ""
OFFER_ANSWERS = ("accepted", "declined")
"""What people say to an offer."""
_LAST_WORDS = (*OFFER_ANSWERS, "sold", "not_interested")
"""Outcomes of tasks that end a journey where its stage names no other way."""
ANSWERS = (
    *("reached", "no_answer", "busy", "voicemail", "wrong_person", "call_again", "sold"),
    *("not_interested", *OFFER_ANSWERS, "not_reached", "done"),
)
"""Outcomes of tasks."""


class Flaw(NamedTuple):
    """Something wrong with the way through a scenario, and the way to where it stands."""

    where: tuple[Step, ...]
    message: str


def flaws(scenario: Scenario) -> Iterator[Flaw]:
    """Tell what is wrong with how stages lead to each other."""
    places = {stage.stage: place for place, stage in enumerate(scenario.stages)}
    unknown = list(_unknown(scenario, places))
    yield from unknown
    for place, stage in enumerate(scenario.stages):
        yield from _waits(place, stage, is_kept=bool(scenario.starts_on))
        yield from _ways(place, stage)
        yield from _answers(place, stage)
    if not unknown:
        yield from _unreached(scenario, places)
        circles = list(_circles(scenario, places))
        yield from circles or _never_over(scenario, places)


def is_passed_through(stage: Stage) -> bool:
    """Say whether a stage is left as soon as it was entered: nothing in it is waited for."""
    return not (
        stage.HasField("propose") or stage.HasField("task") or stage.on or _ends_by_itself(stage)
    )


def is_found(stage: Stage) -> bool:
    """Say whether what a stage proposes is found when it is entered, if there is any."""
    return bool(stage.propose.source or stage.propose.its_item)


def _ends_by_itself(stage: Stage) -> bool:
    return stage.HasField("lasts") or stage.HasField("until")


def _unknown(scenario: Scenario, places: Mapping[str, int]) -> Iterator[Flaw]:
    for where, name in _leads(scenario):
        if name not in places and name != END:
            known = [*places, END]
            yield Flaw(where, f"there is no stage {name}{suggestion(name, known)}")
    for index, move in enumerate(scenario.moves):
        if move.to not in places and move.to != END:
            message = f"there is no stage {move.to}{suggestion(move.to, [*places, END])}"
            yield Flaw(("moves", index, "to"), message)


def _leads(scenario: Scenario) -> Iterator[tuple[tuple[Step, ...], str]]:
    """Yield every stage that is named by another, with the way to where."""
    for place, stage in enumerate(scenario.stages):
        start: tuple[Step, ...] = ("stages", place)
        if stage.otherwise:
            yield (*start, "otherwise"), stage.otherwise
        for index, way in enumerate(stage.next):
            yield (*start, "next", index, "to"), way.to
        for index, reaction in enumerate(stage.on):
            yield (*start, "on", index, "to"), reaction.to
        for answer, name in sorted(stage.answers.items()):
            yield (*start, "answers", answer), name


def _waits(place: int, stage: Stage, *, is_kept: bool) -> Iterator[Flaw]:
    """Tell of a wait that is none, and of one that only somebody's doing would ever end."""
    start: tuple[Step, ...] = ("stages", place)
    if stage.HasField("lasts") and not stage.lasts.ToNanoseconds():
        yield Flaw((*start, "lasts"), f"stage {stage.stage} lasts no time: nobody could answer")
    if not is_kept or _ends_by_itself(stage):
        return
    for waits, field, ends in (
        (stage.HasField("propose"), "propose", "nobody answers the offer"),
        (stage.HasField("task"), "task", "nobody does the task"),
        (bool(stage.on), "on", "no such event comes"),
    ):
        if waits:
            message = f"stage {stage.stage} waits for ever where {ends}: give it lasts"
            yield Flaw((*start, field), message)
            return


def _ways(place: int, stage: Stage) -> Iterator[Flaw]:
    start: tuple[Step, ...] = ("stages", place, "next")
    shares = sum(way.share for way in stage.next)
    if shares > 1 + 1e-9:
        yield Flaw(start, f"the shares of stage {stage.stage} add up to {shares:.0%}")
    is_certain = False
    for index, way in enumerate(stage.next):
        if is_certain:
            message = f"is never taken: the way before it is, whatever is so (stage {stage.stage})"
            yield Flaw((*start, index), message)
        is_certain = is_certain or not (way.condition or way.share)
    leading: list[tuple[str, Sequence[Way | Reaction]]] = [("next", stage.next), ("on", stage.on)]
    for name, several in leading:
        for index, leads in enumerate(several):
            if getattr(leads, "as") and leads.to != END:
                yield Flaw(("stages", place, name, index, "as"), "as goes with `to: end` only")


def _answers(place: int, stage: Stage) -> Iterator[Flaw]:
    for answer in sorted(stage.answers):
        message = ""
        if answer not in ANSWERS:
            message = f"there is no answer {answer}{suggestion(answer, ANSWERS)}"
        elif answer not in OFFER_ANSWERS and not stage.HasField("task"):
            message = f"{answer} is the outcome of a task, and stage {stage.stage} gives none"
        if message:
            yield Flaw(("stages", place, "answers", answer), message)


def _following(scenario: Scenario, place: int) -> str:
    stages = scenario.stages
    return stages[place + 1].stage if place + 1 < len(stages) else END


def _onwards(scenario: Scenario, place: int) -> list[str]:
    """Return the stages that may come when a stage is over."""
    stage = scenario.stages[place]
    names = [way.to for way in stage.next]
    is_certain = any(not (way.condition or way.share) for way in stage.next)
    if is_certain or sum(way.share for way in stage.next) >= 1.0 - 1e-9:
        return names
    return [*names, _following(scenario, place)]


def _instead(scenario: Scenario, place: int) -> list[str]:
    """Return the stage that comes in place of one that cannot be entered, if it may be so."""
    stage = scenario.stages[place]
    may_be_passed_over = stage.condition or stage.HasField("propose") or stage.task.offers
    if not may_be_passed_over:
        return []
    return [stage.otherwise or _following(scenario, place)]


def _leaves(scenario: Scenario, place: int) -> list[str]:
    """Return every stage that may come after one, in whatever way."""
    stage = scenario.stages[place]
    names = [reaction.to for reaction in stage.on] + list(stage.answers.values())
    if is_passed_through(stage) or _ends_by_itself(stage) or stage.HasField("task"):
        names += _onwards(scenario, place)
    if stage.condition or stage.otherwise or is_found(stage):
        # Where an offer is gone the following one comes too, but nobody writes a stage for that.
        names += _instead(scenario, place)
    return names


def _unreached(scenario: Scenario, places: Mapping[str, int]) -> Iterator[Flaw]:
    reached, pending = set[int](), [0] if scenario.stages else []
    while pending:
        place = pending.pop()
        if place not in reached:
            reached.add(place)
            pending += [places[name] for name in _leaves(scenario, place) if name != END]
    for place, stage in enumerate(scenario.stages):
        if place not in reached:
            message = f"stage {stage.stage} is never reached{_why(scenario, place)}"
            yield Flaw(("stages", place, "stage"), message)


def _why(scenario: Scenario, place: int) -> str:
    before = scenario.stages[place - 1]
    if before.HasField("propose") and not _ends_by_itself(before):
        return f": stage {before.stage} does not end by itself; give it lasts"
    return ""


def _circles(scenario: Scenario, places: Mapping[str, int]) -> Iterator[Flaw]:
    """Tell of stages that lead back to themselves without anything being waited for."""
    for start, stage in enumerate(scenario.stages):
        seen, pending = set[int](), [start]
        while pending:
            place = pending.pop()
            for name in _at_once(scenario, place):
                if name == END:
                    continue
                if places[name] == start:
                    message = f"stage {stage.stage} leads back to itself without a pause"
                    yield Flaw(("stages", start, "stage"), message)
                    return
                if places[name] not in seen:
                    seen.add(places[name])
                    pending.append(places[name])


def _never_over(scenario: Scenario, places: Mapping[str, int]) -> Iterator[Flaw]:
    """Tell of the first stage from which nothing at all leads to the end."""
    if scenario.goals or scenario.exits:
        return
    ending = {END}
    for _ in scenario.stages:
        ending |= {
            stage.stage
            for place, stage in enumerate(scenario.stages)
            if _ends_with_an_answer(stage) or not ending.isdisjoint(_leaves(scenario, place))
        }
    for place, stage in enumerate(scenario.stages):
        if stage.stage not in ending:
            message = (
                f"nothing leads from stage {stage.stage} to the end, however long it takes:"
                " give it a way there, or the scenario goals or exits"
            )
            yield Flaw(("stages", place, "stage"), message)
            return


def _ends_with_an_answer(stage: Stage) -> bool:
    words = _LAST_WORDS if stage.HasField("task") else OFFER_ANSWERS
    asks = stage.HasField("propose") or stage.HasField("task")
    return asks and any(word not in stage.answers for word in words)


def _at_once(scenario: Scenario, place: int) -> list[str]:
    """Return the stages that may follow in the same moment."""
    through = _onwards(scenario, place) if is_passed_through(scenario.stages[place]) else []
    return through + _instead(scenario, place)
