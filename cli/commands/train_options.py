"""What `touchpoint train` takes, and what its help says."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Part(StrEnum):
    """What can be trained by itself."""

    MODELS = "models"
    PERSONAS = "personas"
    BOOSTER = "booster"
    """Only when it is named: it needs the extra `boost`."""


ModelArgument = Annotated[
    str, typer.Argument(help="With --rollback, the model to serve; else the one before.")
]
SinceOption = Annotated[
    str, typer.Option(metavar="DAYS", help="Only what happened lately: 180d. Else everything.")
]
SeedOption = Annotated[int, typer.Option(min=0, help="Seeds every random choice.")]
PartOption = Annotated[
    Part | None, typer.Option(help="Only this part of it, such as after new customers came.")
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Serve it even if it is worse than what is served.")
]
ReportOption = Annotated[
    bool, typer.Option("--report", help="Train nothing: show what the last one came to.")
]
ListOption = Annotated[
    bool, typer.Option("--list", help="Train nothing: show the models that are kept.")
]
RollbackOption = Annotated[
    bool, typer.Option("--rollback", help="Train nothing: serve MODEL again.")
]
OffOption = Annotated[
    bool, typer.Option("--off", help="With --only booster: train nothing, serve no booster.")
]
RankerOption = Annotated[
    bool, typer.Option("--ranker", help="Let the ranker learn from history, and nothing else.")
]
FromOption = Annotated[
    Path | None,
    typer.Option("--from", metavar="PATH", help="With --ranker, files of what was shown."),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="With --ranker, only say what would come of it.")
]
HELP = """Learn who likes what, serve it on every replica, and propose the personas there are.

Several settings are tried on the last part of the event log, history included; the best one
learns from all of it. Personas are proposed for the people there are; none takes effect before
somebody accepts it. While it runs, and when it is stopped, what was learned before is served.

The new model is compared with the served one on what happened lately, which neither knows; if
it is worse beyond a tolerance (TOUCHPOINT_TRAIN_TOLERANCE), nothing is replaced. An older model
is served again by `--rollback`; then nothing is trained by itself until somebody trains.

A booster is grown only when it is asked for, from what was shown and how it was answered: trees
by LightGBM (pip install "touchpoint-server[boost]") that have a say beside the ranker's model,
where that is better for sure on answers that they have not seen.

Example: touchpoint train --since 180d

Example: touchpoint train --list

With --ranker, what was shown before and whether it was accepted (a file, or a folder of them,
CSV, JSON Lines or Parquet: docs/learning.md) teaches the ranker, where that makes it better.

Example: touchpoint train --rollback

Example: touchpoint train --only booster

Example: touchpoint train --only booster --off

Example: touchpoint train --ranker --from history.csv --dry-run
"""
