"""`touchpoint new personas`: writes proposed personas as definitions that people then edit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.calling import call, service
from cli.console import CommandError, Exit, people, say_json
from cli.defining.personas import definition_text, merged, people_of
from cli.options import HomeOption, JsonOption
from cli.showing.personas import show_proposals
from cli.showing.words import several
from touchpoint.common.v1.persona_pb2 import Persona
from touchpoint.profile.v1.personas_pb2 import PersonaProposals
from touchpoint.profile.v1.profile_service_pb2 import ListPersonaProposalsRequest
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

SUBFOLDER = "personas"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wish:
    """One persona that is to be written."""

    name: str
    sources: tuple[str, ...]
    """The proposals that it is made of."""


def new_personas(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of definitions.")],
    accept: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Write this proposal; repeatable.")
    ] = None,
    accept_all: Annotated[bool, typer.Option("--all", help="Write every proposal.")] = False,
    rename: Annotated[
        list[str] | None, typer.Option(metavar="OLD=NEW", help="Write OLD under another name.")
    ] = None,
    merge: Annotated[
        list[str] | None, typer.Option(metavar="A+B=C", help="Write A and B as one, named C.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write personas that `touchpoint train` proposed into a folder, one file each, to be edited.

    They stay as they are until somebody changes them; `touchpoint apply DIR` puts them into force.
    Without --accept, --all, --rename or --merge the proposals are shown and nothing is written.

    Example: touchpoint new personas deploy/definitions --accept running --merge books+dvds=homely
    """
    with service("profile", home) as channel:
        stub = ProfileServiceStub(channel)
        found = call(stub.ListPersonaProposals, ListPersonaProposalsRequest()).proposals
        if not found.proposals:
            raise CommandError("No personas are proposed yet: run `touchpoint train` first.")
        names = [each.persona.persona for each in found.proposals]
        chosen = names if accept_all else accept or []
        wishes = wished(names, chosen, parse_pairs(rename), parse_pairs(merge))
        texts = written(found, wishes)
        paths = write(folder / SUBFOLDER, texts) if texts else []
    if as_json:
        say_json({"written": [str(path) for path in paths], "proposed": names})
    elif paths:
        for path in paths:
            people.print(str(path), markup=False, soft_wrap=True)
        people.print(
            f"{several(len(paths), 'persona')} written. Edit as you like, then: "
            f"touchpoint apply {folder}",
            markup=False,
            soft_wrap=True,
        )
    else:
        show_proposals(found)


def parse_pairs(told: Sequence[str] | None) -> dict[str, str]:
    """Read `OLD=NEW` texts; raises CommandError where one is something else."""
    pairs = {}
    for text in told or ():
        old, equals, new = text.partition("=")
        if not equals or not old or not new:
            raise CommandError(f"{text!r} must be like OLD=NEW, or A+B=C", Exit.USAGE)
        pairs[old] = new
    return pairs


def wished(
    proposed: Sequence[str],
    accepted: Sequence[str],
    renames: Mapping[str, str],
    merges: Mapping[str, str],
) -> list[Wish]:
    """Return what is to be written; raises CommandError where a name is unknown or taken twice."""
    wishes = [Wish(name, tuple(sources.split("+"))) for sources, name in merges.items()]
    gone = {source for wish in wishes for source in wish.sources}
    singles = dict.fromkeys(name for name in (*accepted, *renames) if name not in gone)
    wishes += [Wish(renames.get(name, name), (name,)) for name in singles]
    for source in (source for wish in wishes for source in wish.sources):
        if source not in proposed:
            known = ", ".join(proposed)
            raise CommandError(f"{source} is not proposed; there are {known}", Exit.USAGE)
    for name in renames.keys() & gone:
        raise CommandError(f"{name} is renamed and merged: do one of them", Exit.USAGE)
    _refuse_twice([source for wish in wishes for source in wish.sources])
    _refuse_names([wish.name for wish in wishes])
    return wishes


def _refuse_twice(sources: Sequence[str]) -> None:
    for name in sources:
        if sources.count(name) > 1:
            raise CommandError(f"{name} is merged twice: its people are of one persona", Exit.USAGE)


def _refuse_names(names: Sequence[str]) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise CommandError(
                f"{name!r} is no name of a persona: small letters, digits, _ and -", Exit.USAGE
            )
        if names.count(name) > 1:
            raise CommandError(f"two personas would be named {name}", Exit.USAGE)


def written(found: PersonaProposals, wishes: Sequence[Wish]) -> dict[str, str]:
    """Return the text of each definition, by the name of its persona."""
    by_name = {each.persona.persona: each.persona for each in found.proposals}
    return {
        wish.name: definition_text(
            _persona(wish, [by_name[source] for source in wish.sources]),
            found,
            people_of(found.proposals, wish.sources),
        )
        for wish in wishes
    }


def _persona(wish: Wish, sources: Sequence[Persona]) -> Persona:
    if len(sources) > 1:
        return merged(wish.name, sources)
    persona = Persona()
    persona.CopyFrom(sources[0])
    persona.persona = wish.name
    return persona


def write(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write the files; one that is there already stays, and then nothing is written."""
    paths = {name: folder / f"{name}.yaml" for name in texts}
    for path in paths.values():
        if path.exists():
            raise CommandError(
                f"{path} is there already and stays as it is: edit it, or --rename the new one"
            )
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in paths.items():
        path.write_text(texts[name], encoding="utf-8")
    return list(paths.values())
