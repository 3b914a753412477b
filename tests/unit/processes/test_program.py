"""How a child is tied to its owner's life."""

import json
import os
import signal
from pathlib import Path

from shared.processes.program import Program

PROGRAM = Program("rules", ("/bin/true", "--x"), {}, Path("rules.log"), grace_s=3.0)


def test_on_linux_the_kernel_kills_the_child_with_its_owner() -> None:
    *_, order, program, argument = PROGRAM.tied_to_owner("linux")
    assert json.loads(order) == {
        "parent": os.getpid(),
        "death_signal": signal.SIGKILL,
        "user": None,
    }
    assert (program, argument) == PROGRAM.command


def test_elsewhere_a_keeper_ends_the_child_by_the_same_ladder() -> None:
    order = json.loads(PROGRAM.tied_to_owner("darwin")[-1])
    assert order["owner"] == os.getpid()
    assert tuple(order["program"]) == PROGRAM.command
    assert [number for number, _ in order["ladder"]] == [signal.SIGTERM, signal.SIGKILL]
