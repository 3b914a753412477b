"""Who floods owes ever more bytes that no call explains; who calls, uploads or listens does not."""

import pytest

from shared.transport.peer_accounts import (
    EXPLAINS,
    LOOKS,
    MESSAGE_BYTES,
    Peer,
    PeerAccounts,
    Received,
    peer_of_call,
    plain_address,
)

LOOK_S = 0.5
LARGEST = 256 * 1024
PEER = Peer("192.0.2.7", 50_000)
WITHIN_S = 5.0


def accounts(most_connections=1000):
    return PeerAccounts(LARGEST, most_connections)


class Connection:
    """Sends at a rate and is looked at."""

    def __init__(self, kept=None, peer=PEER):
        self.kept, self.peer = kept or accounts(), peer
        self.bytes = self.segments = 0

    def is_hostile(self, more, messages=0, segments=0, elapsed_s=LOOK_S):
        self.bytes += int(more)
        self.segments += segments
        self.kept.begin(elapsed_s)
        found = self.kept.is_hostile(self.peer, Received(self.bytes, self.segments), messages)
        self.kept.end()
        return found

    def cut_after_s(self, per_s, segments_per_s=0, until_s=60.0):
        """Return after how long it is hostile, of the same all the time; None: never."""
        for look in range(int(until_s / LOOK_S)):
            segments = int(segments_per_s * LOOK_S)
            if self.is_hostile(per_s * LOOK_S, segments=segments):
                return (look + 1) * LOOK_S
        return None


@pytest.mark.parametrize(
    ("what", "per_s", "segments_per_s"),
    [
        ("resets of calls, their headers out of the table", 20_000 * 28, 400),
        ("pings", 20_000 * 17, 250),
        ("settings", 20_000 * 15, 200),
        ("empty frames", 20_000 * 9, 130),
        ("a byte in each segment", 20_000, 20_000),
        ("a message that never ends", 300_000, 200),
        ("resets by a peer that is slow itself", 2_800 * 28, 50),
    ],
)
def test_a_flood_is_hostile_within_five_seconds(what, per_s, segments_per_s):
    after_s = Connection().cut_after_s(per_s, segments_per_s)
    assert after_s is not None, what
    assert after_s < WITHIN_S, what


@pytest.mark.parametrize(
    ("what", "per_s", "segments_per_s"),
    [
        ("silence", 0, 0),
        ("five pings a second, each acknowledged", 5 * 2 * 17, 10),
        ("a hundred calls a second that are lost on their way", 100 * 150, 100),
    ],
)
def test_what_honest_peers_send_beside_calls_is_not(what, per_s, segments_per_s):
    assert Connection().cut_after_s(per_s, segments_per_s) is None, what


def test_a_connection_that_carries_the_calls_of_everybody_is_not():
    one = Connection()
    for _ in range(100):
        calls = 5_000
        assert not one.is_hostile(calls * 700, messages=calls * (MESSAGE_BYTES + 400))


def test_calls_of_which_most_are_over_before_they_are_handled_are_not():
    one = Connection()
    for _ in range(100):
        calls = 5_000
        handled = calls // (EXPLAINS - 1)
        assert not one.is_hostile(calls * 300, handled * (MESSAGE_BYTES + 100), calls)


@pytest.mark.parametrize("per_s", [18_000, 30_000, 50_000, 70_000, 100_000, 150_000, 300_000])
def test_the_largest_request_over_a_slow_line_is_not(per_s):
    one, left = Connection(), LARGEST
    while left > 0:
        left -= per_s * LOOK_S
        assert not one.is_hostile(per_s * LOOK_S)


def test_many_of_the_largest_requests_side_by_side_are_not():
    one, count = Connection(), 30
    for _ in range(10):  # two seconds for all of them, which end together
        for _ in range(LOOKS - 1):
            assert not one.is_hostile(count * LARGEST / LOOKS)
        assert not one.is_hostile(count * LARGEST / LOOKS, count * (MESSAGE_BYTES + LARGEST))


def test_one_call_now_and_then_hides_no_flood():
    one = Connection()
    found = [one.is_hostile(170_000, messages=MESSAGE_BYTES + 20) for _ in range(10)]
    assert any(found)


def test_looks_that_come_late_judge_no_sooner():
    """A loop that stood still has handled nothing of what has come meanwhile."""
    one = Connection()
    for _ in range(LOOKS - 1):
        assert not one.is_hostile(10 * LARGEST, elapsed_s=5.0)
    assert not one.is_hostile(0, messages=5 * LOOKS * LARGEST)


def test_a_connection_is_hostile_once_while_it_is_being_cut():
    one = Connection()
    found = [one.is_hostile(LARGEST) for _ in range(2 * LOOKS)]
    assert [look for look, hostile in enumerate(found, 1) if hostile] == [LOOKS, 2 * LOOKS]


def test_who_comes_again_by_the_same_port_begins_anew():
    one = Connection()
    for _ in range(LOOKS - 1):
        one.is_hostile(LARGEST)
    one.bytes = 0
    assert not one.is_hostile(100)
    assert one.kept.owed(PEER) <= 0


def held(kept, *peers, asking=None):
    kept.begin(LOOK_S)
    for peer in peers:
        kept.is_hostile(peer, Received(100, 1), 0)
    if asking is not None:
        kept.is_hostile(asking, Received(100, 1), MESSAGE_BYTES)
    kept.end()


def of(address, *ports):
    return [Peer(address, port) for port in ports]


def test_beyond_its_share_an_address_loses_those_that_never_asked_and_then_the_latest():
    kept, [first, second, asked] = accounts(2), of("a", 1, 2, 3)
    held(kept, first)
    held(kept, first, second)
    held(kept, first, second, asking=asked)
    assert list(kept.surplus()) == [second]


def test_addresses_have_their_shares_apart():
    kept = accounts(2)
    held(kept, *of("a", 1, 2), *of("b", 1, 2))
    assert not list(kept.surplus())
    held(kept, *of("a", 1, 2), *of("b", 1, 2, 3))
    assert {peer.address for peer in kept.surplus()} == {"b"}


def test_connections_that_have_ended_count_no_more():
    kept = accounts(2)
    held(kept, *of("a", 1, 2))
    held(kept, *of("a", 3, 4))
    assert not list(kept.surplus())


@pytest.mark.parametrize(
    ("told", "peer"),
    [
        ("ipv4:192.0.2.7:50000", PEER),
        ("ipv6:%5B::1%5D:53704", Peer("::1", 53_704)),
        ("ipv6:[2001:db8::1]:80", Peer("2001:db8::1", 80)),
        ("ipv6:%5Bfe80::1%252%5D:80", Peer("fe80::1", 80)),
        ("unix:", None),
        ("unix:/run/edge", None),
    ],
)
def test_a_peer_is_the_one_that_grpc_tells_of(told, peer):
    assert peer_of_call(told) == peer


@pytest.mark.parametrize(
    ("told", "plain"),
    [
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_a_socket_tells_the_same_address_in_more_than_one_way(told, plain):
    assert plain_address(told) == plain
