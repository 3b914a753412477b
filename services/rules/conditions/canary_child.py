"""The process in which conditions are tried on the largest input: each in a fork of its own.

Reads the conditions as JSON from its input and writes a line of JSON for each: its number, and why
it is refused, or nothing. A fork that takes more processor time or memory than is allowed is ended
by the system, which harms nobody else.
"""

from __future__ import annotations

import json
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
MOST_S = 0.005
MOST_BYTES = 16 * 1024 * 1024
_ROOM_BYTES = 64 * 1024 * 1024
"""Of addresses beyond those that the process has already: then it fails."""
_ROUNDS = 7
"""The quickest counts: the others were held up by somebody else."""
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

    compilers = {"rule": rule, "segment": segment, "journey": journey}
    for number, (kind, text) in enumerate(asked["conditions"]):
        print(json.dumps([number, _tried(compilers[kind], text)]), flush=True)


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


def _tried(compiled: Callable[[str], Callable[[], object]], text: str) -> str:
    """Return why a condition is refused, as a child that may die finds out; empty: it is not."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _try(compiled, text, writing)
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


def _try(compiled: Callable[[str], Callable[[], object]], text: str, writing: int) -> None:
    """Evaluate within limits, tell what is too much, and end this process."""
    exit_code = _NOT_TRIED
    try:
        evaluate = compiled(text)
        before = _peak_bytes()
        _limit_memory(_address_bytes() + _ROOM_BYTES)
        taken_s = min(_timed(evaluate) for _ in range(_ROUNDS))
        os.write(writing, _refusal(taken_s, _peak_bytes() - before).encode())
        exit_code = 0
    except MemoryError:
        exit_code = _NO_MEMORY
    finally:
        os._exit(exit_code)


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


def _timed(evaluate: Callable[[], object]) -> float:
    """Return the processor time of an evaluation; one of more than the limit ends the process."""
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
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
