"""`touchpoint versions` and `diff`: who put what into force, and what differs between versions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict

from cli.calling import call, service
from cli.commands.definitions import DEFAULT_FOLDER, read_folder, show_problems
from cli.console import Exit, add_row, people, say_json, table
from cli.options import HomeOption, JsonOption
from cli.showing.changes import SHORT, compare, share_told, show_changes, show_lines
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import DefinitionFile, Version, VersionCause
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

_CAUSES = {
    VersionCause.UNSPECIFIED: "in force before",
    VersionCause.SHIPPED: "shipped",
    VersionCause.APPLIED: "applied",
    VersionCause.ROLLED_BACK: "rolled back",
}


def versions(
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who put which definitions into force, when and why; newest first.

    Each bundle can be named by the characters shown: in `touchpoint diff` and `rollback`.

    Example: touchpoint versions --limit 5
    """
    with service("rules", home) as channel:
        request = pb.ListVersionsRequest(limit=limit)
        answer = call(RulesServiceStub(channel).ListVersions, request)
    if as_json:
        say_json(answer)
        return
    shown = table("", "when", "who", "what", "bundle", "for a share", "why")
    for version in answer.versions:
        add_row(shown, *_cells(version))
    people.print(shown)


def diff(
    target: Annotated[
        str,
        typer.Argument(metavar="[DIR|HASH]", help="A folder of definitions, or another version."),
    ] = str(DEFAULT_FOLDER),
    against: Annotated[
        str,
        typer.Option("--from", metavar="HASH", help="The older version; else the one in force."),
    ] = "",
    only_words: Annotated[
        bool, typer.Option("--words", help="Leave out the lines of each file.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what differs from the definitions in force, or between any two versions.

    First in words: rules and all else that was added, removed or changed; then line by line.

    Example: touchpoint diff deploy/definitions --words
    """
    with service("rules", home) as channel:
        stub = RulesServiceStub(channel)
        request, files = pb.CompareDefinitionsRequest(from_hash=against), None
        if is_version(target):
            request.to_hash = target
        else:
            files = read_folder(Path(target))
            request.to_files.extend(files)
        answer = call(stub.CompareDefinitions, request)
        old = _files_of(stub, answer.from_hash)
        new = _texts(files) if files is not None else _files_of(stub, answer.to_hash)
    changed = {path: lines for path, lines in compare(old, new, _name(against)).items() if lines}
    lines = list(chain.from_iterable(changed.values()))
    if as_json:
        say_json({**_said(answer), "changed": sorted(changed), "diff": "\n".join(lines)})
    else:
        show_problems(Path(target), answer.problems)
        _show(answer, [] if only_words else lines)
    if not answer.to_hash:
        raise typer.Exit(Exit.FAILED)


def _show(answer: pb.CompareDefinitionsResponse, lines: list[str]) -> None:
    show_changes(answer.changes)
    show_lines(lines)
    if answer.to_hash == answer.from_hash:
        people.print("They say the same, in other lines." if lines else "No change.")


def _said(answer: pb.CompareDefinitionsResponse) -> dict[str, object]:
    return MessageToDict(answer)


def is_version(target: str) -> bool:
    """Say whether a bundle is meant: characters of a hash, where there is no such folder."""
    return (
        len(target) >= 6
        and all(character in "0123456789abcdef" for character in target)
        and not Path(target).exists()
    )


def _name(against: str) -> str:
    return against[:SHORT] or "in force"


def _files_of(stub: RulesServiceStub, bundle_hash: str) -> dict[str, str]:
    return _texts(call(stub.GetBundle, pb.GetBundleRequest(bundle_hash=bundle_hash)).bundle.files)


def _texts(files: Iterable[DefinitionFile]) -> dict[str, str]:
    return {file.path: file.text for file in files}


def _cells(version: Version) -> list[str]:
    when = version.activated_time.ToDatetime(tzinfo=UTC).astimezone()
    share = ""
    if version.HasField("trial"):
        share = f"{version.trial.bundle_hash[:SHORT]} for {share_told(version.trial)}"
    return [
        str(version.number),
        f"{when:%Y-%m-%d %H:%M}",
        version.changed_by or "-",
        _CAUSES.get(version.cause, "-"),
        version.bundle_hash[:SHORT],
        share,
        version.message,
    ]
