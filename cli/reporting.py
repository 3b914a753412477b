"""Follows a service that works on a report: says how far it is, and takes what comes of it."""

from __future__ import annotations

from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.console import aside
from touchpoint.client import call_error

Report = TypeVar("Report", bound=Message)


def followed(responses: Any, report: Report, doing: str, *, quiet: bool) -> Report:
    """Return a report with all that a stream tells of it; raises CallError.

    Each response has `done`, `total` (0: not known yet) and a part of the `report`; `doing` is said
    beside the bar, or the `step` of a response that has one, unless it is to be quiet.
    """
    columns = (TextColumn("{task.description}"), BarColumn())
    times = (TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, *times, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task(doing, total=None)
        try:
            for response in responses:
                said = getattr(response, "step", "") or doing
                done, total = response.done, response.total or None
                progress.update(task, description=said, completed=done, total=total)
                report.MergeFrom(response.report)
        except grpc.RpcError as error:
            raise call_error(error) from None
        finally:
            responses.cancel()
    return report
