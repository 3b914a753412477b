"""`touchpoint check apply rollback`: the definitions of a folder and those in force."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from cli.calling import call, service
from cli.console import CommandError, Exit, aside, people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.changes import SHORT, share_told, show_changes
from cli.showing.words import several
from shared.arm_shares import share as read_share
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import DefinitionFile, Problem
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

DEFAULT_FOLDER = Path("deploy/definitions")
_ENDINGS = {".yaml", ".yml"}

FolderArgument = Annotated[
    Path, typer.Argument(metavar="[DIR]", help="The folder of definitions, YAML.")
]
ByOption = Annotated[
    str,
    typer.Option("--by", metavar="NAME", help="Who wants it, for the record; else who you are."),
]
MessageOption = Annotated[str, typer.Option("--message", "-m", help="Why, for the record.")]
EndOption = Annotated[
    list[str] | None,
    typer.Option(
        "--end",
        metavar="EXPERIMENT",
        help="An experiment that people are in and that ends by this; repeatable.",
    ),
]
_EVERYBODYS = {"webhooks"}
"""Sections that are the house's and no person's: in force as everybody's definitions have them."""


def check(
    folder: FolderArgument = DEFAULT_FOLDER,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of definitions, for editors.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a folder of definitions as a whole, all mistakes at once; nothing is stored.

    Example: touchpoint check deploy/definitions
    """
    with service("rules", home) as channel:
        if schema:
            asked = pb.GetDefinitionsSchemaRequest()
            typer.echo(call(RulesServiceStub(channel).GetDefinitionsSchema, asked).json_schema)
            return
        request = pb.CheckDefinitionsRequest(files=read_folder(folder))
        answer = call(RulesServiceStub(channel).CheckDefinitions, request)
    _tell(folder, answer, _checked(answer), as_json=as_json)


def apply(
    folder: FolderArgument = DEFAULT_FOLDER,
    share: Annotated[
        str,
        typer.Option(metavar="SHARE", help="For a fixed share of people: 10%. Else everybody."),
    ] = "",
    end: EndOption = None,
    by: ByOption = "",
    message: MessageOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a folder of definitions into force, once every service has compiled them.

    With --share they are for a fixed share of people first, the same ones on every channel; all
    others keep what is in force. A larger share adds people; without --share they become
    everybody's, and `touchpoint rollback` ends them.

    Example: touchpoint apply deploy/definitions --share 10% --message "Fewer surveys"
    """
    request = pb.ApplyDefinitionsRequest(
        files=read_folder(folder), changed_by=by or user(), message=message, ending=end
    )
    with service("rules", home) as channel:
        if share:
            request.share = parse_share(share)
        answer = call(RulesServiceStub(channel).ApplyDefinitions, request)
    _tell(folder, answer, _applied(answer), as_json=as_json)


def rollback(
    bundle_hash: Annotated[
        str,
        typer.Argument(
            metavar="[HASH]",
            help="Which, as `touchpoint versions` shows it; else the"
            " one before this one, or the end of what is in force for a share of people.",
        ),
    ] = "",
    end: EndOption = None,
    by: ByOption = "",
    message: MessageOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put earlier definitions into force again, and say what changes by it.

    Example: touchpoint rollback
    """
    request = pb.RollbackDefinitionsRequest(
        bundle_hash=bundle_hash, changed_by=by or user(), message=message, ending=end
    )
    with service("rules", home) as channel:
        answer = call(RulesServiceStub(channel).RollbackDefinitions, request)
    if as_json:
        say_json(answer)
        return
    show_changes(answer.changes)
    if answer.HasField("ended"):
        ended = answer.ended
        people.print(f"Ended: bundle {ended.bundle_hash[:SHORT]} for {share_told(ended)}.")
    people.print(f"In force for everybody: bundle {answer.bundle_hash[:SHORT]}.")


def parse_share(text: str) -> float:
    """Read `10%` or `0.1`; raises CommandError saying what to write instead."""
    try:
        found = read_share(text)
    except ValueError as error:
        raise CommandError(f"--share {error}; everybody is 100%", Exit.USAGE) from None
    if not found:
        raise CommandError(
            "--share must be more than nobody: write 10%, or end it with `touchpoint rollback`",
            Exit.USAGE,
        )
    return found


def user() -> str:
    """Return who works at this machine; empty where the system does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def read_folder(folder: Path) -> list[DefinitionFile]:
    """Read every YAML file below a folder; raises CommandError when there is none."""
    if not folder.is_dir():
        raise CommandError(f"{folder} is not a folder: say which holds the definitions", Exit.USAGE)
    paths = sorted(path for path in folder.rglob("*") if path.suffix in _ENDINGS)
    if not paths:
        raise CommandError(f"{folder} holds no .yaml file", Exit.USAGE)
    return [_read(path, folder) for path in paths]


def _read(path: Path, folder: Path) -> DefinitionFile:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not UTF-8: save it as such") from None
    return DefinitionFile(path=path.relative_to(folder).as_posix(), text=text)


def _tell(
    folder: Path,
    answer: pb.CheckDefinitionsResponse | pb.ApplyDefinitionsResponse,
    outcome: str,
    *,
    as_json: bool,
) -> None:
    """Print the problems and the outcome; mistakes fail the command."""
    if as_json:
        say_json(answer)
    else:
        show_problems(folder, answer.problems)
        if isinstance(answer, pb.ApplyDefinitionsResponse):
            show_changes(answer.changes)
        people.print(outcome)
    if _mistakes(answer.problems):
        raise typer.Exit(Exit.FAILED)


def _mistakes(problems: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in problems if not problem.warning]


def show_problems(folder: Path, problems: Sequence[Problem]) -> None:
    """Print mistakes and warnings with their places."""
    for problem in problems:
        place = f"{folder / problem.path}:{problem.line}:{problem.column}"
        kind, style = ("warning: ", "yellow") if problem.warning else ("", "red")
        aside.print(f"{place}: {kind}{problem.message}", style=style, markup=False, soft_wrap=True)
    if count := len(_mistakes(problems)):
        aside.print(f"{several(count, 'mistake')}; nothing took effect.")


def _checked(answer: pb.CheckDefinitionsResponse) -> str:
    if _mistakes(answer.problems):
        return "These definitions cannot be applied."
    return f"Good: bundle {answer.bundle_hash[:12]}."


def _applied(answer: pb.ApplyDefinitionsResponse) -> str:
    active = answer.bundle_hash[:SHORT]
    if _mistakes(answer.problems):
        return f"Still in force: bundle {active}."
    if answer.HasField("trial"):
        trial = answer.trial
        told = f"In force for {share_told(trial)} of the people: bundle {trial.bundle_hash[:SHORT]}"
        return f"{told}; for all others bundle {active}.{_not_tried(answer)}"
    if not answer.changes:
        return f"In force for everybody: bundle {active}, as it was."
    return f"In force: bundle {active} (was {answer.previous_hash[:SHORT] or 'none'})."


def _not_tried(answer: pb.ApplyDefinitionsResponse) -> str:
    """Say what a share of people does not try."""
    kept = sorted({change.section for change in answer.changes} & _EVERYBODYS)
    if not kept:
        return ""
    return f" What these say of {' and '.join(kept)} goes for everybody, and is not tried."
