"""The main of a process: settings, logging, serve until asked to stop, drain."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Coroutine, Sequence
from typing import Any, NoReturn, TypeVar

import uvloop

from shared import logging
from shared.colocate import Part, colocated
from shared.config import ConfigError, ServiceSettings, describe, load
from shared.hosting import Hosted, forever, hosted
from shared.logging import get_logger
from shared.opening import OPENERS
from shared.runtime import Channels
from shared.service import OpenService
from shared.stopping import until_asked_to_stop
from shared.transport.listening import PortTakenError

log = get_logger(__name__)

S = TypeVar("S", bound=ServiceSettings)

CANNOT_START = 2
"""The exit code for wrong settings and taken ports: starting again would not help."""
_TURN_S = 0.0005
"""How long a thread computes while another one waits to."""


def run(settings_type: type[S], open_service: OpenService[S]) -> None:
    """Run one service until it is asked to stop; exits with CANNOT_START when told wrongly."""
    settings = _settings(settings_type)
    _run(settings.service, settings, _serve(settings, open_service))


def run_colocated(services: Sequence[tuple[type[Any], OpenService[Any]]]) -> None:
    """Run several services in this process, the edge last, until it is asked to stop."""
    parts = [Part(_settings(settings_type), opened) for settings_type, opened in services]
    _run("touchpoint", parts[-1].settings, _serve_colocated(parts))


def _settings(settings_type: type[S]) -> S:
    try:
        return load(settings_type, os.environ)
    except ConfigError as error:
        _refuse(settings_type.service, error)


def _refuse(service: str, error: Exception) -> NoReturn:
    print(f"{service} cannot start:\n{error}", file=sys.stderr)
    sys.exit(CANNOT_START)


def _run(name: str, settings: ServiceSettings, serving: Coroutine[Any, Any, None]) -> None:
    logging.configure(name, settings.log_level)
    gc.freeze()
    gc.enable()
    try:
        uvloop.run(until_asked_to_stop(serving, lambda: log.info("stopping")))
    except (PortTakenError, ConfigError) as error:
        _refuse(name, error)


async def _serve(settings: S, open_service: OpenService[S]) -> None:
    log.info("settings_loaded", **describe(settings))
    channels = Channels()
    try:
        opening = hosted(settings, open_service, OPENERS, channels, settle=spare_requests)
        async with opening as found:
            await _announced(found)
            await forever()
    finally:
        await channels.close()


async def _serve_colocated(parts: Sequence[Part]) -> None:
    for part in parts:
        log.info("settings_loaded", of=part.settings.service, **describe(part.settings))
    async with colocated(parts, OPENERS, spare_requests) as found:
        for each in found.values():
            await _announced(each)
        await forever()


async def _announced(found: Hosted) -> None:
    """Print the ready line as soon as requests are welcome."""
    await found.health.serving.wait()
    print(found.ready_line(), flush=True)


def spare_requests() -> None:
    """Leave what is loaded out of garbage collection, and collect the young less often.

    A collection of all that a catalogue holds stops the loop for longer than a request takes
    (measured: 0.3 s for 400,000 objects); what is frozen is never looked through again. Threads
    that compute aside give way after half a millisecond; unasked they would hold the loop for five.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    sys.setswitchinterval(_TURN_S)
