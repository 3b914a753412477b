"""Conditions that loop or have patterns are tried on the largest input, in a process apart."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest

from services.rules.conditions import ConditionCompiler, ConditionError, canary, canary_child
from services.rules.conditions.canary import Suspect, refusals
from tests.unit.rules.nasty import Nasty
from tests.unit.rules.test_definitions import GOOD, checked, mistakes

SLOW = "offer.id.matches('(((a{10}){10}){10})')"
LARGE = (
    "customer.attributes.exists(k, [customer.attributes[k] + k + k + k].exists(b, "
    f"{'+'.join('b' * 28)} + offer.brand == ''))"
)
QUICK = "customer.categories.exists(c, offer.category.startsWith(c))"
WITHIN = "customer.attributes.exists(k, k.matches('[^x]{38}x'))"
"""Within all that the gate counts."""
SEGMENTS = """\
segments:
  - {segment: slow, when: "customer.attributes.exists(k, k.matches('[^x]{38}x'))"}
  - {segment: quick, when: "customer.categories.exists(c, c == 'A')"}
"""


def test_each_that_is_too_slow_or_too_large_is_told_and_the_others_are_accepted() -> None:
    suspects = [Suspect("rule", text) for text in (SLOW, QUICK, LARGE, QUICK)]
    slow, quick, large, again = refusals(suspects, {})
    assert slow.startswith("takes ")
    assert slow.endswith(", on the largest lists and texts")
    assert large  # what needs memory needs time to fill it: a slow machine may tell of that first
    assert quick == again == ""


@pytest.mark.parametrize(
    ("evaluate", "refusal"),
    [
        ("lambda: bytearray(1 << 28)", "needs more than 16 MiB"),
        ("lambda: list(iter(int, 1))", "takes more than 50 ms"),
        ("lambda: None", ""),
    ],
)
def test_a_fork_that_takes_too_much_is_ended_and_told_apart(evaluate: str, refusal: str) -> None:
    program = (
        f"from {canary_child.__name__} import tried; print(tried(lambda _: {evaluate}, '', int))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == refusal


def test_a_machine_is_as_slow_as_it_takes_for_what_is_known_and_not_without_end() -> None:
    known_s = canary_child.KNOWN_S
    assert canary_child.slowness_of(known_s / 2) == 1.0
    assert canary_child.slowness_of(known_s * 2) == pytest.approx(2.0)
    assert canary_child.slowness_of(known_s * 100) < 10.0


def test_what_differs_between_placements_is_tried_at_as_many_as_there_may_be() -> None:
    everywhere = "customer.bought_categories.exists(c, c == customer.locale)"
    at_each = everywhere.replace("locale", "locale + request.placement")
    whole, each = refusals([Suspect("rule", everywhere), Suspect("rule", at_each)], {})
    assert not whole
    assert "ms" in each


def test_what_is_refused_is_told_at_its_place() -> None:
    rule = GOOD.replace("remove_when: offer.stock == 0", f"remove_when: |\n      {WITHIN}")
    found = checked(rule + SEGMENTS)
    wrong = [each for each in found.problems if not each.warning]
    assert [(each.line, each.column) for each in wrong] == [(19, 7), (21, 28)]
    for each, name in zip(wrong, ("remove_when", "when"), strict=True):
        assert each.message.startswith(f"{name}: takes ")
        assert each.message.endswith("on the largest lists and texts")
    assert found.bundle is None


def test_plain_conditions_need_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    assert checked(GOOD).bundle is not None


def test_what_passed_is_not_tried_again_until_it_or_a_parameter_of_it_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def noted(suspects: Sequence[Suspect], parameters: Mapping[str, str]) -> list[str]:
        asked.extend(suspect.text for suspect in suspects)
        return refusals(suspects, parameters)

    monkeypatch.setattr("services.rules.definitions.suspects.refusals", noted)
    plain = "customer.brands.exists(b, b == 'of this test')"
    price = "customer.segments.exists(s, size(s) > params.of_this_test)"

    def check(value: int, *conditions: str) -> list[str]:
        asked.clear()
        rules = "".join(
            f'  - {{name: r{at}, code: NOT_DUE, remove_when: "{each}"}}\n'
            for at, each in enumerate(conditions)
        )
        text = GOOD.replace("parameters:\n", f"parameters:\n  of_this_test: {value}\n")
        return [each.message for each in checked(text + rules).problems if not each.warning]

    assert not check(1, plain, price, plain)
    assert asked == [plain, price]
    assert not check(1, plain, price)
    assert not asked
    assert not check(2, plain, price)
    assert asked == [price]


def _unable(*_: object, **__: object) -> None:
    raise OSError


def _late(*_: object, **__: object) -> None:
    raise subprocess.TimeoutExpired("python", 1.0, output=b'[0, ""]\n[1, ')


def _crashed(*_: object, **__: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.CompletedProcess([], -11, stdout=b'[0, ""]\n')


@pytest.mark.parametrize(("run", "tried"), [(_unable, 0), (_late, 1), (_crashed, 1)])
def test_what_could_not_be_tried_is_refused(
    run: object, tried: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary.subprocess, "run", run)
    found = refusals([Suspect("rule", QUICK)] * 2, {})
    assert found[:tried] == [""] * tried
    assert all("could not be tried" in each for each in found[tried:])


def test_what_could_not_be_tried_is_a_mistake_at_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(canary.subprocess, "run", _unable)
    untried = QUICK.replace("startsWith", "endsWith")
    found = mistakes(GOOD.replace("offer.stock == 0", f'"{untried}"'))
    assert [(line, column) for line, column, told in found if "not be tried" in told] == [(18, 19)]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_accepted_without_a_trial_would_pass_one(seed: int) -> None:
    compiler, source = ConditionCompiler({}), Nasty(seed)
    accepted: list[Suspect] = []
    while len(accepted) < 20:
        text = source.condition()
        try:
            condition = compiler.accept(text)
        except ConditionError:
            continue
        if not condition.is_suspect:
            accepted.append(Suspect("rule", text))
    # One that takes a little more than 5 ms on a busy machine is no mistake of the gate's.
    found = zip(accepted, refusals(accepted, {}), strict=True)
    assert not [each for each, refusal in found if "more than" in refusal]
