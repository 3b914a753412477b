"""Indexes as files: what FAISS maps into memory, followed by where the vectors lie in it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import faiss
import numpy as np

from services.retrieval.storage.vectors.exact import VectorRows
from services.retrieval.storage.vectors.lists import Layout, ListIndex
from services.retrieval.storage.vectors.reports import IndexFacts
from shared.artefacts import ArtefactAwayError, ArtefactError

EXACT_FILE = b"tpexact1"
"""Stands for an index of which was measured that comparing all is no slower: none is needed."""
_MAGIC = b"tpindex1"
_LENGTH_BYTES = 8
_MARKED = 1024
"""Vectors by which an index tells whether it was built of them."""
_DAMAGED = (
    AttributeError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    OSError,
    RuntimeError,
    zipfile.BadZipFile,
)
"""What NumPy and FAISS raise for a file that is no index."""


def encoded_index(index: ListIndex, vectors: VectorRows) -> bytes:
    """Return an index over vectors as a file."""
    return b"".join(_pieces(index, vectors))


def write_index(index: ListIndex, vectors: VectorRows, path: Path) -> None:
    """Write the same where it is too large to be held in memory once more."""
    faiss.write_index(index.index, str(path))
    with path.open("ab") as file:
        file.writelines(_ending(index, vectors))


def open_index(path: Path, vectors: VectorRows) -> ListIndex:
    """Return the index of a file, mapped into memory, over the vectors it was built of.

    Raises ArtefactError for anything else: the file of another model is as wrong as a torn one.
    """
    try:
        layout, facts, mark = _ended(path)
        index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        lists: Any = faiss.downcast_InvertedLists(index.invlists)
    except _DAMAGED as error:
        raise ArtefactError("the file holds no index") from error
    if mark != mark_of(vectors):
        raise ArtefactError("the index was built of the vectors of another model")
    if not isinstance(index, faiss.IndexIVF) or index.ntotal != vectors.shape[0]:
        raise ArtefactError("the index holds other vectors than it says")
    # Threads that read ahead of each search cost more than what they read.
    lists.prefetch_nthread = 0
    return ListIndex(index, layout, facts, vectors.__getitem__)


def decoded_index(data: bytes, vectors: VectorRows) -> ListIndex:
    """Return the index of a file's content, over the vectors it was built of.

    It is mapped from a file of its own, in memory where the system has such: whatever becomes of
    the other one, what was checked is served.
    """
    try:
        with _file_of_its_own() as (file, path):
            file.write(data)
            file.flush()
            return open_index(path, vectors)
    except OSError as error:
        told = f"there is no room for the index of a model: {error.strerror}"
        raise ArtefactAwayError(told) from error


@contextmanager
def _file_of_its_own() -> Iterator[tuple[IO[bytes], Path]]:
    """Open a file that is gone once it is closed and nothing maps it."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("index"), "w+b") as file:
            yield file, Path(f"/proc/self/fd/{file.fileno()}")
    else:
        with tempfile.NamedTemporaryFile() as file:
            yield file.file, Path(file.name)


def mark_of(vectors: VectorRows) -> str:
    """Return what tells vectors from others without reading all of them."""
    count = vectors.shape[0]
    places = np.unique(np.linspace(0, count - 1, min(_MARKED, count)).astype(np.int64))
    digest = hashlib.sha256(repr(vectors.shape).encode())
    digest.update(np.ascontiguousarray(vectors[places], np.float32).tobytes())
    return digest.hexdigest()


def _pieces(index: ListIndex, vectors: VectorRows) -> Iterable[bytes]:
    yield faiss.serialize_index(index.index).tobytes()
    yield from _ending(index, vectors)


def _ending(index: ListIndex, vectors: VectorRows) -> Iterable[bytes]:
    layout = index.layout
    numbers = {
        "facts": asdict(index.facts),
        "mark": mark_of(vectors),
        "scanned": layout.scanned,
        "scanned_filtered": layout.scanned_filtered,
        "compared_up_to": layout.compared_up_to,
    }
    file = io.BytesIO()
    np.savez(
        file,
        allow_pickle=False,
        numbers=np.frombuffer(json.dumps(numbers).encode(), np.uint8),
        promise=layout.promise,
        list_of=layout.list_of,
        sizes=layout.sizes,
    )
    ending = file.getvalue()
    yield from (ending, len(ending).to_bytes(_LENGTH_BYTES, "big"), _MAGIC)


def _ended(path: Path) -> tuple[Layout, IndexFacts, str]:
    """Read what comes after the index of FAISS."""
    tail = _LENGTH_BYTES + len(_MAGIC)
    with path.open("rb") as file:
        file.seek(-tail, io.SEEK_END)
        length = int.from_bytes(file.read(_LENGTH_BYTES), "big")
        if file.read() != _MAGIC:
            raise ValueError("this is no index of ours")
        file.seek(-tail - length, io.SEEK_END)
        with np.load(io.BytesIO(file.read(length)), allow_pickle=False) as archive:
            numbers: dict[str, Any] = json.loads(archive["numbers"].tobytes())
            promise, list_of, sizes = (archive[name] for name in ("promise", "list_of", "sizes"))
    layout = Layout(
        promise,
        list_of,
        sizes,
        numbers["scanned"],
        numbers["scanned_filtered"],
        numbers["compared_up_to"],
    )
    return layout, IndexFacts(**numbers["facts"]), numbers["mark"]
