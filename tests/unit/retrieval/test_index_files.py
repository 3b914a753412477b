"""Indexes as files: found the same after a restart, refused when harmed or of another model."""

import errno
import os

import numpy as np
import pytest

from services.retrieval.domain.allowed import Allowed
from services.retrieval.storage.vectors.building import built_in_lists
from services.retrieval.storage.vectors.files import (
    decoded_index,
    encoded_index,
    open_index,
    write_index,
)
from shared.artefacts import ArtefactAwayError, ArtefactError, FolderArtefacts
from tests.unit.retrieval.test_indexes import ASKED, DEPTH, MANY, OTHERS, vectors


@pytest.fixture(scope="module")
def built():
    return built_in_lists(MANY, ASKED)


@pytest.fixture
def artefacts(tmp_path):
    return FolderArtefacts(tmp_path)


async def test_an_index_of_a_file_answers_as_the_one_that_was_built(built, artefacts):
    name = await artefacts.put(encoded_index(built, MANY))
    opened = open_index(await artefacts.file(name), MANY)
    for share in (1.0, 0.4, 0.01):
        allowed = Allowed.of(np.random.default_rng(1).random(len(MANY)) < share)
        rows, products = opened.nearest_each(OTHERS, DEPTH, allowed)
        wanted, their_products = built.nearest_each(OTHERS, DEPTH, allowed)
        assert rows.tolist() == wanted.tolist()
        assert products.tolist() == their_products.tolist()
    assert opened.facts == built.facts


def test_an_index_is_opened_where_the_system_has_no_files_in_memory(built, monkeypatch):
    data = encoded_index(built, MANY)
    monkeypatch.delattr(os, "memfd_create")
    rows, _ = decoded_index(data, MANY).nearest_each(OTHERS, DEPTH)
    assert rows.tolist() == built.nearest_each(OTHERS, DEPTH)[0].tolist()


def test_an_index_that_there_is_no_room_for_is_not_taken_for_a_torn_one(built, monkeypatch):
    def full(name):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "memfd_create", full)
    with pytest.raises(ArtefactAwayError, match="Too many open files"):
        decoded_index(encoded_index(built, MANY), MANY)


def test_what_is_written_in_one_go_and_piece_by_piece_is_the_same(built, tmp_path):
    write_index(built, MANY, tmp_path / "index")
    assert (tmp_path / "index").read_bytes() == encoded_index(built, MANY)


def test_a_file_is_little_larger_than_the_vectors_in_it(built):
    """Beside each vector only its row and its list."""
    size = len(encoded_index(built, MANY))
    beside = size - built.facts.code_bytes - len(MANY) * 10
    centres = 2 * 4 * built.facts.lists * (MANY.shape[1] + 2)
    assert beside < centres + 20_000


async def test_every_flipped_bit_and_every_torn_end_is_noticed(built, artefacts):
    data = encoded_index(built, MANY)
    name = await artefacts.put(data)
    path = await artefacts.file(name)
    for place in np.linspace(0, len(data) - 1, 25).astype(int):
        harmed = bytearray(data)
        harmed[place] ^= 1 << (place % 8)
        for content in (bytes(harmed), data[:place]):
            path.write_bytes(content)
            with pytest.raises(ArtefactError, match="torn or altered"):
                await artefacts.file(name)


def test_an_index_of_other_vectors_is_refused_with_its_reason(built, tmp_path):
    path = tmp_path / "index"
    path.write_bytes(encoded_index(built, MANY))
    with pytest.raises(ArtefactError, match="vectors of another model"):
        open_index(path, vectors(len(MANY), seed=9))
    with pytest.raises(ArtefactError, match="vectors of another model"):
        open_index(path, MANY[:-1])
    for content in (b"", b"hello", encoded_index(built, MANY)[:5000]):
        path.write_bytes(content)
        with pytest.raises(ArtefactError, match="no index"):
            open_index(path, MANY)
