"""On which channels a placement may be filled besides its own."""

from __future__ import annotations

from collections.abc import Mapping

from touchpoint.common.v1.vocabulary_pb2 import Channel

_IN_PERSON = (int(Channel.CALL_CENTER), int(Channel.CHAT), int(Channel.STORE))
_FILLED_ON: Mapping[int, tuple[int, ...]] = {
    # An app shows the pages of the site.
    Channel.WEB: (Channel.WEB, Channel.APP),
    # A person speaks to a person and reads from the same screen.
    **dict.fromkeys(_IN_PERSON, _IN_PERSON),
}
_ALL = tuple(number for number in Channel.Value.values() if number)


def channels_filling(owner: int) -> tuple[int, ...]:
    """Return the channels on which a placement of a channel may be filled.

    Its own always may, and those that show the same thing; a placement of no channel belongs to
    all of them.
    """
    return _FILLED_ON.get(owner, (owner,)) if owner else _ALL
