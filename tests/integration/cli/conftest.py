"""One suite for all commands, with a shop of three things in it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.testing.suite import running_suite
from tests.integration.cli.forking import forking

ANSWER_S = 60
PATIENT = ("--deadline-ms", "1000")
ATTEMPTS = 10


def started(words: Sequence[str]) -> tuple[int, str, str]:
    """Run a command as users do; returns its exit code and what it printed, here and there."""
    done = subprocess.run(
        (sys.executable, "-m", "cli.main", *words),
        capture_output=True,
        text=True,
        timeout=ANSWER_S,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout, done.stderr


@dataclass(frozen=True)
class CommandLine:
    """`touchpoint` as users call it, on one home."""

    home: Path
    run: Callable[[Sequence[str]], tuple[int, str, str]] = started

    def __call__(self, *words: str, ends_with: int = 0) -> str:
        """Run a command and return what it printed; its exit code must be the one expected."""
        code, out, complaints = self.run((*words, "--home", str(self.home)))
        assert code == ends_with, out + complaints
        return out + complaints

    def json(self, *words: str, ends_with: int = 0):
        return json.loads(self(*words, "--json", ends_with=ends_with))

    def decision(self, *words: str):
        """Ask for a decision until nothing stands in for a service that is late: machines stall."""
        for _ in range(ATTEMPTS):
            answer = self.json("recommend", *words, *PATIENT)
            if "degraded" not in answer:
                return answer
        raise AssertionError(answer["degraded"])


@pytest.fixture(scope="package")
async def touchpoint(tmp_path_factory):
    home = tmp_path_factory.mktemp("cli")
    async with running_suite(home, "--data", "none", "--port", "0"):
        with forking() as forked:
            yield CommandLine(home, forked.run)


@pytest.fixture(scope="package")
def shop(touchpoint, tmp_path_factory):
    """The command line of a suite that has items, a promotion, two customers and their past."""
    folder = tmp_path_factory.mktemp("files")
    files = {
        "items": (
            "items.csv",
            "item_id,title,category,brand,price,cost,currency,stock\n"
            "lamp,Reading lamp,Home > Lamps,Lux,40.00,20.00,USD,5\n"
            "rug,Wool rug,Home > Rugs,Tex,90.00,45.00,USD,5\n"
            "sofa,Corner sofa,Home > Sofas,Tex,900.00,500.00,USD,5\n",
        ),
        "offers": (
            "offers.jsonl",
            '{"offer_id": "ten-percent", "kind": "PROMOTION", "title": "Ten percent off", '
            '"value": "4", "channels": ["WEB", "CALL_CENTER"]}\n',
        ),
        "customers": (
            "customers.csv",
            "customer_id,email,phone,timezone,attr.name\n"
            "c-1,ada@example.com,+15185550101,America/New_York,Ada Brenner\n"
            "c-2,ravi@example.com,,America/New_York,Ravi Sandoval\n",
        ),
        "events": ("events.jsonl", _events()),
    }
    for kind, (name, content) in files.items():
        path = folder / name
        path.write_text(content)
        report = touchpoint.json("import", kind, str(path))
        assert report["refused"] == 0, report
    return touchpoint


def _events() -> str:
    """Many people bought the lamp, so that there is something popular."""
    lines = [
        {
            "event_id": f"past-{number}",
            "type": "purchase",
            "time": "2026-01-10T10:00:00Z",
            "identities": [{"kind": "customer", "value": f"past-{number}"}],
            "item_id": "lamp",
            "value": {"amount": "40.00", "currency": "USD"},
        }
        for number in range(20)
    ]
    return "".join(f"{json.dumps(line)}\n" for line in lines)
