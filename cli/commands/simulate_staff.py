"""Who is there to call where events are played, as the options of `touchpoint simulate` say it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cli.backtest.shifts import ShiftsError, Staff, read_shifts, staff_of, text_of
from cli.commands.definitions import show_problems
from cli.console import CommandError, Exit


@dataclass(frozen=True, slots=True)
class StaffAsked:
    """What was given."""

    agents: int = 0
    skills: str = ""
    hours: str = ""
    shifts: Path | None = None


def staff(asked: StaffAsked) -> Staff:
    """Return who is there, nobody where nothing was given; what is wrong ends the command."""
    if asked.shifts is not None:
        if asked.agents or asked.skills or asked.hours:
            told = "--shifts says it all: leave out --agents, --skills and --hours"
            raise CommandError(told, Exit.USAGE)
        return _of_file(asked.shifts)
    if not asked.agents:
        if asked.skills or asked.hours:
            raise CommandError("say how many are there, as by --agents 3", Exit.USAGE)
        return ()
    try:
        return staff_of(asked.agents, asked.skills, asked.hours)
    except ValueError as error:
        raise CommandError(f"--hours: {error}", Exit.USAGE) from None


def _of_file(file: Path) -> Staff:
    try:
        shifts, problems = read_shifts(text_of(file), file.name)
    except ShiftsError as error:
        raise CommandError(str(error), Exit.USAGE) from None
    if problems:
        show_problems(file.parent, problems)
        raise CommandError(f"{file} has mistakes: nothing was played", Exit.FAILED)
    return tuple(shifts)
