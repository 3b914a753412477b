"""The process in which conditions are tried on the largest input: each in a fork of its own.

Reads the conditions as JSON from its input and writes a line of JSON for each: its number, and why
it is refused, or nothing. A fork that takes more processor time or memory than is allowed is ended
by the system, which harms nobody else.

Times are told as on a machine that takes as long as `cost` says for a condition that is known: what
is accepted must not depend on how fast a machine is, or how busy in that minute.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from services.rules.conditions.compiler import ConditionCompiler
from services.rules.conditions.frame import PlacementVariables, RequestFrame, Variables
from services.rules.conditions.worst_case import NOW, WorstCase
from services.rules.domain.definitions import MOST_PLACEMENTS
from services.rules.domain.values import Outcome
from shared.conditions.bounds import LONGEST_TEXT
from shared.conditions.journeys import JourneyCompiler
from shared.conditions.segments import SegmentCompiler
from shared.conditions.values import typed_parameters

LIMIT_S = 0.05
"""Of processor time, for one evaluation: then it is ended."""
_LONGEST_S = 10.0
"""The same, for what is known to be quick."""
MOST_S = 0.005
_KNOWN, KNOWN_S = "offer.id.matches('a')", 0.002
"""A short pattern, for each of 200 candidates."""
_SLOWEST = 4.0
"""Times slower a machine may be before that counts against what is tried."""
MOST_BYTES = 16 * 1024 * 1024
_ROOM_BYTES = 64 * 1024 * 1024
"""Of addresses beyond those that the process has already: then it fails."""
_ROUNDS = 7
"""The quickest counts: the others were held up by somebody else."""
_COMPARISONS = 3
_NO_MEMORY, _NOT_TRIED = 3, 4


def main() -> None:
    """Try one condition after the other."""
    asked = json.load(sys.stdin)
    parameters = typed_parameters(asked["parameters"])
    rules, segments = ConditionCompiler(parameters), SegmentCompiler(parameters)
    journeys = JourneyCompiler(parameters)

    def rule(text: str) -> Callable[[], object]:
        condition, given = rules.compile(text), WorstCase(text)
        variables = _at_every_placement(given) if condition.reads_placement else (given,)

        def evaluate() -> None:
            known: dict[int, Outcome] = {}
            for each in variables:
                condition.evaluate(RequestFrame(given, each, rules.activation, known))

        return evaluate

    def segment(text: str) -> Callable[[], object]:
        predicate, given = segments.compile(text), WorstCase(text)
        return lambda: predicate.holds(_Fields(given))

    def journey(text: str) -> Callable[[], object]:
        predicate, given = journeys.condition(text), WorstCase(text)
        return lambda: predicate.holds(_Fields(given))

    known = rule(_KNOWN)
    compilers = {"rule": rule, "segment": segment, "journey": journey}
    for number, (kind, text) in enumerate(asked["conditions"]):
        print(json.dumps([number, tried(compilers[kind], text, known)]), flush=True)


def slowness_of(known_s: float) -> float:
    """Return how many times slower a machine is that takes so long for what is known.

    That is 1 at least.
    """
    return min(max(known_s / KNOWN_S, 1.0), _SLOWEST)


def _at_every_placement(given: WorstCase) -> Sequence[Variables]:
    """Return the variables of as many placements as a request may have."""
    names = (f"{number:0>{LONGEST_TEXT}d}" for number in range(MOST_PLACEMENTS))
    return [PlacementVariables(given, name) for name in names]


class _Fields(dict[str, Any]):
    """Fields of a person, each read once."""

    def __init__(self, given: WorstCase) -> None:
        super().__init__()
        self._given = given

    def __missing__(self, name: str) -> Any:
        value = self[name] = NOW if name == "now" else self._given.field(name)
        return value


def tried(
    compiled: Callable[[str], Callable[[], object]], text: str, known: Callable[[], object]
) -> str:
    """Return why a condition is refused, as a child that may die finds out; empty: it is not."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _try(compiled, text, known, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        refusal = told.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF:
        return f"takes more than {LIMIT_S * 1000:.0f} ms"
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _NOT_TRIED:
        return "could not be tried"
    if status:
        return f"needs more than {MOST_BYTES // 2**20} MiB"
    return refusal


def _try(
    compiled: Callable[[str], Callable[[], object]],
    text: str,
    known: Callable[[], object],
    writing: int,
) -> None:
    """Evaluate within limits, tell what is too much, and end this process."""
    exit_code = _NOT_TRIED
    try:
        evaluate = compiled(text)
        before = _peak_bytes()
        _limit_memory(_address_bytes() + _ROOM_BYTES)
        taken_s = _taken_s(evaluate, known)
        os.write(writing, _refusal(taken_s, _peak_bytes() - before).encode())
        exit_code = 0
    except MemoryError:
        exit_code = _NO_MEMORY
    finally:
        os._exit(exit_code)


def _taken_s(evaluate: Callable[[], object], known: Callable[[], object]) -> float:
    """Return the time of an evaluation; one that seems too long is compared again."""
    taken_s = math.inf
    for _ in range(_COMPARISONS):
        slowness = slowness_of(_quickest_s(known, _LONGEST_S))
        taken_s = min(taken_s, _quickest_s(evaluate, LIMIT_S * slowness) / slowness)
        if taken_s <= MOST_S:
            break
    return taken_s


def _quickest_s(evaluate: Callable[[], object], limit_s: float) -> float:
    return min(_timed(evaluate, limit_s) for _ in range(_ROUNDS))


def _limit_memory(most_bytes: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most_bytes = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, hard))


def _refusal(taken_s: float, used_bytes: int) -> str:
    if taken_s > MOST_S:
        return f"takes {taken_s * 1000:.1f} ms, at most {MOST_S * 1000:.0f} ms are allowed"
    if used_bytes > MOST_BYTES:
        most = MOST_BYTES // 2**20
        return f"needs {used_bytes // 2**20} MiB, at most {most} MiB are allowed"
    return ""


def _timed(evaluate: Callable[[], object], limit_s: float) -> float:
    """Return the processor time of an evaluation; one of more than the limit ends the process."""
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    began = time.process_time()
    evaluate()
    taken_s = time.process_time() - began
    signal.setitimer(signal.ITIMER_PROF, 0)
    return taken_s


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT


def _address_bytes() -> int:
    """Return how much of the address space is taken; without /proc a figure above any other."""
    try:
        with open("/proc/self/statm", encoding="ascii") as read:
            return int(read.read().split()[0]) * resource.getpagesize()
    except OSError:
        return _UNKNOWN_BYTES


_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
_UNKNOWN_BYTES = 2**40

if __name__ == "__main__":
    main()
