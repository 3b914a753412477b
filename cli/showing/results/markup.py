"""Parts of the page of results that are made alike everywhere on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def figure(drawn: str, caption: str) -> str:
    return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>"


def table_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; heads are plain, cells are HTML already."""
    heads = "".join(f"<th>{escape(each)}</th>" for each in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for cells in rows
    )
    return f"<div class=scroll><table><tr>{heads}</tr>{body}</table></div>"
