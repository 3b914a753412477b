"""A group of commands of which one needs no name."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class UnlessNamed(TyperGroup):
    """Takes words that name no command for those of the first command that was added."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the first word names, else the first of all."""
        words = args if args[0] in self.commands else [next(iter(self.commands)), *args]
        return super().resolve_command(ctx, words)
