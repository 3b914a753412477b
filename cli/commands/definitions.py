"""`touchpoint check apply diff rollback`: the definitions of a folder and those in force."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from cli.calling import call, service
from cli.console import CommandError, Exit, aside, people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.words import several
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import DefinitionFile, Problem
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

DEFAULT_FOLDER = Path("deploy/definitions")
_ENDINGS = {".yaml", ".yml"}

FolderArgument = Annotated[
    Path, typer.Argument(metavar="[DIR]", help="The folder of definitions, YAML.")
]


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
    folder: FolderArgument = DEFAULT_FOLDER, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Put a folder of definitions into force, once every service has compiled them.

    Example: touchpoint apply deploy/definitions
    """
    with service("rules", home) as channel:
        request = pb.ApplyDefinitionsRequest(files=read_folder(folder))
        answer = call(RulesServiceStub(channel).ApplyDefinitions, request)
    _tell(folder, answer, _applied(answer), as_json=as_json)


def diff(
    folder: FolderArgument = DEFAULT_FOLDER, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Show what applying a folder would change in the definitions in force.

    Example: touchpoint diff deploy/definitions
    """
    wanted = {file.path: file.text for file in read_folder(folder)}
    with service("rules", home) as channel:
        in_force = _in_force(RulesServiceStub(channel))
    changes = {path: lines for path, lines in compare(in_force, wanted).items() if lines}
    lines = list(chain.from_iterable(changes.values()))
    if as_json:
        say_json({"changed": sorted(changes), "diff": "\n".join(lines)})
        return
    for line in lines:
        people.print(line, style=_colour(line), markup=False, soft_wrap=True)
    if not changes:
        people.print("No change.")


def rollback(
    bundle_hash: Annotated[
        str, typer.Argument(metavar="[HASH]", help="Which; else the one before this one.")
    ] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put earlier definitions into force again.

    Example: touchpoint rollback
    """
    with service("rules", home) as channel:
        request = pb.RollbackDefinitionsRequest(bundle_hash=bundle_hash)
        answer = call(RulesServiceStub(channel).RollbackDefinitions, request)
    if as_json:
        say_json(answer)
    else:
        people.print(
            f"In force: bundle {answer.bundle_hash[:12]} (was {answer.previous_hash[:12]})."
        )


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


def compare(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the unified diff of each file, empty where it is the same."""
    return {
        path: list(
            difflib.unified_diff(
                old.get(path, "").splitlines(),
                new.get(path, "").splitlines(),
                f"in force/{path}",
                path,
                lineterm="",
            )
        )
        for path in sorted(old.keys() | new.keys())
    }


def _in_force(stub: RulesServiceStub) -> dict[str, str]:
    active = call(stub.GetBundle, pb.GetBundleRequest()).bundle
    return {file.path: file.text for file in active.files}


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
        _show(folder, answer.problems)
        people.print(outcome)
    if _mistakes(answer.problems):
        raise typer.Exit(Exit.FAILED)


def _mistakes(problems: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in problems if not problem.warning]


def _show(folder: Path, problems: Sequence[Problem]) -> None:
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
    if _mistakes(answer.problems):
        return f"Still in force: bundle {answer.bundle_hash[:12]}."
    if answer.bundle_hash == answer.previous_hash:
        return f"No change: bundle {answer.bundle_hash[:12]} was in force already."
    return (
        f"In force: bundle {answer.bundle_hash[:12]} (was {answer.previous_hash[:12] or 'none'})."
    )


def _colour(line: str) -> str | None:
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
