"""Named arrays as one file, which NumPy reads too, laid out so that reading it copies nothing."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.artefacts import ArtefactError

_DAMAGED = (ValueError, KeyError, EOFError, OSError, struct.error, zipfile.BadZipFile)
"""What reading a file raises that is no archive of arrays."""
_ALIGNMENT = 64
_PADDING_ID = 0xD935
"""As tools that align the members of an archive call it."""
_LOCAL_HEADER = 30
_LENGTHS_AT = 26
_ZIP64_EXTRA = 20
_SUFFIX = ".npy"


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays by name as one file; equal arrays make equal files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(name + _SUFFIX)
            member.extra = _padding(file.tell(), len(member.filename.encode()))
            with archive.open(member, "w", force_zip64=True) as opened:
                np.lib.format.write_array(opened, np.asanyarray(array), allow_pickle=False)
    return file.getvalue()


def unpack(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file, which cannot be written to; raises ArtefactError for another.

    They lie in `data` itself: nothing is copied, and nothing is checked of what they hold.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {
                member.filename.removesuffix(_SUFFIX): _array(data, member)
                for member in archive.infolist()
            }
    except _DAMAGED as error:
        raise ArtefactError("the file holds no arrays") from error


def _padding(offset: int, name_length: int) -> bytes:
    """Return what lets the content of a member that begins here begin at a round place."""
    begin = offset + _LOCAL_HEADER + name_length + _ZIP64_EXTRA + 4
    missing = -begin % _ALIGNMENT
    return struct.pack("<HH", _PADDING_ID, missing) + bytes(missing)


def _array(data: bytes, member: zipfile.ZipInfo) -> NDArray[Any]:
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError("it is compressed")
    lengths = struct.unpack_from("<HH", data, member.header_offset + _LENGTHS_AT)
    begin = member.header_offset + _LOCAL_HEADER + sum(lengths)
    header = io.BytesIO(data[begin : begin + min(member.file_size, 1 << 16)])
    version = np.lib.format.read_magic(header)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, is_fortran, dtype = read_header(header)
    count = int(np.prod(shape, dtype=np.int64))
    if dtype.hasobject or header.tell() + count * dtype.itemsize != member.file_size:
        raise ValueError("it is not whole")
    values = np.frombuffer(data, dtype, count, begin + header.tell())
    if not values.flags.aligned:  # written by NumPy itself
        values = values.copy()
    return values.reshape(shape[::-1]).T if is_fortran else values.reshape(shape)
