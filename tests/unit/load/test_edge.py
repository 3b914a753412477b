"""The edge is asked as other commands ask it, and an answer can be told from an empty one."""

from __future__ import annotations

from contextlib import nullcontext

import grpc.aio
import pytest

from cli.load.edge import fills_all, recommending
from cli.load.outcome import InvalidAnswerError
from cli.suite.home import Home
from tests.unit.load.test_command import Edge, authority, by_tls, serving
from touchpoint.aggregator.v1.aggregator_pb2 import (
    PlacementRecommendations,
    PlacementRequest,
    Recommendation,
)
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest, RecommendResponse

REQUEST = RecommendRequest(
    placements=[PlacementRequest(placement=name) for name in ("web.home.banner", "web.cart")]
)


def filled(*names):
    recommendations = [Recommendation(offer_id="default.web")]
    return [
        PlacementRecommendations(placement=name, recommendations=recommendations) for name in names
    ]


async def test_a_key_of_the_environment_is_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("TOUCHPOINT_KEY", "tp_secret")
    edge = Edge()
    async with (
        serving(edge) as address,
        recommending(address, 5.0, Home(tmp_path)) as send,
    ):
        await send(REQUEST)

    assert edge.shown == {"Bearer tp_secret"}


async def test_an_open_suite_is_shown_nothing(tmp_path):
    edge = Edge()
    async with serving(edge) as address, recommending(address, 5.0, Home(tmp_path)) as send:
        await send(REQUEST)

    assert edge.shown == {None}


async def test_an_edge_whose_certificate_is_of_another_authority_is_not_asked(
    tmp_path, monkeypatch
):
    (tmp_path / "own").mkdir()
    (tmp_path / "other").mkdir()
    made, _ = authority(tmp_path / "own"), authority(tmp_path / "other")
    edge = Edge()
    async with serving(edge, by_tls(made)) as address:
        for believed, is_asked in (("other", False), ("own", True)):
            file = tmp_path / believed / "authority.pem"
            monkeypatch.setenv("TOUCHPOINT_TLS_AUTHORITY", str(file))
            async with recommending(address, 5.0, Home(tmp_path)) as send:
                with nullcontext() if is_asked else pytest.raises(grpc.aio.AioRpcError):
                    await send(REQUEST)
            assert bool(edge.requests) is is_asked


async def test_an_empty_answer_is_none_where_it_is_to_be_whole(tmp_path):
    async with (
        serving(Edge()) as address,
        recommending(address, 5.0, Home(tmp_path), whole=True) as send,
    ):
        with pytest.raises(InvalidAnswerError, match="EMPTY"):
            await send(REQUEST)


def test_an_answer_is_whole_when_every_placement_shows_something():
    both, one = filled("web.home.banner", "web.cart"), filled("web.cart")
    empty = [*one, PlacementRecommendations(placement="web.home.banner")]

    assert fills_all(REQUEST, RecommendResponse(placements=both))
    assert not fills_all(REQUEST, RecommendResponse(placements=one))
    assert not fills_all(REQUEST, RecommendResponse(placements=empty))
