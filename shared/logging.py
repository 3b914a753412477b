"""Structured logging: JSON outside a terminal, cheap, with the request's ids on every line."""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import sys
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

from shared.call import CURRENT_CALL
from shared.failures_told import error_of, told
from shared.structlog_alone import structlog

FLUSH_S = 1.0
MOST_WAITING = 64
"""More lines are not written in one go: nothing else runs meanwhile."""
_at_once = True
_plain: PlainLines | None = None

Event = MutableMapping[str, Any]


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module; its lines carry the module's name as `module`."""
    found: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return found


def configure(
    service: str, level: str = "info", stream: TextIO | None = None, *, at_once: bool = False
) -> None:
    """Set logging up once per process, before any gRPC object exists (grpc#43421: deadlock).

    Lines go to standard error: standard output carries the ready line. The loggers of libraries
    come out in the same form, from warnings up. With `at_once` every line is written at once and
    loggers are not cached, for tests that configure again and again.
    """
    out = sys.stderr if stream is None else stream
    number = logging.getLevelNamesMapping()[level.upper()]
    global _at_once, _plain
    _at_once = at_once or out.isatty()
    lines = Lines(out, at_once=_at_once)
    is_wanted = number <= logging.INFO and not out.isatty()
    _plain = PlainLines(lines, service) if is_wanted else None
    structlog.configure(
        processors=_processors(service, is_terminal=out.isatty()),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_names: lines,
        cache_logger_on_first_use=not at_once,
    )
    root = logging.getLogger()
    root.handlers[:] = [_LibraryLines()]
    root.setLevel(max(number, logging.WARNING))


def writes_at_once() -> bool:
    """Say whether lines are wanted as things happen rather than some at a time."""
    return _at_once


def plain_lines() -> PlainLines | None:
    """Return where ready JSON lines of level info go; None where they come out otherwise."""
    return _plain


def timestamp(seconds: float) -> str:
    """Return the UTC time of a log line, given in seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


class Lines:
    """Writes lines some at a time, warnings and errors at once.

    Each write lets go of the interpreter's lock, which costs a request more than its line does.
    """

    def __init__(self, out: TextIO, *, at_once: bool) -> None:
        self._out = out
        self._waiting: list[str] = []
        self._most_waiting = 1 if at_once else MOST_WAITING
        atexit.register(self.flush)

    def info(self, line: str) -> None:
        """Write a line, within FLUSH_S where a loop is running."""
        self._waiting.append(line)
        if len(self._waiting) >= self._most_waiting:
            self.flush()
        elif len(self._waiting) == 1:
            try:
                asyncio.get_running_loop().call_later(FLUSH_S, self.flush)
            except RuntimeError:
                self.flush()

    debug = info

    def warning(self, line: str) -> None:
        """Write a line and all that waited before it."""
        self._waiting.append(line)
        self.flush()

    error = critical = exception = fatal = warning

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting and not self._out.closed:
            self._out.write("\n".join(self._waiting) + "\n")
            self._out.flush()
        self._waiting.clear()


class PlainLines:
    """Takes lines whose JSON somebody made by hand, because there are so many of them."""

    def __init__(self, lines: Lines, service: str) -> None:
        self._lines = lines
        self._end = f',"service":{_encode(service)},"level":"info"}}'

    def info(self, begun: str) -> None:
        """Write an object begun with `{` and not ended; what every line carries is added."""
        self._lines.info(begun + self._end)


def _processors(service: str, *, is_terminal: bool) -> list[Any]:
    def name_service_and_call(_logger: object, _method: str, event: Event) -> Event:
        event["service"] = service
        event.setdefault("timestamp", timestamp(time.time()))
        call = CURRENT_CALL.get()
        if call is not None:
            event.setdefault("request_id", call.request_id)
            if call.trace_id:
                event.setdefault("trace_id", call.trace_id)
        return event

    shared = [
        name_service_and_call,
        structlog.processors.add_log_level,
        _tell_error,
    ]
    if is_terminal:
        return [*shared, structlog.dev.ConsoleRenderer()]
    return [
        *shared,
        structlog.processors.JSONRenderer(serializer=_to_json),
    ]


def _tell_error(_logger: object, _method: str, event: Event) -> Event:
    """Put where an error came from in the place of the error, and nothing that it quotes."""
    error = error_of(event.pop("exc_info", None))
    if error is not None:
        event["exception"] = told(error)
    return event


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=str).encode


def _to_json(event: Event, **_options: Any) -> str:
    return _encode(event)


class _LibraryLines(logging.Handler):
    """Passes records of the standard library's logging on as structured lines."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(module=record.name).log(
            record.levelno,
            "library_logged",
            message=record.getMessage(),
            exc_info=record.exc_info,
        )
