"""A service is dead, frozen or slow as long as it is to be, and not a moment longer."""

from __future__ import annotations

from dataclasses import dataclass, field

import psutil
import pytest

from cli.load.faults.fault import RUNNING_S, STOPPED_S, Fault, cause
from cli.load.faults.targets import ServiceProcesses
from cli.suite.home import Home
from tests.unit.load.children import idle, is_stopped, record, stops

GONE_S = 5.0


@dataclass
class Service:
    running: list[psutil.Process] = field(default_factory=list)

    def processes(self):
        return self.running


def test_what_is_frozen_stands_still_until_the_end():
    with idle(2) as processes:
        causing = cause(Fault.FROZEN, Service(processes))
        next(causing)
        assert all(map(stops, processes))
        next(causing)
        assert all(map(is_stopped, processes))

        causing.close()
        assert not any(map(is_stopped, processes))


def test_what_is_started_while_a_service_is_frozen_stands_still_as_well():
    with idle(2) as (first, second):
        service = Service([first])
        causing = cause(Fault.FROZEN, service)
        next(causing)
        service.running.append(second)
        next(causing)
        assert stops(second)

        causing.close()
        assert not is_stopped(first)
        assert not is_stopped(second)


def test_what_is_slow_stands_still_by_turns():
    with idle() as [process]:
        causing = cause(Fault.SLOW, Service([process]))
        for _ in range(2):
            assert next(causing) == STOPPED_S
            assert stops(process)
            assert next(causing) == RUNNING_S
            assert not is_stopped(process)
        causing.close()


def test_what_is_slow_goes_on_also_when_it_ends_while_it_stands_still():
    with idle() as [process]:
        causing = cause(Fault.SLOW, Service([process]))
        next(causing)
        assert stops(process)

        causing.close()
        assert not is_stopped(process)


def test_what_is_dead_is_killed_as_often_as_it_is_started():
    with idle() as [first], idle() as [second]:
        service = Service([first])
        causing = cause(Fault.DEAD, service)
        next(causing)
        assert gone(first)
        service.running = [second]
        next(causing)
        assert gone(second)

        causing.close()


def gone(process):
    """Wait for what was killed; the kernel takes a moment."""
    try:
        process.wait(GONE_S)
    except psutil.TimeoutExpired:
        return False
    return True


def test_a_process_that_goes_in_the_midst_of_it_is_no_matter():
    with idle() as [process]:
        service = Service([process])
        process.kill()
        process.wait(GONE_S)
        for fault in (Fault.DEAD, Fault.FROZEN, Fault.SLOW):
            causing = cause(fault, service)
            next(causing)
            causing.close()


def test_all_replicas_of_a_service_are_meant_and_nobody_else(tmp_path):
    home = Home(tmp_path)
    with idle(4) as (rules, second, ranker, other):
        record(home, rules=rules, rules_2=second, ranker=ranker, rulesother=other)
        found = ServiceProcesses(home, "rules").processes()

        assert {each.pid for each in found} == {rules.pid, second.pid}


def test_the_processes_of_a_service_are_those_that_run_now(tmp_path):
    home = Home(tmp_path)
    service = ServiceProcesses(home, "rules")
    assert service.processes() == []
    with idle(2) as (first, second):
        record(home, rules=first)
        assert [each.pid for each in service.processes()] == [first.pid]
        record(home, rules=second)
        assert [each.pid for each in service.processes()] == [second.pid]
        second.kill()
        second.wait(GONE_S)
        assert ServiceProcesses(home, "rules").processes() == []


@pytest.mark.parametrize("fault", [Fault.FROZEN, Fault.SLOW])
def test_an_error_in_the_midst_of_it_leaves_nothing_stopped(fault):
    class Failing(Service):
        def processes(self):
            yield from self.running
            raise OSError("the folder is gone")

    with idle() as [process]:
        with pytest.raises(OSError, match="gone"):
            next(cause(fault, Failing([process])))
        assert not is_stopped(process)
