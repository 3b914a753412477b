"""Artefacts are named by their content, and nothing torn or altered is got."""

import hashlib
from pathlib import Path

import pytest

from shared.artefacts import ArtefactError, FolderArtefacts

DATA = b"an index" * 1000


async def test_what_is_put_is_got_by_its_hash(tmp_path: Path):
    store = FolderArtefacts(tmp_path)
    name = await store.put(DATA)
    assert name == hashlib.sha256(DATA).hexdigest()
    assert await store.get(name) == DATA
    assert (await store.file(name)).read_bytes() == DATA
    assert await store.put(DATA) == name


@pytest.mark.parametrize("place", [0, 1234, len(DATA) - 1])
async def test_a_single_flipped_bit_is_noticed(tmp_path: Path, place: int):
    store = FolderArtefacts(tmp_path)
    name = await store.put(DATA)
    path = await store.file(name)
    altered = bytearray(DATA)
    altered[place] ^= 1
    path.write_bytes(altered)
    for attempt in (store.get, store.file):
        with pytest.raises(ArtefactError, match="torn or altered"):
            await attempt(name)


async def test_a_torn_file_is_refused_and_mended_by_putting_it_again(tmp_path: Path):
    store = FolderArtefacts(tmp_path)
    name = await store.put(DATA)
    (await store.file(name)).write_bytes(DATA[:100])
    with pytest.raises(ArtefactError):
        await store.get(name)
    await store.put(DATA)
    assert await store.get(name) == DATA


async def test_a_write_that_was_interrupted_leaves_nothing_to_be_found(tmp_path: Path):
    store = FolderArtefacts(tmp_path)
    name = await store.put(DATA)
    await store.remove(name)
    await store.remove(name)
    with pytest.raises(ArtefactError, match="cannot be read"):
        await store.get(name)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "0" * 63])
async def test_only_hashes_are_names(tmp_path: Path, name: str):
    with pytest.raises(ArtefactError, match="no name"):
        await FolderArtefacts(tmp_path).get(name)


async def test_sweeping_removes_what_nobody_needs_once_it_is_old(tmp_path):
    store = FolderArtefacts(tmp_path)
    kept, orphan = await store.put(b"kept"), await store.put(b"orphan")
    half = tmp_path / orphan[:2] / ".draft-of-a-crash"
    half.write_bytes(b"half")
    assert await store.sweep({kept}, 3600.0) == 0
    assert await store.sweep({kept}, 0.0) == 2
    assert await store.get(kept) == b"kept"
    assert not half.exists()
    with pytest.raises(ArtefactError):
        await store.get(orphan)


async def test_what_another_process_sweeps_at_the_same_time_is_no_failure(tmp_path, monkeypatch):
    store = FolderArtefacts(tmp_path)
    await store.put(b"old")
    stat = Path.stat

    def after_another_swept(path, **how):
        if path.parent.parent == tmp_path:
            path.unlink(missing_ok=True)
        return stat(path, **how)

    monkeypatch.setattr(Path, "stat", after_another_swept)
    assert await store.sweep((), 0.0) == 0
