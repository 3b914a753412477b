"""Whom identities mean, without a store behind them."""

from services.profile.domain.identity import Identity
from services.profile.domain.linking import new_member
from services.profile.domain.lookup import Asked, Found, find_or_keep

COOKIE = Identity("visitor", "cookie", bytes(32))


class People:
    """Knows one person by any identity, or nobody; keeps whom it is told to."""

    def __init__(self, *known):
        self._known = known

    async def find(self, keys):
        asked = [Asked(0, each, each, 0, False, False) for each in self._known]
        return Found(asked, [new_member(each) for each in self._known])

    async def keep(self, identities, person_id, now_us):
        return new_member(person_id)


async def test_an_id_is_made_for_nobody_but_who_is_kept():
    made = []

    def new_id():
        made.append("new")
        return "new"

    known = await find_or_keep(People("old"), [COOKIE], "", new_id, 0)
    assert (known.person_ids, made) == (("old",), [])
    kept = await find_or_keep(People(), [COOKIE], "", new_id, 0)
    assert (kept.person_ids, made) == (("new",), ["new"])
