"""`touchpoint train --only booster`: what it asks the ranker, and what it tells."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest
from typer.testing import CliRunner

from cli.commands import train_booster
from cli.console import Exit
from cli.growing import GrowingError, Grown
from cli.main import app
from touchpoint.ranker.v1 import booster_pb2
from touchpoint.ranker.v1.ranker_service_pb2 import GetModelResponse
from touchpoint.ranker.v1.ranker_service_pb2_grpc import (
    RankerServiceServicer,
    add_RankerServiceServicer_to_server,
)

REPORT = booster_pb2.BoosterReport(
    booster="abc123",
    trees=40,
    compared=1234,
    accepted_share=0.25,
    log_loss_without=0.5,
    log_loss_with=0.48,
    gain=0.02,
    gain_low=0.01,
    gain_high=0.03,
    share=0.7,
)


class Ranker(RankerServiceServicer):
    """A ranker that answers what a test wants and remembers what it was asked."""

    def __init__(self):
        self.asked, self.refusal, self.model = [], "", GetModelResponse()

    def StreamExamples(self, request, context):  # noqa: N802 - gRPC's names
        yield booster_pb2.StreamExamplesResponse(rows=[7], labels=[1], lengths=[1], features=[3])

    def ServeBooster(self, request, context):  # noqa: N802
        self.asked.append(request)
        return booster_pb2.ServeBoosterResponse(report=REPORT, refusal=self.refusal)

    def RollBackBooster(self, request, context):  # noqa: N802
        self.asked.append(request)
        former = "abc123"
        return booster_pb2.RollBackBoosterResponse(former_booster=former)

    def GetModel(self, request, context):  # noqa: N802
        return self.model


@pytest.fixture
def ranker(monkeypatch):
    """Lend a ranker that the command reaches, and trees that need no LightGBM."""
    made, server = Ranker(), grpc.server(ThreadPoolExecutor(2))
    add_RankerServiceServicer_to_server(made, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    @contextmanager
    def service(name, home):
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel

    def grow(examples, seed, tell):
        return Grown(booster_pb2.BoosterTrees(trees=40), int(examples.rows[-1]), len(examples))

    monkeypatch.setattr(train_booster, "service", service)
    monkeypatch.setattr(train_booster, "grow", grow)
    yield made
    server.stop(None).wait()


def run(*said):
    return CliRunner().invoke(app, ["train", *said])


def test_trees_are_handed_over_with_the_last_row_that_they_have_seen(ranker):
    done = run("--only", "booster", "--force")
    assert done.exit_code == 0
    assert (ranker.asked[0].trained_row, ranker.asked[0].force) == (7, True)
    assert "0.4800 with them and 0.5000 without" in done.output
    assert "Booster abc123 is served on every replica" in done.output


def test_trees_that_do_not_pay_end_the_command_with_the_reason(ranker):
    ranker.refusal = "the booster does not pay for sure"
    done = run("--only", "booster")
    assert done.exit_code == Exit.FAILED
    assert "Nothing was replaced: the booster does not pay for sure." in done.output


def test_what_cannot_be_grown_ends_the_command_with_the_reason(ranker, monkeypatch):
    def grow(examples, seed, tell):
        raise GrowingError("there are 90 answers")

    monkeypatch.setattr(train_booster, "grow", grow)
    done = run("--only", "booster")
    assert done.exit_code == Exit.FAILED
    assert "Nothing was trained: there are 90 answers." in done.output
    assert not ranker.asked


def test_a_booster_is_taken_out_and_shown(ranker):
    assert "No booster is served any more" in run("--only", "booster", "--off").output
    assert ranker.asked[0].off
    run("--only", "booster", "--rollback", "abc")
    assert ranker.asked[1].booster == "abc"
    assert run("--only", "booster", "--report").exit_code == Exit.FAILED
    ranker.model.booster.CopyFrom(REPORT)
    assert "They say 70% of it" in run("--only", "booster", "--report").output


@pytest.mark.parametrize(
    "said",
    [
        ["--off"],
        ["--only", "booster", "--off", "--report"],
        ["--only", "booster", "--list"],
        ["--only", "booster", "--since", "7d"],
        ["--only", "booster", "abc"],
    ],
)
def test_what_does_not_go_together_is_refused(said):
    assert run(*said).exit_code == Exit.USAGE
