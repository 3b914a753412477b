"""A worker of errands with nothing to do asks when there will be something, and claims nothing."""

from types import SimpleNamespace

from services.scenario.errands import doing
from services.scenario.errands.doing import Errands
from shared.testing.background import running, until
from shared.testing.clock import FakeClock


async def test_while_nothing_is_due_nothing_is_claimed(monkeypatch):
    monkeypatch.setattr(doing, "POLL_S", 0.0)
    monkeypatch.setattr(doing, "_LEAST_PAUSE_S", 0.0)
    asked = []

    async def claim(*_):
        asked.append("claim")
        return []

    async def next_due(_):
        asked.append("next due")
        return 0

    store = SimpleNamespace(claim=claim, next_due_us=next_due)
    errands = Errands(store, None, None, None, FakeClock(), owner="worker")
    async with running(errands):
        await until(lambda: asked.count("next due") > 3)
        assert asked[:4] == ["claim", "next due", "next due", "next due"]
        errands.wake()
        await until(lambda: asked.count("claim") > 1)
