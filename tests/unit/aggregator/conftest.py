"""An edge whose popular lists are warm."""

import pytest

from tests.unit.aggregator.edge import Edge


@pytest.fixture
async def edge():
    made = Edge()
    await made.popular.refresh()
    return made
