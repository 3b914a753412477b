"""Commands that take their options as one dataclass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from cli.gathering import gathered_in


@dataclass(frozen=True, slots=True)
class Options:
    name: Annotated[str, typer.Argument(help="Whose.")]
    size: Annotated[int, typer.Option("--how-large", min=1)] = 3
    loud: Annotated[bool, typer.Option("--loud")] = False


def invoked(*arguments: str):
    app = typer.Typer()
    given: list[Options] = []

    @app.command()
    @gathered_in(Options)
    def greet(options: Options) -> None:
        """Say hello."""
        given.append(options)

    return CliRunner().invoke(app, list(arguments)), given


def test_each_field_is_an_argument_or_an_option():
    told, given = invoked("Ada", "--how-large", "5", "--loud")
    assert told.exit_code == 0, told.stderr
    assert given == [Options("Ada", 5, loud=True)]


def test_what_is_not_said_is_as_the_dataclass_has_it():
    assert invoked("Ada")[1] == [Options("Ada")]


def test_what_a_field_does_not_take_is_refused():
    assert invoked("Ada", "--how-large", "0")[0].exit_code == 2
    assert invoked()[0].exit_code == 2


def test_the_help_is_the_commands_own():
    assert "Say hello." in invoked("--help")[0].stdout
