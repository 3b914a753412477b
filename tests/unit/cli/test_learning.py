"""A suite learns once after its first data came, and does without where it cannot."""

from __future__ import annotations

import io

import grpc
import grpc.aio
import pytest
from rich.console import Console

from cli.suite.home import Home
from cli.suite.learning import train_once
from cli.suite.screen import Screen
from touchpoint.retrieval.v1.retrieval_pb2 import TrainingProgress, TrainingReport
from touchpoint.retrieval.v1.retrieval_service_pb2 import TrainResponse


class Retrieval:
    """Trains to a report, or breaks off."""

    def __init__(self, report=None):
        self.asked = 0
        self._report = report

    async def Train(self, request, *, timeout):  # noqa: N802 named as the rpc
        self.asked += 1
        for share in (0.3, 0.9):
            yield TrainResponse(progress=TrainingProgress(step="fitting", share_done=share))
        if self._report is None:
            nothing = grpc.aio.Metadata()
            raise grpc.aio.AioRpcError(
                grpc.StatusCode.UNAVAILABLE, nothing, nothing, "profile does not answer"
            )
        yield TrainResponse(report=self._report)


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    home.prepare()
    return home


async def said(retrieval, home):
    told = io.StringIO()
    with Screen(Console(file=told, width=200)) as screen:
        await train_once(retrieval, home, screen)
    return told.getvalue()


async def test_a_home_is_trained_once(home):
    retrieval = Retrieval(TrainingReport(pairs=12_000, persons=500, items=800))
    assert "12,000 pairs of 500 people and 800 items" in await said(retrieval, home)
    assert await said(retrieval, home) == ""
    assert retrieval.asked == 1


async def test_what_breaks_off_is_told_and_tried_again_at_the_next_start(home):
    retrieval = Retrieval()
    assert "profile does not answer. Try `touchpoint train`" in await said(retrieval, home)
    await said(retrieval, home)
    assert retrieval.asked == 2


async def test_too_little_to_learn_from_is_told_and_not_tried_again(home):
    retrieval = Retrieval(TrainingReport(refusal="3 people bought anything; 20 are needed"))
    assert "3 people bought anything" in await said(retrieval, home)
    await said(retrieval, home)
    assert retrieval.asked == 1
