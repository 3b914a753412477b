"""Clients of the web face: connect-web as it is, and our own, in Node and in a browser."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal

import pytest

from tests.web import workshop

LARGEST = 5_000


def failed(outcomes):
    return {name: why for name, why in outcomes.items() if why != "ok"}


async def in_node(built, edge, part):
    arguments = (workshop.node(), str(built / "in_node.mjs"), edge, part)
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(*arguments, stdout=pipe, stderr=pipe)
    out, err = await asyncio.wait_for(running.communicate(), 60)
    assert running.returncode == 0, err.decode()
    return json.loads(out)


@pytest.mark.parametrize(("part", "checks"), [("connect_web", 16), ("client", 10), ("leaving", 12)])
async def test_all_checks_hold_in_node(built, served, part, checks):
    outcomes = await in_node(built, served.edge, part)
    assert failed(outcomes) == {}
    assert len(outcomes) == checks


async def test_all_checks_hold_in_a_browser(served, tmp_path):
    try:
        program = workshop.browser()
    except workshop.MissingError as error:
        pytest.skip(str(error))
    told = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0")
    address = f"{served.page}/?edge={served.edge}"
    running = await asyncio.create_subprocess_exec(
        program,
        *told,
        f"--user-data-dir={tmp_path}",
        address,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # what is on the path may be a script that starts the browser
    )
    try:
        outcomes = await asyncio.wait_for(served.report, 60)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        await running.wait()
    assert failed(outcomes) == {}
    assert len(outcomes) == 33


def test_the_client_is_typed(built):
    workshop.ran("tsc", "--noEmit", "-p", str(workshop.CLIENT))


def test_the_client_is_small(built):
    bundle = workshop.client_bundle()
    print(f"{len(bundle)} bytes, {len(gzip.compress(bundle, mtime=0))} compressed")
    assert len(bundle) <= LARGEST
