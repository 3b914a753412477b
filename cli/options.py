"""The arguments and options that several commands share, each with one name and one meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.reach import DEFAULT_HOME, EDGE_SETTING, HOME_SETTING

DEFAULT_PLACEMENT = "web.home.banner"
_WHERE = "Where"
"""The panel of the help that says whom a command talks to."""

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help=f"Folder of the suite; else {HOME_SETTING}, else {DEFAULT_HOME}.",
        rich_help_panel=_WHERE,
    ),
]
EdgeOption = Annotated[
    str,
    typer.Option(
        "--edge",
        metavar="HOST:PORT",
        envvar=EDGE_SETTING,
        help="The edge's gRPC; else where the suite of the home listens.",
        rich_help_panel=_WHERE,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]

WhoArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="KIND:VALUE…",
        help="Who it is: customer, loyalty_card, email, phone or visitor, and its value.",
    ),
]
ChannelOption = Annotated[
    str,
    typer.Option(
        help="WEB, APP, PUSH, EMAIL, SMS, DIRECT_MAIL, CALL_CENTER, IVR, CHAT or STORE; any case."
    ),
]
PlacementsOption = Annotated[
    list[str] | None,
    typer.Option("--placement", help=f"Where it is shown; repeatable. Else {DEFAULT_PLACEMENT}."),
]
SessionOption = Annotated[str, typer.Option(help="The visit or call.")]
