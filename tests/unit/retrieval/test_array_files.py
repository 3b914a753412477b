"""Arrays as files that are read without copying."""

import io

import numpy as np
import pytest

from services.retrieval.storage.array_files import pack, unpack
from shared.artefacts import ArtefactError

ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "none": np.zeros((0, 4), np.uint32),
    "number": np.array(3.5),
    "yes": np.array([True, False]),
    "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "é" * 40: np.arange(3),
}


def assert_same(found):
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tolist() == array.tolist()


def test_arrays_are_whole_again_and_lie_in_the_data_itself():
    data = pack(ARRAYS)
    found = unpack(data)
    assert_same(found)
    assert all(each.flags.aligned for each in found.values())
    assert np.shares_memory(found["a"], np.frombuffer(data, np.uint8))


def test_numpy_reads_the_same():
    with np.load(io.BytesIO(pack(ARRAYS)), allow_pickle=False) as archive:
        assert_same({name: archive[name] for name in archive.files})


def test_what_numpy_wrote_is_read_too():
    file = io.BytesIO()
    np.savez(file, **ARRAYS)
    found = unpack(file.getvalue())
    assert_same(found)
    assert all(each.flags.aligned for each in found.values())


def test_equal_arrays_make_equal_files():
    assert pack(ARRAYS) == pack({name: array.copy(order="K") for name, array in ARRAYS.items()})


def compressed():
    file = io.BytesIO()
    np.savez_compressed(file, **ARRAYS)
    return file.getvalue()


def shortened():
    data = pack({"a": np.arange(64)})
    return data.replace(b"(64,)", b"(99,)")


@pytest.mark.parametrize("data", [b"", b"hello", pack(ARRAYS)[:-9], compressed(), shortened()])
def test_anything_else_is_refused(data):
    with pytest.raises(ArtefactError):
        unpack(data)
