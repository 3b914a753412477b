"""The process that trains: reads arrays from its standard input, writes a model to its output."""

from __future__ import annotations

import json
import sys
import time
from typing import Any, BinaryIO

from services.retrieval.domain.learning.training import (
    NothingToLearnError,
    Report,
    Trained,
    TrainingSettings,
    train,
)
from services.retrieval.storage.model_files import encode
from services.retrieval.storage.training_process import unpack_input
from shared.aside import receive


def main(read: BinaryIO, write: BinaryIO) -> None:
    """Train once: progress, two files and a report go out as lines of JSON, files in between."""
    began = time.monotonic()
    order, interactions, items = unpack_input(receive(read))

    def tell(step: str, share_done: float) -> None:
        _say(write, {"event": "progress", "step": step, "share_done": share_done})

    settings = TrainingSettings(order.catalogue_id, order.catalogue_version, order.seed)
    try:
        trained = train(interactions, items, settings, order.trained_us, tell)
    except NothingToLearnError as error:
        report = {"refusal": str(error), "spent_s": time.monotonic() - began}
    else:
        _hand_over(write, trained)
        report = {**told(trained.report), "spent_s": time.monotonic() - began}
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
        "trials": [
            {
                "regularisation": trial.regularisation,
                "unobserved_weight": trial.unobserved_weight,
                "ndcg10": trial.ndcg10,
            }
            for trial in report.trials
        ],
    }


def _hand_over(write: BinaryIO, trained: Trained) -> None:
    for part in ("items", "persons"):
        data = encode(getattr(trained.model, part))
        _say(write, {"event": "file", "part": part, "bytes": len(data)})
        write.write(data)


def _say(write: BinaryIO, message: dict[str, Any]) -> None:
    write.write(json.dumps(message).encode() + b"\n")
    write.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
