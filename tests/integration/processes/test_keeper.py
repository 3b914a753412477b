"""The keeper, which stands between an owner and a program on systems without a death signal."""

import os
import signal
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from shared.processes import keeper
from shared.processes.launch import PYTHON
from tests.integration.processes.children import OBEDIENT, STUBBORN

LADDER = ((signal.SIGTERM, 0.2), (signal.SIGKILL, 5.0))


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    order = keeper.order(os.getpid(), (PYTHON[0], "-c", request.param), LADDER)
    with subprocess.Popen(
        [*PYTHON, keeper.__file__, order],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            [program] = psutil.Process(process.pid).children()
            yield process, program
        finally:
            # Killed, it would leave its program behind.
            process.terminate()
            process.wait(timeout=10)


Kept = tuple[subprocess.Popen[str], psutil.Process]


@pytest.mark.parametrize("kept", [OBEDIENT, STUBBORN], ids=["obedient", "stubborn"], indirect=True)
def test_the_program_ends_when_the_owners_pipe_closes(kept: Kept) -> None:
    process, program = kept
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=10) == 0
    assert not program.is_running()


@pytest.mark.parametrize("kept", [OBEDIENT], ids=["obedient"], indirect=True)
def test_the_program_ends_when_the_keeper_is_asked_to(kept: Kept) -> None:
    process, program = kept
    process.terminate()
    assert process.wait(timeout=10) == 0
    assert not program.is_running()


@pytest.mark.parametrize("kept", [OBEDIENT], ids=["obedient"], indirect=True)
def test_a_program_that_dies_before_it_was_ready_ends_its_keeper(kept: Kept) -> None:
    process, program = kept
    program.kill()
    assert process.wait(timeout=10) != 0


@pytest.mark.parametrize("kept", [OBEDIENT], ids=["obedient"], indirect=True)
def test_a_program_that_dies_after_it_was_ready_is_started_again(kept: Kept) -> None:
    process, program = kept
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("r")
    process.stdin.flush()
    program.kill()
    assert process.stdout.readline() == "up\n"
    [again] = psutil.Process(process.pid).children()
    assert again.pid != program.pid
