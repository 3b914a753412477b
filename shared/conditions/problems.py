"""What can be wrong with a condition, with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Sequence

_REPORT = re.compile(r"ERROR: <input>:(?P<line>-?\d+):(?P<column>-?\d+): (?P<message>.*)")
_SYNTAX = "Syntax error"
_EXPECTED = re.compile(r" expecting \{'.*\}")
"""Everything that an expression may begin with."""
_STATUS = re.compile(r"^[A-Z_]+: |\s*\[[A-Z_]+\]\s*$")


class ConditionError(Exception):
    """A condition cannot be used; says what to mend and where."""

    def __init__(
        self, message: str, line: int = 1, column: int = 1, also: Sequence[ConditionError] = ()
    ) -> None:
        """Take a sentence for the author, its place within the condition, from 1, and others."""
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.also = tuple(also)
        """Whatever else is wrong with it."""


def from_report(report: str) -> ConditionError:
    """Make one error of what the CEL compiler reports: its complaints, each with its place."""
    found = [_complaint(match) for match in _REPORT.finditer(report)]
    if not found:
        return ConditionError(_STATUS.sub("", report.splitlines()[0]))
    first, *others = found
    if first[0].startswith(_SYNTAX):  # what follows it is of no use
        others = []
    return ConditionError(*first, [ConditionError(*each) for each in others])


def _complaint(match: re.Match[str]) -> tuple[str, int, int]:
    message = _STATUS.sub("", match["message"]).replace(" (in container '')", "")
    message = _EXPECTED.sub("", message).replace("'<EOF>'", "the end")
    # Of what is too deep to be parsed it knows no place.
    return message, max(1, int(match["line"])), max(1, int(match["column"]))
