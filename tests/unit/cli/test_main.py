"""The command line before any command."""

from __future__ import annotations

from importlib.metadata import version

from typer.testing import CliRunner

from cli.main import COMMANDS, app


def test_it_tells_its_version():
    told = CliRunner().invoke(app, ["--version"])
    assert told.exit_code == 0
    assert told.stdout == f"touchpoint {version('touchpoint-server')}\n"


def test_the_help_names_every_command():
    told = CliRunner().invoke(app, ["--help"])
    assert told.exit_code == 0
    for name in COMMANDS:
        assert f" {name} " in told.stdout
