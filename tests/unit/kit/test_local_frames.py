"""Messages on a socket arrive whole and in order, however the stream is cut."""

from __future__ import annotations

import struct
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.local.frames import Frames


class Heard(Frames):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[bytes] = []

    def received(self, message: bytes) -> None:
        self.messages.append(message)


@given(st.lists(st.binary(max_size=20), max_size=8), st.lists(st.integers(0, 200), max_size=12))
def test_messages_arrive_whole_however_they_are_cut(sent: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(struct.pack("<I", len(each)) + each for each in sent)
    heard = Heard()
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for begin, end in pairwise(places):
        heard.data_received(stream[begin:end])
    assert heard.messages == sent
