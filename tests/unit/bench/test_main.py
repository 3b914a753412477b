"""What went wrong in a measurement is told word for word."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bench import __main__ as bench
from bench.part import Part
from bench.run import Found
from bench.scale import QUICK
from touchpoint.aggregator.v1.aggregator_pb2 import Degraded
from touchpoint.aggregator.v1.aggregator_service_pb2 import GetCustomerViewResponse


@pytest.fixture
def missing():
    """What a view says of a service that was late; it reads like markup of the console."""
    view = GetCustomerViewResponse(degraded=[Degraded(service="rules", reason="TIMEOUT")])
    return f"a view is not whole: {view.degraded}"


async def test_a_failure_that_looks_like_markup_is_told_as_it_is(missing, tmp_path, monkeypatch):
    async def failing(parts, scale, tell):
        tell(missing)
        yield Found(Part("edge", lambda *_: None), [], f"edge: {missing}")

    monkeypatch.setattr(bench, "measured", failing)
    monkeypatch.setattr(bench, "FILE", tmp_path / "bench.json")
    said = io.StringIO()

    assert await bench._measure([], QUICK, Console(file=said, width=200)) == 1

    assert said.getvalue().count('service: "rules"') == 2
    assert "not all was measured of edge: a view is not whole" in said.getvalue()
