"""The screen of a call, in Go: it shows who calls, follows the call, and tells what was said."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager

from tests.examples.busy import busy
from touchpoint.client import Touchpoint, event

NUMBER = "+15185550101"


@contextmanager
def screen(program, url, number=NUMBER):
    pipe = subprocess.PIPE
    words = [*program, "-url", url, "-phone", number, "-timeout", "5s"]
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def typed(running, line):
    running.stdin.write(f"{line}\n")
    running.stdin.flush()


def until(running, words):
    """Read the screen to a line that says this; returns it."""
    seen = []
    for line in running.stdout:
        if words in line:
            return line
        seen.append(line)
    raise AssertionError("".join(seen) + running.stderr.read())


def recent(suite):
    with Touchpoint(suite.edge, timeout_s=5) as touchpoint:
        return [each.type for each in touchpoint.view(f"phone:{NUMBER}").recent]


def test_the_screen_follows_the_call_and_the_web(go, suite):
    with screen(go, f"http://{suite.web}") as running:
        until(running, "Ada Brenner")
        until(running, " 1  ")
        typed(running, "about Home > Rugs")
        until(running, "Asks about Rugs")
        with Touchpoint(suite.edge, timeout_s=5) as touchpoint:
            touchpoint.track(event("complaint", "customer:c-1", channel="WEB"))
        until(running, "Complained")
        typed(running, "accept 1")
        assert "line 1 offers nothing" in running.stderr.readline()
        typed(running, "accept many")
        assert "accept which of 1 to" in running.stderr.readline()
        typed(running, "resolved")
        until(running, " 1  Asks about Rugs")
        typed(running, "decline 1")
        typed(running, "end")
        assert running.wait(30) == 0
    assert recent(suite)[:2] == ["call_ended", "decline"]
    assert recent(suite)[-1] == "call_started"


def test_what_is_refused_is_asked_again_when_the_edge_says(go):
    with busy(refusals=1) as edge, screen(go, edge.url) as running:
        typed(running, "end")
        assert running.wait(30) == 0
    assert edge.asked["Track"][0] == edge.asked["Track"][1]
    assert len(edge.asked["GetCustomerView"]) == 2


def test_it_says_what_is_wrong_where_the_edge_is_away(go):
    with screen(go, "http://127.0.0.1:9") as running:
        typed(running, "end")
        assert running.wait(60) == 0
        assert "no view yet: unavailable" in running.stderr.read()
