"""What waits to be recorded is written in the order it came, and never grows without end."""

from services.rules.recorder import Recorder, with_slates
from touchpoint.rules.v1.recording_pb2 import RecordedDecision


class Slow:
    """A store to which more comes while it writes."""

    def __init__(self):
        self.written = {}
        self.arriving = []
        self.recorder = Recorder(self)

    async def add(self, recorded):
        while self.arriving:
            self.recorder.record(self.arriving.pop(), b"late")
        self.written.update(recorded)


async def test_what_comes_while_others_are_written_is_written_too():
    store = Slow()
    store.arriving = ["late 2", "late 1"]
    for number in range(25):
        store.recorder.record(f"d{number}", b"early")
    await store.recorder.write()
    assert list(store.written) == [*(f"d{number}" for number in range(25)), "late 1", "late 2"]
    store.written.clear()
    await store.recorder.write()
    assert store.written == {}


async def test_what_comes_while_too_many_wait_is_let_go():
    store = Slow()
    for number in range(1_003):
        store.recorder.record(f"d{number}", b"")
    await store.recorder.write()
    assert list(store.written) == [f"d{number}" for number in range(1_000)]
    store.recorder.record("d1002", b"")
    await store.recorder.write()
    assert "d1002" in store.written


def test_what_was_shown_is_added_without_reading_the_rest():
    recorded = RecordedDecision(schema=1, snapshot=b"\xff\xff", weight=2.0)
    whole = RecordedDecision.FromString(
        with_slates(recorded.SerializeToString(), [("banner", [3, 1]), ("cart", [])])
    )
    assert [(each.placement, list(each.offer_nos)) for each in whole.slates] == [
        ("banner", [3, 1]),
        ("cart", []),
    ]
    whole.ClearField("slates")
    assert whole == recorded
