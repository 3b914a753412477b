"""Finds the one person that an identity means."""

from __future__ import annotations

from pathlib import Path

from cli.calling import edge
from cli.console import CommandError
from touchpoint.aggregator.v1.aggregator_pb2 import Who


def find_person(who: str, home: Path | None) -> Who:
    """Ask who that is; raises CommandError when it is nobody, or more than one."""
    with edge(home, "") as touchpoint:
        found = touchpoint.view(who).who
        if found.ambiguous:
            raise CommandError(f"{who} fits several people; name one by an identity of their own")
        if not found.person_ids:
            raise CommandError(f"nobody is known as {who}")
        return found


def identity_text(told: str) -> str:
    """Read `KIND=VALUE`, or `KIND:VALUE` as elsewhere, into the latter; raises ValueError."""
    kind, equals, value = told.partition("=")
    if equals and kind and value and ":" not in kind:
        return f"{kind}:{value}"
    if ":" in told:
        return told
    raise ValueError(f"{told!r}: say KIND=VALUE, such as email=ada.brenner@example.com")
