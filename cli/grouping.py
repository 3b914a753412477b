"""A group of commands of which one needs no name."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


def unless_named(command: str) -> type[TyperGroup]:
    """Return a group that takes words which name no command of it for those of one command."""

    class UnlessNamed(TyperGroup):
        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            """Return the command that the first word names, else the one of all other words."""
            words = args if args[0] in self.commands else [command, *args]
            return super().resolve_command(ctx, words)

    return UnlessNamed
