"""Loads the kit's fixtures for every test, and makes up people."""

from __future__ import annotations

import gc
import itertools
import os

import hypothesis
import pytest
import structlog

from tests.collecting import begin_with_own_part, nothing_thrown_away
from tests.properties import ALL, SOME
from tests.sharing_out import BySetting, slow_first

# Before anything loads NumPy: one thread, as in the processes of a suite. On small matrices a
# second one mostly waits, and takes as much of a processor for it as the first for its work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
pytest_plugins = ["shared.testing.plugin"]
_NUMBERS = itertools.count(1)


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run what is marked long as well")


def pytest_configure(config):
    hypothesis.settings.load_profile(ALL if config.getoption("--long") else SOME)
    # The tracebacks that structlog shows by itself tell of every local: seconds for each error.
    *others, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*others, plain])


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    with nothing_thrown_away():
        begin_with_own_part(session.config)
        return (yield)


def pytest_unconfigure():
    gc.unfreeze()  # or libraries complain at the end of what nobody took back from them


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--long"):
        left_out = [each for each in items if each.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [each for each in items if not each.get_closest_marker("long")]
    slow_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return BySetting(config, log) if config.getvalue("dist") == "load" else None


@pytest.fixture
def somebody():
    """Make up a customer that nobody has met before, each time it is called."""

    def make_up(name: str) -> dict[str, str]:
        number = next(_NUMBERS)
        return {
            "customer": f"{name}-{number}",
            "visitor": f"cookie-{name}-{number}",
            "phone": f"+1202555{number:04d}",
            "email": f"{name}.{number}@example.com",
        }

    return make_up
