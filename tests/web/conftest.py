"""Browsers and their clients against the edge; run by `make test-web`, which needs Node and npm."""

from __future__ import annotations

import pytest

from tests.web import workshop
from tests.web.serving import serving


def pytest_ignore_collect(collection_path, config):
    """Leave to those who name it what needs tools that are not ours."""
    named = any("tests/web" in argument for argument in config.args)
    return None if named else True


@pytest.fixture(scope="session")
def built():
    """The folder of bundles, with the packages that they are made of."""
    try:
        return workshop.built()
    except workshop.MissingError as error:
        pytest.skip(str(error))


@pytest.fixture
async def served(built):
    async with serving(built) as addresses:
        yield addresses
