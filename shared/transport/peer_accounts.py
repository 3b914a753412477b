"""What each peer of a port sends against the calls it makes: who floods, who holds too much."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

FREE_BYTES_PER_S = 16 * 1024
"""What nobody asks about: keepalive pings, window updates, calls that were lost on their way."""
HELLO_BYTES = 8 * 1024
"""Of a connection before its first call: TLS with a certificate, the settings of HTTP/2."""
MESSAGE_BYTES = 256
"""Of a message beside itself and its metadata: frames, and what answers to it cost the reader."""
SEGMENT_BYTES = 64
"""A segment counts as so much at least: a byte in each costs us as much to receive."""
EXPLAINS = 8
"""Bytes that one of a handled call explains: where there is far too much to do, most calls are over
before they are handled, and of honest callers."""
LOOKS = 5
"""In a row that find too much: what is on its way for calls is whole by then. A loop that lags
looks less often, and so judges later."""


class Peer(NamedTuple):
    """The other end of a connection."""

    address: str
    port: int


class Received(NamedTuple):
    """What came in on a connection since it was made."""

    bytes: int
    segments: int


Messages = defaultdict[str, int]
"""Bytes of messages that were handled, with what belongs to them, by the peer as gRPC names it."""


def peer_of_call(told: str) -> Peer | None:
    """Return the peer that gRPC tells of as `ipv4:127.0.0.1:80` or `ipv6:%5B::1%5D:80`."""
    kind, _, rest = told.partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return None
    address, _, port = unquote(rest).rpartition(":")
    return Peer(plain_address(address.strip("[]")), int(port))


def plain_address(address: str) -> str:
    """Return an address without its zone, and one of IPv4 that came by an IPv6 socket as such."""
    address = address.partition("%")[0]
    return address.removeprefix("::ffff:") if "." in address else address


@dataclass(slots=True)
class _Account:
    received: Received
    look: int
    began: int
    owed: float = 0.0
    over: int = 0
    has_called: bool = False


class PeerAccounts:
    """One account for each connection: what it received that no call explains is owed.

    `largest_request` is in bytes; `most_connections` is what one address may hold.
    """

    def __init__(self, largest_request: int, most_connections: int) -> None:
        # The largest request is owed for, by more than half of it, less than five looks long: the
        # slower its line, the more is forgiven meanwhile.
        self._most_owed = largest_request // 2
        self._most_connections = most_connections
        self._accounts: dict[Peer, _Account] = {}
        self._look = 0
        self._elapsed_s = 0.0

    def begin(self, elapsed_s: float) -> None:
        """Begin a look at all connections, so long after the last."""
        self._look += 1
        self._elapsed_s = elapsed_s

    def is_hostile(self, peer: Peer, received: Received, messages: int) -> bool:
        """Note what a connection received in all and what its calls were; say whether it floods.

        To be told once in each look of every connection there is; one that goes on is hostile again
        after as many looks.
        """
        account = self._accounts.get(peer)
        if account is None or received.bytes < account.received.bytes:
            account = self._accounts[peer] = _Account(Received(0, 0), self._look, self._look)
            account.owed = -HELLO_BYTES
        before, account.received, account.look = account.received, received, self._look
        segments = (received.segments - before.segments) * SEGMENT_BYTES
        account.owed += max(received.bytes - before.bytes, segments)
        explained = messages * EXPLAINS + self._elapsed_s * FREE_BYTES_PER_S
        if account.owed > 0:
            account.owed = max(0.0, account.owed - explained)
        account.has_called |= messages > 0
        account.over = account.over + 1 if account.owed > self._most_owed else 0
        if account.over < LOOKS:
            return False
        account.over = 0
        return True

    def owed(self, peer: Peer) -> int:
        """Return how many bytes of a connection nothing explains."""
        return int(self._accounts[peer].owed)

    def end(self) -> None:
        """End a look: connections that were not in it are gone."""
        self._accounts = {
            peer: account for peer, account in self._accounts.items() if account.look == self._look
        }

    def surplus(self) -> Iterator[Peer]:
        """Yield the connections that an address has too many of.

        First those on which nothing was ever asked, then the latest.
        """
        held = Counter(peer.address for peer in self._accounts)
        if max(held.values(), default=0) <= self._most_connections:
            return
        of_address: defaultdict[str, list[Peer]] = defaultdict(list)
        for peer in self._accounts:
            of_address[peer.address].append(peer)
        for peers in of_address.values():
            yield from sorted(peers, key=self._worth)[: -self._most_connections]

    def _worth(self, peer: Peer) -> tuple[bool, int]:
        account = self._accounts[peer]
        return account.has_called, -account.began
