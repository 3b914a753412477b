"""A file that is there whole or not at all, for its owner alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

_ONLY_FOR_THE_OWNER = 0o600


@contextmanager
def whole_file(path: Path | None, option: str) -> Iterator[TextIO | None]:
    """Open a file to write, before the work whose outcome it is to hold; None where none is asked.

    It takes its name at the end of the block, unless that raised. Raises ValueError, naming the
    option, where it cannot be written: before hours of work are lost.
    """
    if path is None:
        yield None
        return
    if path.is_dir():
        raise ValueError(f"{option} {path}: is a folder; name a file")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _ONLY_FOR_THE_OWNER)
    except OSError as error:
        raise ValueError(f"{option} {path}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
