"""The worked examples against a suite; run by `make test-examples`, which needs Node and Go."""

from __future__ import annotations

import pytest

from cli.suite.home import Home
from tests.examples import workshop
from tests.integration.cli.conftest import shop, touchpoint  # noqa: F401, for the same small shop


def pytest_ignore_collect(collection_path, config):
    """Leave to those who name it what needs tools that are not ours."""
    named = any("tests/examples" in argument for argument in config.args)
    return None if named else True


@pytest.fixture(scope="session")
def typescript():
    """The program of the example, as `npm run build` makes it."""
    return built(workshop.typescript)


@pytest.fixture(scope="session")
def go():
    """The program of the example, as `go build` makes it."""
    return built(workshop.go)


def built(program):
    try:
        return program()
    except workshop.MissingError as error:
        pytest.skip(str(error))


@pytest.fixture
def suite(shop):  # noqa: F811, the one above
    return Home(shop.home).endpoints()
