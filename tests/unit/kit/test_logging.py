"""Lines: JSON, with the ids of the call they belong to, written some at a time."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog

from shared.call import CALLER, CURRENT_CALL, Call
from shared.logging import MOST_WAITING, Lines, configure, get_logger
from shared.middleware.logging import Logging


class Stream(StringIO):
    """Counts how often it is written to."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    before, configured = (list(root.handlers), root.level), structlog.get_config()
    yield
    root.handlers[:], root.level = before
    structlog.configure(**configured)


def lines_of(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_the_service_the_module_and_the_current_call() -> None:
    stream = StringIO()
    configure("rules", stream=stream, at_once=True)
    token = CURRENT_CALL.set(Call("/a.B/C", "r1", trace_id="t1"))
    get_logger("shared.tests").info("bundle_applied", bundle_hash="abc")
    CURRENT_CALL.reset(token)
    (line,) = lines_of(stream)
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "event": "bundle_applied",
        "bundle_hash": "abc",
        "service": "rules",
        "module": "shared.tests",
        "level": "info",
        "request_id": "r1",
        "trace_id": "t1",
    }


def test_what_is_below_the_level_is_left_out_and_libraries_speak_from_warnings_up() -> None:
    stream = StringIO()
    configure("rules", "info", stream, at_once=True)
    get_logger("m").debug("detail")
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("some.library").warning("trouble with %s", "it")
    (line,) = lines_of(stream)
    assert (line["event"], line["message"]) == ("library_logged", "trouble with it")


async def test_lines_are_written_together_and_a_warning_takes_them_along() -> None:
    stream = Stream()
    lines = Lines(stream, at_once=False)
    for number in range(3):
        lines.info(str(number))
    assert stream.writes == 0
    lines.warning("now")
    assert (stream.writes, stream.getvalue()) == (1, "0\n1\n2\nnow\n")


async def test_lines_are_written_when_there_are_many_and_after_a_while() -> None:
    stream = Stream()
    lines = Lines(stream, at_once=False)
    for number in range(MOST_WAITING):
        lines.info(str(number))
    assert stream.writes == 1
    lines.info("last")
    async with asyncio.timeout(5):
        while stream.writes < 2:
            await asyncio.sleep(0.01)
    assert stream.getvalue().endswith("last\n")


def test_without_a_loop_nobody_would_write_later_so_it_is_done_at_once() -> None:
    stream = Stream()
    Lines(stream, at_once=False).info("x")
    assert stream.getvalue() == "x\n"


async def test_the_lines_of_rpcs_carry_each_its_own_ids_when_written_later() -> None:
    stream = StringIO()
    configure("rules", stream=stream)
    layer = Logging()

    async def answer(call: Call, request: Any) -> Any:
        return request

    await layer.unary(Call("/a.B/C", "r1", trace_id="t1"), None, answer)  # type: ignore[arg-type]
    await layer.unary(Call("/a.B/C", "r2"), None, answer)  # type: ignore[arg-type]
    assert stream.getvalue() == ""
    async with asyncio.timeout(5):
        while len(stream.getvalue().splitlines()) < 2:
            await asyncio.sleep(0.01)
    one, two = lines_of(stream)
    assert (one["request_id"], one["trace_id"]) == ("r1", "t1")
    assert two["request_id"] == "r2"
    assert "trace_id" not in two


async def test_the_line_made_by_hand_says_what_the_logger_would_say() -> None:
    stream = StringIO()
    configure("rules", stream=stream, at_once=True)
    layer = Logging()

    async def answer(call: Call, request: Any) -> Any:
        return request

    for call in (
        Call("/a.B/C", "r-1", metadata={CALLER: 'a "shop" in Köln'}),
        Call("/a.B/C", "r-1", metadata={CALLER: 'a "shop" in Köln'}, trace_id="t1"),
    ):
        await layer.unary(call, None, answer)  # type: ignore[arg-type]
    by_hand, by_logger = lines_of(stream)
    assert by_logger.pop("trace_id") == "t1"
    for line in (by_hand, by_logger):
        assert line.pop("took_ms") >= 0
        assert line.pop("timestamp").endswith("+00:00")
    assert by_hand == by_logger


async def test_lines_of_rpcs_keep_to_the_level_that_was_asked_for() -> None:
    stream = StringIO()
    configure("rules", "warning", stream=stream, at_once=True)

    async def answer(call: Call, request: Any) -> Any:
        return request

    await Logging().unary(Call("/a.B/C", "r1"), None, answer)  # type: ignore[arg-type]
    assert stream.getvalue() == ""


def failed(error: Exception) -> str:
    """Return what is written of an error that came of another one with a secret in it."""
    stream = StringIO()
    configure("rules", stream=stream, at_once=True)
    try:
        try:
            raise ValueError("a secret wish")
        except ValueError as cause:
            raise error from cause
    except Exception as raised:
        get_logger("shared.tests").error("failed", exc_info=raised)
    (line,) = lines_of(stream)
    told: str = line["exception"]
    return told


def test_an_error_tells_where_it_came_from_and_never_what_somebody_put_in() -> None:
    told = failed(KeyError("a secret wish"))
    assert "secret wish" not in told.replace('raise ValueError("a secret wish")', "")
    assert told.index("builtins.ValueError") < told.index("builtins.KeyError")
    assert __file__ in told


def test_what_names_parts_of_the_program_is_told() -> None:
    assert failed(TypeError("bind() takes 2 arguments")).endswith("bind() takes 2 arguments")


def test_what_is_served_does_not_load_what_only_commands_draw_with() -> None:
    program = "import sys, shared.logging; print('rich' in sys.modules); import rich.console"
    done = subprocess.run((sys.executable, "-c", program), capture_output=True, check=True)
    assert done.stdout.split() == [b"False"]
