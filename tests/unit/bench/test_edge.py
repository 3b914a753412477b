"""Of everything of the edge, one stage that fails does not keep the others from being measured."""

from __future__ import annotations

import pytest

from bench.errors import MeasurementError
from bench.figures import Figure
from bench.parts import edge, recommend
from bench.rates import Rates
from bench.scale import FULL


@pytest.fixture
def stages(monkeypatch):
    """Every stage measures a figure; calls fail before they do."""

    def stage(name, *, fails=False):
        async def measure(*_):
            if fails:
                raise MeasurementError("nobody calls")
            yield [Figure.median(name, [1.0])]

        return measure

    monkeypatch.setattr(recommend, "pages", stage("rated_rps"))
    monkeypatch.setattr(edge.edge_calls, "measure", stage("customer_view_p99_ms", fails=True))
    monkeypatch.setattr(edge.edge_hedging, "measure", stage("hedging_p999_cut"))
    monkeypatch.setattr(edge.edge_colocated, "measure", stage("colocated_cpu_over_separate"))
    monkeypatch.setattr(edge.edge_overload, "measure", stage("recovery_s"))
    monkeypatch.setattr(edge.edge_faults, "measure", stage("in_deadline_share_under_fault"))


async def test_what_can_be_measured_is_and_what_cannot_is_said_in_the_end(stages):
    found, said = [], []

    async def measured():
        async for figures in edge.measure(None, FULL, said.append):
            found.extend(figure.name for figure in figures)

    with pytest.raises(MeasurementError, match="nobody calls"):
        await measured()
    assert "nobody calls" in said
    assert {"rated_rps", "hedging_p999_cut", "recovery_s"} <= set(found)


def test_a_load_without_a_rate_is_no_measurement():
    with pytest.raises(MeasurementError, match="no rate is known"):
        Rates().rated_rps()
    assert Rates(rps=70.0).rated_rps() == 70.0
