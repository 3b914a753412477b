"""`python -m bench.vectors build|search FOLDER COUNT`: an index in a process of its own, measured.

What it found goes out as one line of JSON. The vectors lie in a file and are made up in clusters,
as those of a catalogue are.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.allowed import Allowed
from services.retrieval.storage.vectors.building import built_in_lists
from services.retrieval.storage.vectors.exact import truly_nearest
from services.retrieval.storage.vectors.files import open_index, write_index
from services.retrieval.storage.vectors.lists import DEPTH, ListIndex, searched
from services.retrieval.storage.vectors.measuring import random_rows, recall

WIDTH = 64
_CLUSTERS = 2000
"""As a shop has categories: more items do not bring more of them."""
_WITHIN = 0.6
"""How far vectors of a cluster spread, beside centres of length 1."""
_ASKED = 200
_TIMED = 2000
_FILTERED = (0.01, 0.0001)
"""Shares of the vectors that a filter leaves."""
_AT_ONCE = 100_000
_MB = 1024.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.vectors", description=__doc__)
    parser.add_argument("step", choices=("build", "search"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    chosen = parser.parse_args()
    step = _built if chosen.step == "build" else _searched
    print(json.dumps(step(chosen.folder, chosen.count)))
    return 0


def _built(folder: Path, count: int) -> dict[str, Any]:
    """Make vectors up, then build their index from the file that they lie in."""
    _write_vectors(folder / "vectors.npy", count)
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    asked, others = np.split(_asked(vectors, 2 * _ASKED), 2)
    np.save(folder / "asked.npy", others)
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    began = time.monotonic()
    index = built_in_lists(vectors, asked)
    write_index(index, vectors, folder / "index")
    return {
        **index.facts.as_fields(),
        "build_s": time.monotonic() - began,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MB,
    }


def _searched(folder: Path, count: int) -> dict[str, Any]:
    """Open the index as a service does, and ask it what it was not built with."""
    faiss.omp_set_num_threads(1)
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    asked = np.load(folder / "asked.npy")
    before, began = _resident_bytes(), time.perf_counter()
    index = open_index(folder / "index", vectors)
    opened_s = time.perf_counter() - began
    everywhere = np.arange(index.facts.lists)[np.newaxis]
    searched(index.index, asked[:1], DEPTH, everywhere, None)
    _leave(vectors)
    memory_ratio = (_resident_bytes() - before) / index.facts.code_bytes
    found = {
        "opened_s": opened_s,
        "memory_ratio": memory_ratio,
        "recall": recall(index.nearest_each(asked, DEPTH)[0], truly_nearest(asked, vectors, DEPTH)),
        "spent_ms": _spent_ms(lambda vector: index.nearest(vector, DEPTH), asked),
        "filtered": [
            _filtered(index, vectors, asked, random_rows(count, int(share * count)))
            for share in _FILTERED
        ],
    }
    return {**found, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MB}


def _filtered(
    index: ListIndex,
    vectors: NDArray[np.float32],
    asked: NDArray[np.float32],
    allowed: Allowed,
) -> dict[str, Any]:
    rows, _ = index.nearest_each(asked, DEPTH, allowed)
    full = len(asked) * min(DEPTH, allowed.count)
    is_allowed = bool(allowed.mask[rows[rows >= 0]].all())
    return {
        "count": int((rows >= 0).sum()) / full if is_allowed else 0.0,
        "recall": recall(rows, truly_nearest(asked, vectors, DEPTH, allowed.mask)),
        "spent_ms": _spent_ms(lambda vector: index.nearest(vector, DEPTH, allowed), asked),
    }


def _spent_ms(search: Callable[[NDArray[np.float32]], object], asked: NDArray[np.float32]) -> Any:
    """Return how long searches took, one after the other."""
    spent = []
    for at in range(_TIMED):
        began = time.perf_counter()
        search(asked[at % len(asked)])
        spent.append((time.perf_counter() - began) * 1000)
    return spent


def _write_vectors(path: Path, count: int) -> None:
    random = np.random.default_rng(1)
    centres = random.normal(size=(_CLUSTERS, WIDTH)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (count, WIDTH)}
        np.lib.format.write_array_header_1_0(file, header)
        for begin in range(0, count, _AT_ONCE):
            size = min(_AT_ONCE, count - begin)
            noise = random.standard_normal((size, WIDTH), np.float32) * (_WITHIN / WIDTH**0.5)
            part = centres[random.integers(0, len(centres), size)] + noise
            part /= np.linalg.norm(part, axis=1, keepdims=True)
            file.write(part.astype(np.float32).tobytes())


def _asked(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return queries near some of the vectors, of those that a request would bring."""
    random = np.random.default_rng(2)
    rows = np.sort(random.choice(len(vectors), count, replace=False))
    near = vectors[rows] + random.normal(size=(count, WIDTH)) * (0.2 / WIDTH**0.5)
    _leave(vectors)
    return random.permutation(near).astype(np.float32)


def _leave(vectors: NDArray[np.float32]) -> None:
    """Count the pages of a mapped file among the memory of this process no longer."""
    if isinstance(vectors.base, mmap.mmap):
        vectors.base.madvise(mmap.MADV_DONTNEED)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    sys.exit(main())
