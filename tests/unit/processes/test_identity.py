"""Whether a pid still means the same process."""

import dataclasses
import os
import subprocess
import sys

from shared.processes.identity import ProcessIdentity


def test_a_running_process_is_recognised_after_it_was_written_down() -> None:
    me = ProcessIdentity.of(os.getpid())
    assert me is not None
    read = ProcessIdentity.from_json(me.as_json())
    assert read == me
    assert read.is_alive()


def test_a_pid_that_was_given_to_a_later_process_is_not_taken_for_the_earlier() -> None:
    me = ProcessIdentity.of(os.getpid())
    assert me is not None
    assert not dataclasses.replace(me, start="another boot:1").is_alive()


def test_the_same_pid_and_start_with_another_command_is_not_it() -> None:
    me = ProcessIdentity.of(os.getpid())
    assert me is not None
    assert not dataclasses.replace(me, command=("python", "-m", "services.rules")).is_alive()


def test_a_process_that_ended_is_not_alive_even_before_it_was_reaped() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        identity = ProcessIdentity.of(child.pid)
        assert identity is not None
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not identity.is_alive()


def test_what_was_not_written_by_us_is_no_identity() -> None:
    assert ProcessIdentity.from_json({"pid": "1", "start": "x", "command": []}) is None
    assert ProcessIdentity.from_json([1, 2]) is None
