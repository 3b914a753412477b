"""The command line's composition root: every command under what the user is doing."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

RUN, DATA, ASK, DEFINE = "Run", "Data", "Ask", "Define"
WHAT_IF, RESULTS, PROVE = "What if", "Results", "Prove"


@dataclass(frozen=True, slots=True)
class Registered:
    """Where a command is implemented, and the panel of the help that it stands in."""

    panel: str
    where: str
    """`module:function`, or `module:app` for a group of commands."""


COMMANDS: Mapping[str, Registered] = {
    "up": Registered(RUN, "cli.commands.up:up"),
    "down": Registered(RUN, "cli.commands.down:down"),
    "status": Registered(RUN, "cli.commands.status:status"),
    "clock": Registered(RUN, "cli.commands.clock:clock"),
    "keys": Registered(RUN, "cli.commands.keys:app"),
    "outbox": Registered(RUN, "cli.commands.outbox:outbox"),
    "import": Registered(DATA, "cli.commands.importing:import_"),
    "export": Registered(DATA, "cli.commands.export:app"),
    "train": Registered(DATA, "cli.commands.train:train"),
    "unlearn": Registered(DATA, "cli.commands.unlearn:unlearn"),
    "audit": Registered(DATA, "cli.commands.audit:audit"),
    "erase": Registered(DATA, "cli.commands.erase:erase"),
    "webhooks": Registered(DATA, "cli.commands.webhooks:webhooks"),
    "parked": Registered(DATA, "cli.commands.parked:parked"),
    "recommend": Registered(ASK, "cli.commands.recommend:recommend"),
    "view": Registered(ASK, "cli.commands.view:view"),
    "track": Registered(ASK, "cli.commands.track:track"),
    "explain": Registered(ASK, "cli.commands.explain:explain"),
    "new": Registered(DEFINE, "cli.commands.new:app"),
    "check": Registered(DEFINE, "cli.commands.definitions:check"),
    "apply": Registered(DEFINE, "cli.commands.definitions:apply"),
    "diff": Registered(DEFINE, "cli.commands.versions:diff"),
    "rollback": Registered(DEFINE, "cli.commands.definitions:rollback"),
    "versions": Registered(DEFINE, "cli.commands.versions:versions"),
    "lever": Registered(DEFINE, "cli.commands.lever:lever"),
    "simulate": Registered(WHAT_IF, "cli.commands.simulate:simulate"),
    "report": Registered(RESULTS, "cli.commands.report:app"),
    "demo": Registered(PROVE, "cli.commands.demo:demo"),
    "load": Registered(PROVE, "cli.load.command:load"),
}


class CommandsOnDemand(TyperGroup):
    """Imports a command when it is asked for: all of them together take a second."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return a command; None when there is none of that name."""
        registered = COMMANDS.get(cmd_name)
        return None if registered is None else load_command(cmd_name, registered)


def load_command(name: str, registered: Registered) -> Any:
    """Import a command and make it ready to be called."""
    module, _, attribute = registered.where.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    holder = found if isinstance(found, typer.Typer) else typer.Typer(**LOOKS)
    if holder is not found:
        holder.command(name)(found)
    command: Any = typer.main.get_command(holder)
    command.name = name
    command.rich_help_panel = registered.panel
    return command


LOOKS: Mapping[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": "markdown",
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}

app = typer.Typer(
    name="touchpoint",
    cls=CommandsOnDemand,
    help="The right offer, to this customer, at this moment, on this channel.",
    no_args_is_help=True,
    **LOOKS,
)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"touchpoint {version('touchpoint-server')}")
        raise typer.Exit


@app.callback()
def _every_command(
    is_version_asked: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Its presence also makes this a group of commands."""


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
