"""The checker of the simulation finds what is broken on purpose."""

from dataclasses import replace

import pytest

from services.scenario.domain import passage, taking
from services.scenario.domain.errands import State
from services.scenario.domain.transition import Transition
from services.scenario.messages.carrying import Carrying
from services.scenario.storage import in_memory_errands
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from services.scenario.storage.in_memory_transaction import InMemoryTransaction
from tests.resilience.simulation.checker import faults
from tests.resilience.simulation.days import played
from tests.resilience.simulation.processes import Odds

DAYS = 4
OFTEN = Odds(death=0.03)


def _leases_never_end(monkeypatch):
    def free(self):
        return [each for each in self._open() if each.journey_id not in self._leases]

    monkeypatch.setattr(InMemoryJourneys, "_free", free)


def _what_was_being_sent_is_sent_again(monkeypatch):
    def forgotten(dispatch):
        return (
            replace(dispatch, state=State.WAITING) if dispatch.state is State.SENDING else dispatch
        )

    monkeypatch.setattr(in_memory_errands, "interrupted", forgotten)


def _effects_have_no_key(monkeypatch):
    class Forgetful(set):
        def __contains__(self, key):
            return False

    begin = InMemoryJourneys.__init__

    def without_keys(self, *given, **named):
        begin(self, *given, **named)
        self.effects = Forgetful()

    monkeypatch.setattr(InMemoryJourneys, "__init__", without_keys)
    write = InMemoryJourneys.write

    def twice(self, transition):
        write(self, transition)
        write(self, transition)

    monkeypatch.setattr(InMemoryJourneys, "write", twice)


def _nobody_is_asked(monkeypatch):
    monkeypatch.setattr(Carrying, "may_be_sent", lambda *_: True)


def _there_is_always_room(monkeypatch):
    async def take_room(self, scenario, limits, today):
        return True

    monkeypatch.setattr(InMemoryTransaction, "take_room", take_room)


def _tasks_outlive_their_person(monkeypatch):
    delete = InMemoryJourneys._delete

    def but_tasks(self, gone):
        kept = dict(self.tasks)
        delete(self, gone)
        self.tasks = kept

    monkeypatch.setattr(InMemoryJourneys, "_delete", but_tasks)


def _nobody_waits_to_begin_again(monkeypatch):
    monkeypatch.setattr(taking, "may_start", lambda *_: True)


def _the_hour_of_a_call_passes(monkeypatch):
    def passes(journey, facts, now_us):
        stayed = replace(journey, version=journey.version + 1, approaches_us=0)
        return Transition(replace(stayed, due_us=journey.until_us))

    monkeypatch.setattr(passage, "approach", passes)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (_leases_never_end, "stayed"),
        (_what_was_being_sent_is_sent_again, "arrived 2 times"),
        (_effects_have_no_key, "was brought about 2 times"),
        (_nobody_is_asked, "does not want it"),
        (_there_is_always_room, "are under way"),
        (_tasks_outlive_their_person, "erased"),
        (_nobody_waits_to_begin_again, "begins"),
        (_the_hour_of_a_call_passes, "neither called nor wrote"),
    ],
)
async def test_the_checker_finds_what_is_broken(broken, said, monkeypatch):
    broken(monkeypatch)
    found = []
    for seed in range(1, 15):
        record, _ = await played(seed, DAYS, OFTEN)
        found = faults(record)
        if any(said in each for each in found):
            return
    raise AssertionError(f"nothing was found of it but {found[:3]}")
