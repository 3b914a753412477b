"""`touchpoint keys`: who may call, and the certificates of a deployment without an authority."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import CommandError, Exit, add_row, failures_told, people, say_json, table
from cli.keys_file import KeysFile, ends
from cli.options import HomeOption, JsonOption
from cli.reach import home_of
from shared.callers.keys import hash_of, new_key
from shared.callers.scopes import CHANNELS, SCOPES
from shared.tls.making import Made, make_authority, make_certificate

_BROWSER_CHANNEL = "WEB"
_CERTIFICATE_DAYS = 365

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)


@app.callback()
def _all_about_callers() -> None:
    """Say who may call: make, list and revoke keys, and make certificates for TLS.

    docs/callers.md tells what keys and scopes there are, and what browsers may do.

    Example: touchpoint keys new page --browser --placement web.home.banner
    """


def browser_scopes(channel: str) -> list[str]:
    """Return what a page needs: to be shown offers and to tell what its visitor does."""
    return [
        f"offers:read:{channel}",
        f"events:write:{channel}",
        f"questions:ask:{channel}",
        "visitors:issue",
        "identities:link",
    ]


@app.command("new")
@failures_told()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the caller, in logs.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="SCOPE", help="What it may do, such as offers:read:WEB; repeatable."),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser", help="It stands in a page: for its own visitor only.")
    ] = False,
    channel: Annotated[str, typer.Option(help="Of its requests that name none.")] = "",
    placement: Annotated[str, typer.Option(help="Of its requests that name none.")] = "",
    days: Annotated[
        int | None, typer.Option(min=1, help="How long it is good; else until it is revoked.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it, this once: only its hash is kept.

    A key for a page gets what a page needs, unless scopes are given. A suite that was open is
    closed by its first key once it is started again; one that is closed knows it within a second.

    Example: touchpoint keys new shop --scope offers:read --scope events:write
    """
    scopes = list(scope or ()) or (browser_scopes(channel or _BROWSER_CHANNEL) if browser else [])
    if not scopes:
        raise CommandError(
            f"Say what it may do: --scope, one or more of {', '.join(SCOPES)} or *", Exit.USAGE
        )
    if channel and channel not in CHANNELS:
        raise CommandError(f"--channel must be one of {', '.join(CHANNELS)}", Exit.USAGE)
    key, key_id = new_key()
    now = datetime.now(UTC)
    entry: dict[str, Any] = {"name": name, "id": key_id, "hash": hash_of(key)}
    if browser:
        entry["browser"] = True
    entry["scopes"] = scopes
    told = {"channel": channel, "placement": placement}
    entry |= {each: value for each, value in told.items() if value}
    entry["created"] = now.replace(microsecond=0)
    if days is not None:
        entry["expires"] = (now + timedelta(days=days)).replace(microsecond=0)
    file = KeysFile.of(home_of(home))
    was_open = not file.path.exists()
    file.add(entry)
    if as_json:
        say_json({"key": key, "id": key_id, "name": name, "file": str(file.path)})
    else:
        _show_new(key, entry, file, was_open=was_open)


def _show_new(key: str, entry: Mapping[str, Any], file: KeysFile, *, was_open: bool) -> None:
    typer.echo(key)
    people.print(
        f"Key {entry['id']} of {entry['name']}, kept as a hash in {file.path}. "
        "It is not shown again.",
        markup=False,
        soft_wrap=True,
    )
    if was_open:
        people.print(
            "It is the first: once the suite is started again, nobody is served without a key.",
            soft_wrap=True,
        )


@app.command("list")
@failures_told()
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show who has a key and what each may do.

    Example: touchpoint keys list
    """
    file = KeysFile.of(home_of(home))
    if as_json:
        say_json({"file": str(file.path), "callers": [_shown(entry) for entry in file.callers]})
        return
    if not file.callers:
        people.print(f"{file.path} has no key: touchpoint keys new makes one.", markup=False)
        return
    shown = table("id", "caller", "good", "", "may")
    for entry in file.callers:
        kind = "browser" if entry.get("browser") else ""
        add_row(
            shown, entry["id"], entry["name"], ends(entry), kind, " ".join(entry.get("scopes", ()))
        )
    people.print(shown)


def _shown(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if name in ("created", "expires", "revoked") else value
        for name, value in entry.items()
        if name != "hash"
    }


@app.command("revoke")
@failures_told()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse a key from now on; every service knows within a second.

    Example: touchpoint keys revoke 0a1b2c3d4e5f
    """
    entry = KeysFile.of(home_of(home)).revoke(key_id, datetime.now(UTC))
    if as_json:
        say_json(_shown(entry))
    else:
        people.print(f"Key {key_id} of {entry['name']} is refused from now on.", markup=False)


@app.command("certificate")
@failures_told()
def certificate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where it is written.")],
    name: Annotated[
        list[str] | None,
        typer.Option(help="A host name or address that it is reached by; repeatable."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="How long it is good.")] = _CERTIFICATE_DAYS,
    as_json: JsonOption = False,
) -> None:
    """Make a certificate that an authority of the deployment's own signs, for TLS.

    The authority is made at the first time and used again: whoever believes authority.pem believes
    all that it signed. Its key is written beside the folder (DIR.authority.key.pem); keep it to
    yourself. Running services take a renewed certificate up by themselves.

    Example: touchpoint keys certificate deploy/callers --name aggregator --name profile
    """
    now = datetime.now(UTC)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = make_certificate(_authority(folder, now), name or (), now, days)
    _write(folder / "key.pem", made.key)
    _write(folder / "certificate.pem", made.certificate)
    files = {each: str(folder / f"{each}.pem") for each in ("authority", "certificate", "key")}
    if as_json:
        say_json(files)
        return
    people.print(
        f"TOUCHPOINT_TLS_AUTHORITY={files['authority']}\n"
        f"TOUCHPOINT_TLS_CERTIFICATE={files['certificate']}\n"
        f"TOUCHPOINT_TLS_KEY={files['key']}",
        markup=False,
        soft_wrap=True,
    )


def _authority(folder: Path, now: datetime) -> Made:
    # Its key lies beside the folder: what is in there is handed to every service.
    kept, key = folder / "authority.pem", folder.with_name(f"{folder.name}.authority.key.pem")
    if kept.exists() and key.exists():
        return Made(kept.read_bytes(), key.read_bytes())
    if kept.exists():
        raise ValueError(f"{key} is missing: {kept} is of an authority whose key is elsewhere")
    made = make_authority(now)
    _write(key, made.key)
    _write(kept, made.certificate)
    return made


def _write(file: Path, data: bytes) -> None:
    draft = file.with_name(f".{file.name}.draft")
    draft.touch(mode=0o600)
    draft.write_bytes(data)
    draft.replace(file)
