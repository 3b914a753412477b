"""What can be wrong with a condition, with its place in the text."""

from __future__ import annotations

import re

_REPORT = re.compile(r"ERROR: <input>:(?P<line>-?\d+):(?P<column>-?\d+): (?P<message>.*)")
_STATUS = re.compile(r"^[A-Z_]+: |\s*\[[A-Z_]+\]\s*$")


class ConditionError(Exception):
    """A condition cannot be used; says what to mend and where."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        """Take a sentence for the author and the place within the condition, from 1."""
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


def from_report(report: str) -> ConditionError:
    """Make one error of what the CEL compiler reports: its first complaint with its place."""
    match = _REPORT.search(report)
    if match is None:
        return ConditionError(_STATUS.sub("", report.splitlines()[0]))
    message = _STATUS.sub("", match["message"]).replace(" (in container '')", "")
    # Of what is too deep to be parsed it knows no place.
    return ConditionError(message, max(1, int(match["line"])), max(1, int(match["column"])))
