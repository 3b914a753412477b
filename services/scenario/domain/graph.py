"""A scenario as a graph: which stage may lead to which, why, and how long that takes at most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.scenario.domain.actions import Proposal
from services.scenario.domain.criteria import Times
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.stages import END, Leads, Stage

DAY_US = 86_400_000_000
_ENDLESS_US = 7 * DAY_US
"""Taken for a stage that nothing but an event or an answer ends."""
LEAST_US, MOST_US = DAY_US, 90 * DAY_US
"""Of `longest_us`."""
_REMEMBERED = 512
_LONGEST_US: dict[bytes, int] = {}
"""Of editions, by their definition: everybody who enters is asked for it."""
CANNOT_BE_OFFERED = "if it cannot be offered"
_UNITS = (("d", DAY_US), ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000))


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from a stage to another one, or to the end."""

    start: int
    to: int
    """A stage's place, or `END`."""
    why: str
    """In words: `declined`, `search`, a condition, `10%`, `after 2 d`, `else`."""
    ends_as: str = ""
    passes: bool = False
    """It is taken instead of entering the stage."""


def edges(scenario: Scenario) -> list[Edge]:
    """Return all ways that the definition names, and the following stage where one comes next."""
    return [edge for place in range(len(scenario.stages)) for edge in _edges_from(scenario, place)]


def longest_us(scenario: Scenario) -> int:
    """Return how long a journey may take from its first stage, each stage passed once.

    What leads back to where it came from is not counted, nor the wait before the first stage; it is
    a day at least, and 90 at most.
    """
    key = scenario.definition
    found = _LONGEST_US.get(key)
    if found is None:
        found = _longest_us(scenario)
        if key:
            if len(_LONGEST_US) >= _REMEMBERED:
                _LONGEST_US.clear()
            _LONGEST_US[key] = found
    return found


def _longest_us(scenario: Scenario) -> int:
    onward: dict[int, list[int]] = defaultdict(list)
    for edge in edges(scenario):
        if edge.to != END:
            onward[edge.start].append(edge.to)
    longest: dict[int, int] = {}
    path: list[tuple[int, Iterator[int]]] = [(0, iter(onward[0]))]
    on_path = {0}
    while path:
        place, ahead = path[-1]
        following = next((to for to in ahead if to not in on_path and to not in longest), None)
        if following is not None:
            on_path.add(following)
            path.append((following, iter(onward[following])))
            continue
        later = [longest[to] for to in onward[place] if to in longest]
        longest[place] = _time_us(scenario.stages[place]) + max(later, default=0)
        on_path.discard(place)
        path.pop()
    return min(max(longest[0], LEAST_US), MOST_US)


def does(stage: Stage, source_name: Callable[[int], str] = str) -> str:
    """Say what a stage does, or that it waits; sources of proposals are said by their names."""
    said = []
    if stage.propose is not None:
        said.append(f"proposes {_proposed(stage.propose, source_name)}")
    done = [f"task: {stage.task.kind}"] if stage.task is not None else []
    done += [f"sends {stage.send.template}"] if stage.send is not None else []
    if done:
        said.append(" or ".join(done))
    if stage.set_attributes:
        said.append(f"sets {', '.join(stage.set_attributes)}")
    if stage.note:
        said.append("leaves a note")
    if not said:
        said.append("branches" if stage.is_passed_through else "waits")
    return ", ".join(said)


def over(stage: Stage) -> str:
    """Say when a stage is over, empty where only an event or an answer ends it, or at once."""
    return "" if stage.is_passed_through else _over(stage) or ""


def begins(scenario: Scenario) -> str:
    """Say what begins a journey: `add_to_cart or view, 3 times in 1 d, then quiet for 30 min`."""
    said = [_any(sorted(scenario.starts.types))]
    if scenario.count.at_least > 1:
        said.append(f"{scenario.count.at_least} times{_in(scenario.count)}")
    if scenario.quiet_for_us:
        said.append(f"then quiet for {span(scenario.quiet_for_us)}")
    if scenario.occasions.at_least > 1:
        said.append(f"for the {_nth(scenario.occasions.at_least)} time{_in(scenario.occasions)}")
    return ", ".join(said)


def span(microseconds: int) -> str:
    """Say how long: `2 d`, `90 min`."""
    for unit, size in _UNITS:
        if microseconds >= size and microseconds % size == 0:
            return f"{microseconds // size} {unit}"
    return f"{microseconds / 1e6:g} s"


def _edges_from(scenario: Scenario, place: int) -> Iterator[Edge]:
    stage = scenario.stages[place]
    for answer, leads in stage.answers.items():
        yield _edge(place, leads, answer.replace("_", " "))
    for reaction in stage.reactions:
        said = _any(sorted(reaction.hears.types))
        where = reaction.hears.where
        yield _edge(place, reaction.leads, f"{said}, {where.text}" if where else said)
    if stage.condition is not None:
        yield Edge(place, scenario.instead_of(place), "if not so", passes=True)
    elif stage.otherwise is not None and stage.may_be_passed_over:
        yield Edge(place, stage.otherwise, CANNOT_BE_OFFERED, passes=True)
    yield from _onward(scenario, place)


def _onward(scenario: Scenario, place: int) -> Iterator[Edge]:
    stage = scenario.stages[place]
    over = _over(stage)
    if over is None:
        return
    below = 0.0
    for way in stage.ways:
        below += way.share
        if way.is_certain:
            yield _edge(place, way.leads, "else" if way is not stage.ways[0] else over)
            return
        said = [way.condition.text] if way.condition is not None else []
        said += [f"{way.share:.0%}"] if way.share else []
        yield _edge(place, way.leads, ", ".join(said))
    if below < 1.0:
        yield Edge(place, scenario.following(place), "else" if stage.ways else over)


def _over(stage: Stage) -> str | None:
    """Say when a stage is over, None where nothing but an answer or an event ends it."""
    if stage.is_passed_through:
        return "then"
    said = [f"after {span(stage.lasts_us)}"] if stage.lasts_us else []
    if stage.until is not None:
        hour, minute = divmod(stage.until.minute, 60)
        day = " on a working day" if stage.until.working_day else ""
        said.append(f"at {hour:02}:{minute:02}{day}")
    if stage.task is not None:
        said.append("in vain")
    return " or ".join(said) or None


def _edge(place: int, leads: Leads, why: str) -> Edge:
    return Edge(place, leads.to, why, leads.ends_as)


def _time_us(stage: Stage) -> int:
    if stage.is_passed_through:
        return 0
    if stage.lasts_us:
        return stage.lasts_us
    if stage.until is None:
        return _ENDLESS_US
    # A weekend, and a holiday beside it.
    return stage.until.after_us + (4 if stage.until.working_day else 1) * DAY_US


def _in(times: Times) -> str:
    return f" in {span(times.within_us)}" if times.within_us else ""


def _nth(number: int) -> str:
    return {2: "2nd", 3: "3rd"}.get(number, f"{number}th")


def _proposed(proposal: Proposal, source_name: Callable[[int], str]) -> str:
    if proposal.its_item:
        return "the item that it began with"
    if proposal.source:
        return f"up to {proposal.most} by {source_name(proposal.source)}"
    return _any(proposal.offer_ids)


def _any(names: tuple[str, ...] | list[str]) -> str:
    return " or ".join(names)
