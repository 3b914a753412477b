"""How often each way of a scenario was taken, where only the stages that were entered are known.

A stage that could not be entered leaves no trace: whoever was led to it stands in the next one. So
a move that no way makes by itself is read as one past such stages, by the shortest way there is.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import pairwise

from services.scenario.domain.graph import edges
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.stages import END

Move = tuple[str, str, int]
"""From a stage to the next one, and how often; empty: before the first, and the end."""
Step = tuple[str, str, bool]
"""From a stage, to another one or the end, and whether past it: it could not be entered."""


def ways_taken(scenario: Scenario, moves: Iterable[Move]) -> Counter[Step]:
    """Return how often each way was taken, by the moves that journeys made.

    What cannot be explained by the edition is a way of its own; the way from before the first stage
    to it is not told.
    """
    found = Counter[Step]()
    onwards: dict[str, list[int]] = {"": [0]}
    for edge in edges(scenario):
        if not edge.passes:
            onwards.setdefault(scenario.stages[edge.start].name, []).append(edge.to)
    for start, to, number in moves:
        for step in _steps(scenario, start, onwards.get(start, []), to):
            found[step] += number
    return found


def _steps(scenario: Scenario, start: str, onwards: list[int], to: str) -> Iterator[Step]:
    """Yield the steps of a move: one, or the one to a stage that is passed over and those past."""
    before: dict[int, int | None] = dict.fromkeys(onwards)
    pending = deque(before)
    while pending:
        place = pending.popleft()
        if _name(scenario, place) == to:
            path = [place]
            while (earlier := before[path[-1]]) is not None:
                path.append(earlier)
            names = [_name(scenario, each) for each in reversed(path)]
            if start:
                yield start, names[0], False
            for passed, following in pairwise(names):
                yield passed, following, True
            return
        if place != END and scenario.stages[place].may_be_passed_over:
            instead = scenario.instead_of(place)
            if instead not in before:
                before[instead] = place
                pending.append(instead)
    if start:
        yield start, to, False


def _name(scenario: Scenario, place: int) -> str:
    return "" if place == END else scenario.stages[place].name
