"""CPU time is that of whole trees, of processes that have ended too."""

from __future__ import annotations

import subprocess
import sys

import psutil

from bench.processes import ProcessTree

BURN = "import time\nwhile time.process_time() < 0.3: pass\n"
PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BURN!r}])
print("done", flush=True)
sys.stdin.read()
"""


def test_a_child_that_has_ended_still_counts():
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        tree = ProcessTree([psutil.Process(process.pid)])
        process.stdout.readline()
        used = tree.cpu_s()
        process.stdin.close()

    assert used >= 0.3


def test_the_memory_of_a_running_process_is_counted():
    tree = ProcessTree([psutil.Process()])

    assert tree.resident_mb() > 10
