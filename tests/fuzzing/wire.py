"""Spoils messages on the wire: what no library of a caller would send."""

from __future__ import annotations

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import strategies as st

_LENGTH_DELIMITED, _GROUP = 2, 3
_NESTED = 10_000
"""Levels of one message in another; a hundred are taken."""
_NOT_UTF8 = b"\xff\xfe\xfd"


def spoilt(of: Descriptor, whole: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Draw bytes for a request of a type: of each four three as they should be, one spoilt."""
    bad = st.one_of(
        _changed(whole),
        st.tuples(whole, st.binary(min_size=1, max_size=30)).map(b"".join),
        st.tuples(whole, _wrong_texts(of)).map(b"".join),
        st.sampled_from([nested(of), b"\x0b" * _NESTED, b"\x0a\xff\xff\xff\xff\x0f"]),
        st.binary(max_size=300),
    )
    return st.one_of(whole, whole, whole, bad)


@st.composite
def _changed(draw, whole):
    """Cut a message, or change one byte of it."""
    data = draw(whole)
    if not data:
        return data
    at = draw(st.integers(0, len(data) - 1))
    if draw(st.booleans()):
        return data[:at]
    return data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]


def _wrong_texts(of: Descriptor) -> st.SearchStrategy[bytes]:
    """Draw a field of text whose bytes are none."""
    numbers = [field.number for field in of.fields if field.type == FieldDescriptor.TYPE_STRING]
    tags = [_varint(number << 3 | _LENGTH_DELIMITED) for number in numbers or [1]]
    return st.sampled_from([tag + bytes([len(_NOT_UTF8)]) + _NOT_UTF8 for tag in tags])


def nested(of: Descriptor, levels: int = _NESTED) -> bytes:
    """Return a message in its own field, again and again, as deep as 32 KiB let it."""
    number = next(
        (f.number for f in of.fields if f.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE), 15
    )
    tag, data = _varint(number << 3 | _LENGTH_DELIMITED), b""
    for _ in range(levels):
        if len(data) > 1 << 15:
            break
        data = tag + _varint(len(data)) + data
    return data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
