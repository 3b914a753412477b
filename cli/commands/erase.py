"""`touchpoint erase`: everything that is kept of a person, gone."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.calling import call, service
from cli.console import people, say_json
from cli.finding import find_person
from cli.options import HomeOption, JsonOption
from cli.showing.words import several
from touchpoint.aggregator.v1.aggregator_pb2 import Who
from touchpoint.profile.v1.profile_service_pb2 import ErasePersonRequest
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub


def erase(
    who: Annotated[str, typer.Argument(metavar="KIND:VALUE", help="Any identity of the person.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a person with all their identities in every service; it cannot be undone.

    Profile's rows are gone at once; every other service erases its own within a minute.

    Example: touchpoint erase email:ada.brenner@example.com
    """
    found = find_person(who, home)
    if not yes:
        people.print(f"This erases {_described(found)}, everywhere and for good.", markup=False)
        typer.confirm("Erase?", abort=True)
    with service("profile", home) as channel:
        request = ErasePersonRequest(person_ids=found.person_ids)
        answer = call(ProfileServiceStub(channel).ErasePerson, request)
    if as_json:
        say_json(answer)
    else:
        people.print(
            f"Erased: {several(answer.rows, 'row')} of profile. The other services follow."
        )


def _described(found: Who) -> str:
    known = ", ".join(f"{each.kind} {each.masked_value}" for each in found.identities)
    return f"{found.name or 'the person'} known as {known or found.person_id}"
