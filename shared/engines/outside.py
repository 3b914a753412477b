"""Gives an unprivileged user a folder of its own, where root's home lets nobody else in."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from shared.engines.account import Account, can_run
from shared.engines.binaries import PostgresInstall
from shared.engines.errors import EngineError

FOLDER_SETTING = "TOUCHPOINT_UNPRIVILEGED_FOLDER"
FOLDERS = ("/var/lib/touchpoint", "/var/tmp/touchpoint")  # noqa: S108 - checked to be root's
PASSABLE = 0o711
OWNER_MARK = "home"
POINTER = "postgres-lies-in"
"""Of the home: names the folder outside, so that a lost password is not taken for a new home."""


async def outside_folder(
    home: Path, secret: str, install: PostgresInstall, account: Account, environ: Mapping[str, str]
) -> tuple[Path, PostgresInstall]:
    """Return this home's folder outside of it, and a copy of the programs inside that folder.

    Only folders that we make ourselves are used; nobody's permissions are changed. What a deleted
    home of the same path left there (it knew another `secret`) is thrown away. Raises `EngineError`
    if no place can be reached by the account, or if this home's own folder has another secret.
    """
    refusals = []
    for root in _roots(environ):
        try:
            folder = _own_folder(root, home, secret)
            copy = _private_copy(install, folder)
        except OSError as error:
            refusals.append(f"{root}: {error.strerror or error}")
            continue
        if await can_run(account, copy.postgres, folder):
            (home / POINTER).write_text(f"{folder}\n")
            return folder, copy
        refusals.append(f"{root}: programs cannot be run there by uid {account.uid}")
    raise EngineError(
        "PostgreSQL does not run as root, user namespaces are not allowed here, and there is no "
        f"folder for an unprivileged user ({'; '.join(refusals)}). Name one in {FOLDER_SETTING}, "
        "start as a normal user, or give TOUCHPOINT_POSTGRES_URL."
    )


def existing_folders(home: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """List the folders that this home has outside of itself."""
    for root in _roots(environ):
        folder = root / _name_of(home)
        if folder.is_dir() and not folder.is_symlink():
            yield folder


def _roots(environ: Mapping[str, str]) -> list[Path]:
    named = environ.get(FOLDER_SETTING)
    return [Path(named)] if named else [Path(folder) for folder in FOLDERS]


def _name_of(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]


def _own_folder(root: Path, home: Path, secret: str) -> Path:
    _make(root)
    folder = root / _name_of(home)
    _make(folder)
    mark = folder / OWNER_MARK
    owner = hashlib.sha256(secret.encode()).hexdigest()
    if not mark.exists() or mark.read_text() != owner:
        if _is_named_by(home, folder):
            raise EngineError(
                f"the password in {home}/secrets/postgres does not open the database in {folder}: "
                "restore the one or remove the other."
            )
        shutil.rmtree(folder)
        _make(folder)
        mark.write_text(owner)
        mark.chmod(0o600)
    return folder


def _is_named_by(home: Path, folder: Path) -> bool:
    pointer = home / POINTER
    return pointer.exists() and pointer.read_text().strip() == str(folder) and any(folder.iterdir())


def _make(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir()
        folder.chmod(PASSABLE)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(0, "is not a folder that only root may write to")


def _private_copy(install: PostgresInstall, folder: Path) -> PostgresInstall:
    """Copy what initdb and postgres need, in the wheel's layout, which their library paths want."""
    package = install.folder.parent
    built = int(install.postgres.stat().st_mtime)
    site = folder / f"programs-{built}"
    copy = PostgresInstall(site / package.name / install.folder.name)
    if copy.folder.exists():
        return copy
    draft = folder / "programs.draft"
    shutil.rmtree(draft, ignore_errors=True)
    skip = shutil.ignore_patterns("include", "pkgconfig", "*.a")
    shutil.copytree(
        install.folder, draft / package.name / install.folder.name, symlinks=True, ignore=skip
    )
    for libraries in (package.parent / f"{package.name}.libs", package / ".dylibs"):
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.relative_to(package.parent), symlinks=True)
    _let_everyone_read(draft)
    draft.replace(site)
    return copy


def _let_everyone_read(copy: Path) -> None:
    """Open a copy of ours for reading, whatever the umask of the installation was."""
    copy.chmod(0o755)
    for path in copy.rglob("*"):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
