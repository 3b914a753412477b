"""Whatever becomes of those who made a service bad, it goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import psutil
import pytest

from cli.console import CommandError
from cli.load.faults.causing import caused
from cli.load.faults.fault import Fault
from cli.suite.home import Home
from shared.testing.background import until
from tests.unit.load.children import idle, is_stopped, record, stops


@pytest.fixture
def service(tmp_path):
    with idle() as [process]:
        record(Home(tmp_path), rules=process)
        yield process


def causers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "frozen" in each.cmdline()]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGSTOP])
async def test_a_frozen_service_goes_on_when_its_owner_is_ended_or_stopped(
    tmp_path, service, number
):
    owner = subprocess.Popen(
        (sys.executable, "-m", "tests.integration.load.owner", str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert await asyncio.to_thread(owner.stdout.readline) == b"frozen\n"
        assert stops(service)
        owner.send_signal(number)
        await until(lambda: not is_stopped(service))
    finally:
        owner.kill()
        owner.wait()
        owner.stdout.close()


async def test_what_keeps_a_service_frozen_may_be_killed_itself(tmp_path, service):
    async def freeze():
        async with caused(tmp_path, "rules", Fault.FROZEN):
            assert stops(service)
            [causer] = causers()
            causer.kill()
            await until(lambda: causer.status() == psutil.STATUS_ZOMBIE)

    with pytest.raises(CommandError, match="rules did not stay frozen"):
        await freeze()
    assert not is_stopped(service)


async def test_an_error_while_a_service_is_frozen_lets_it_go_on(tmp_path, service):
    async def freeze():
        async with caused(tmp_path, "rules", Fault.FROZEN):
            assert stops(service)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await freeze()
    assert not is_stopped(service)
    assert causers() == []


async def test_a_service_that_is_not_here_cannot_be_frozen(tmp_path):
    with pytest.raises(CommandError, match="no process of rules runs on this machine"):
        async with caused(tmp_path, "rules", Fault.FROZEN):
            pytest.fail("nothing was frozen")


async def test_without_a_fault_nothing_is_touched(tmp_path, service):
    async with caused(tmp_path, "rules", Fault.NONE):
        assert not is_stopped(service)
        assert causers() == []
