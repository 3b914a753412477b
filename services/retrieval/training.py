"""The process that trains: reads arrays from its standard input, writes a model to its output."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, BinaryIO

from services.retrieval.domain.learning.comparing import Comparison
from services.retrieval.domain.learning.training import (
    NothingToLearnError,
    Report,
    TrainingSettings,
    train,
)
from services.retrieval.storage.model_files import encode_model
from services.retrieval.storage.model_indexes import built_indexes
from services.retrieval.storage.training_process import unpack_input
from shared.aside import receive

_MICROS = 1_000_000
_BUILT_FROM = 0.9
"""Share of the whole at which indexes are begun."""


def main(read: BinaryIO, write: BinaryIO) -> None:
    """Train once: progress, files and a report go out as lines of JSON, files in between."""
    began = time.monotonic()
    order, lessons = unpack_input(receive(read))
    steps = Steps(time.monotonic)

    def tell(step: str, share_done: float) -> None:
        steps.begin(step)
        _say(write, {"event": "progress", "step": step, "share_done": share_done})

    settings = TrainingSettings(order.catalogue_id, order.catalogue_version, order.seed)
    try:
        trained = train(
            lessons,
            settings,
            order.trained_us,
            lambda step, share_done: tell(step, _BUILT_FROM * share_done),
        )
    except NothingToLearnError as error:
        report = {"refusal": str(error), "spent_s": time.monotonic() - began}
    else:
        tell("building indexes", _BUILT_FROM)
        indexes = list(built_indexes(trained.model, os.cpu_count() or 1))
        kept = {each.file_name: each.data for each in indexes if each.data}
        _hand_over(write, {**encode_model(trained.model), **kept})
        tell("trained", 1.0)
        report = {
            **told(trained.report),
            "indexes": [each.report() for each in indexes],
            "steps": steps.ended(),
            "spent_s": time.monotonic() - began,
        }
    _say(write, {"event": "report", "report": report})


def told(report: Report) -> dict[str, Any]:
    """Return a report as the fields of TrainingReport."""
    return {
        "persons": report.persons,
        "items": report.items,
        "pairs": report.pairs,
        "dimensions": report.dimensions,
        "regularisation": report.regularisation,
        "unobserved_weight": report.unobserved_weight,
        "content": {
            "cosine": report.content.cosine,
            "recall_tenth": report.content.recall,
            "content_weight": report.content.content_weight,
        },
        "trials": [
            {
                "regularisation": trial.regularisation,
                "unobserved_weight": trial.unobserved_weight,
                "ndcg10": trial.ndcg10,
            }
            for trial in report.trials
        ],
        "comparison": _comparison(report.comparison),
        "coverage": asdict(report.coverage),
        **({"drift": asdict(report.drift)} if report.drift else {}),
    }


def _comparison(found: Comparison) -> dict[str, Any]:
    """Return it without what is not known."""
    told = {name: value for name, value in asdict(found).items() if value is not None}
    since_us = told.pop("since_us")
    seconds, micros = divmod(since_us, _MICROS)
    return {**told, "since_time": {"seconds": seconds, "nanos": 1_000 * micros}}


class Steps:
    """Measures how long each step takes; one that is told of again goes on."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._spent_s: dict[str, float] = {}
        self._step, self._began = "", 0.0

    def begin(self, step: str) -> None:
        """End the step before and begin this one."""
        now = self._monotonic()
        if self._step:
            self._spent_s[self._step] += now - self._began
        self._step, self._began = step, now
        self._spent_s.setdefault(step, 0.0)

    def ended(self) -> list[dict[str, Any]]:
        """Return the steps in their order, as fields of TrainingStep."""
        self.begin(self._step)
        return [{"step": step, "spent_s": spent_s} for step, spent_s in self._spent_s.items()]


def _hand_over(write: BinaryIO, files: Mapping[str, bytes]) -> None:
    for part, data in files.items():
        _say(write, {"event": "file", "part": part, "bytes": len(data)})
        write.write(data)


def _say(write: BinaryIO, message: dict[str, Any]) -> None:
    write.write(json.dumps(message).encode() + b"\n")
    write.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
