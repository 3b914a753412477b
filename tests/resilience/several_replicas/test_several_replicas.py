"""With two replicas of every service, one of each may end or freeze without harm."""

from __future__ import annotations

import asyncio

import pytest

from tests.resilience.several_replicas.conftest import SERVICES, Asking, failed, lacking

NOTICED_S = 1.0
"""After that a frozen replica is asked no more."""
AT_MOST = 0.001
"""Of the answers may lack the service that is restarted or was frozen."""
AFTERWARDS = 200

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_rolling_restart_fails_no_request(replicas, service):
    async with Asking(replicas) as asking:
        await asking.until_well()
        before = len(asking.answers)
        for number in range(2):
            await replicas.restart(service, number)
            await asking.more(40)
        during = asking.answers[before:]
    assert failed(during) == []
    assert len(lacking(during, service)) <= AT_MOST * len(during)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_frozen_replica_harms_nobody_once_it_is_noticed(replicas, service):
    async with Asking(replicas) as asking:
        await asking.until_well()
        async with replicas.frozen(f"{service}-2"):
            await asyncio.sleep(NOTICED_S)
            afterwards = await asking.more(AFTERWARDS)
        await asking.until_well()
    assert failed(afterwards) == []
    assert len(lacking(afterwards, service)) <= AT_MOST * len(afterwards)
