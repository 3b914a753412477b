"""Follows a service that works on a report: says how far it is, and takes what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.console import aside
from touchpoint.client import call_error

Report = TypeVar("Report", bound=Message)
Tell = Callable[[str, int, int], None]
"""Hears what is being done, how far it is, and of how many; 0: not known."""


@contextmanager
def bar(doing: str, *, quiet: bool) -> Iterator[Tell]:
    """Show what is being done and how far it is, until it is; gives the function that is told."""
    columns = (TextColumn("{task.description}"), BarColumn())
    times = (TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, *times, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task(doing, total=None)

        def tell(step: str, done: int, total: int) -> None:
            progress.update(task, description=step, completed=done, total=total or None)

        yield tell


def followed(responses: Any, report: Report, doing: str, *, quiet: bool) -> Report:
    """Return a report with all that a stream tells of it; raises CallError.

    Each response has `done`, `total` (0: not known yet) and a part of the `report`; `doing` is said
    beside the bar, or the `step` of a response that has one, unless it is to be quiet.
    """
    with bar(doing, quiet=quiet) as tell:
        try:
            for response in responses:
                said = getattr(response, "step", "") or doing
                tell(said, response.done, response.total)
                report.MergeFrom(response.report)
        except grpc.RpcError as error:
            raise call_error(error) from None
        finally:
            responses.cancel()
    return report
