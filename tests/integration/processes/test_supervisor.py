"""The supervisor, with real children."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from shared.processes import (
    AlreadySupervisedError,
    Change,
    ChildFailedError,
    State,
    Supervisor,
    holder_of,
)
from shared.processes.identity import ProcessIdentity
from shared.processes.record import ChildRecord
from tests.integration.processes.children import BROKEN, OBEDIENT, PARENT, STUBBORN, program

ROOT = Path(__file__).parents[3]


async def test_a_child_is_ready_when_start_returns_and_gone_at_the_end(tmp_path: Path) -> None:
    async with Supervisor(tmp_path / "run") as supervisor:
        await supervisor.start(program(tmp_path, OBEDIENT))
        assert supervisor.states() == {"rules": State.READY}
        child = psutil.Process(supervisor.pid("rules"))
        assert child.cmdline()[1:] == ["-c", OBEDIENT]
    assert not child.is_running()


async def test_a_child_gets_its_own_environment_and_log(tmp_path: Path) -> None:
    code = "import os; print(os.environ['TOUCHPOINT_MODE']); " + OBEDIENT
    async with Supervisor(tmp_path / "run") as supervisor:
        await supervisor.start(
            program(tmp_path, code, environment={"TOUCHPOINT_MODE": "development"})
        )
    assert (tmp_path / "rules.log").read_text().splitlines() == ["development", "up"]


async def test_a_child_that_dies_before_it_is_ready_is_reported_with_its_log(
    tmp_path: Path,
) -> None:
    async with Supervisor(tmp_path / "run") as supervisor:
        with pytest.raises(ChildFailedError, match=r"rules ended with status 1 .*rules\.log"):
            await supervisor.start(program(tmp_path, BROKEN))
        assert supervisor.states() == {}
    assert "no such table" in (tmp_path / "rules.log").read_text()


async def test_a_child_that_is_not_ready_in_time_is_ended(tmp_path: Path) -> None:
    before = set(psutil.Process().children())
    async with Supervisor(tmp_path / "run") as supervisor:
        with pytest.raises(ChildFailedError, match=r"not ready within 0\.05 s"):
            await supervisor.start(
                program(tmp_path, OBEDIENT, ready=asyncio.Event().wait, ready_timeout_s=0.05)
            )
        assert supervisor.states() == {}
    assert set(psutil.Process().children()) <= before


async def test_a_child_that_ignores_the_request_is_killed_after_its_grace(tmp_path: Path) -> None:
    changes: list[Change] = []
    async with Supervisor(tmp_path / "run", on_change=changes.append) as supervisor:
        await supervisor.start(program(tmp_path, STUBBORN, grace_s=0.1))
    assert changes[-1].state is State.STOPPED
    assert changes[-1].status == -signal.SIGKILL


async def test_what_a_killed_child_had_started_goes_with_it(tmp_path: Path) -> None:
    code = PARENT.replace("sys.argv[1]", repr(STUBBORN))
    async with Supervisor(tmp_path / "run") as supervisor:
        await supervisor.start(program(tmp_path, code, grace_s=0.1))
        [grandchild] = psutil.Process(supervisor.pid("rules")).children()
    psutil.wait_procs([grandchild], timeout=10)
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


async def test_a_child_that_dies_is_started_again_when_that_is_wanted(tmp_path: Path) -> None:
    again = asyncio.Event()
    changes: list[Change] = []

    def on_change(change: Change) -> None:
        changes.append(change)
        if [each.state for each in changes].count(State.READY) == 2:
            again.set()

    async with Supervisor(tmp_path / "run", on_change=on_change) as supervisor:
        await supervisor.start(program(tmp_path, OBEDIENT, restart=True))
        first = supervisor.pid("rules")
        os.kill(first, signal.SIGKILL)
        await asyncio.wait_for(again.wait(), 10)
        assert supervisor.pid("rules") != first
    states = [(change.state, change.status) for change in changes]
    assert states[:3] == [
        (State.STARTING, None),
        (State.READY, None),
        (State.DIED, -signal.SIGKILL),
    ]


async def test_a_child_that_dies_is_only_reported_when_no_restart_is_wanted(
    tmp_path: Path,
) -> None:
    died = asyncio.Event()

    def on_change(change: Change) -> None:
        if change.state is State.DIED:
            died.set()

    async with Supervisor(tmp_path / "run", on_change=on_change) as supervisor:
        await supervisor.start(program(tmp_path, OBEDIENT))
        os.kill(supervisor.pid("rules"), signal.SIGKILL)
        await asyncio.wait_for(died.wait(), 10)
        assert supervisor.states() == {"rules": State.DIED}


async def test_a_second_supervisor_of_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with Supervisor(tmp_path / "run"):
        with pytest.raises(
            AlreadySupervisedError, match=rf"process {os.getpid()}.*touchpoint down"
        ):
            await Supervisor(tmp_path / "run").__aenter__()
    async with Supervisor(tmp_path / "run"):
        pass


@contextlib.contextmanager
def _supervising(folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.integration.processes.supervising", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        try:
            pids = json.loads(process.stdout.readline())
            yield process, [psutil.Process(pid) for pid in pids]
        finally:
            process.kill()


async def test_children_die_with_a_killed_supervisor_and_the_next_one_may_start(
    tmp_path: Path,
) -> None:
    with _supervising(tmp_path) as (process, children):
        holder = holder_of(tmp_path / "run" / "up.lock")
        assert holder is not None
        assert holder.pid == process.pid
        process.kill()
        _, alive = psutil.wait_procs(children, timeout=10)
        assert alive == []
        process.wait()
    async with Supervisor(tmp_path / "run") as supervisor:
        assert supervisor.leftovers == []


async def test_a_child_that_survived_its_supervisor_is_ended_by_the_next(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with subprocess.Popen([sys.executable, "-c", OBEDIENT], stdout=subprocess.PIPE) as left:
        assert left.stdout is not None
        left.stdout.readline()
        identity = ProcessIdentity.of(left.pid)
        assert identity is not None
        ChildRecord(tmp_path / "run" / "up.json").write({"rules": identity})
        async with Supervisor(tmp_path / "run") as supervisor:
            assert supervisor.leftovers == ["rules"]
            assert left.wait(timeout=10) == -signal.SIGTERM


async def test_a_stranger_that_got_the_pid_of_a_leftover_is_not_harmed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as stranger:
        identity = ProcessIdentity.of(stranger.pid, ("python", "-m", "services.rules"))
        assert identity is not None
        ChildRecord(tmp_path / "run" / "up.json").write({"rules": identity})
        async with Supervisor(tmp_path / "run") as supervisor:
            assert supervisor.leftovers == []
        assert stranger.poll() is None


async def test_a_torn_record_of_children_does_not_stop_a_start(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "up.json").write_text('{"rules": {"pid": 12')
    async with Supervisor(tmp_path / "run") as supervisor:
        assert supervisor.leftovers == []
