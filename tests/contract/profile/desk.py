"""Makes events and persons for the contract suites."""

import hashlib
import itertools

from services.profile.domain.audit import Sealer
from services.profile.domain.event import Event
from services.profile.domain.identity import Identity
from services.profile.domain.ports import Arrival
from services.profile.storage.clients import PostgresClients
from services.profile.storage.profiles import PostgresProfiles
from services.profile.storage.transaction import PostgresTransactions
from shared.ids import uuid7

NOW_US = 1_772_000_000_000_000
MINUTE_US = 60_000_000
SEALER = Sealer(b"k" * 32)


def identity(kind, value):
    return Identity(kind, value, hashlib.sha256(f"{kind}\0{value}".encode()).digest())


class PostgresStore(PostgresTransactions, PostgresProfiles, PostgresClients):
    """All ports on one database."""

    def __init__(self, database, keyring):
        PostgresTransactions.__init__(self, database, keyring, SEALER)


class Desk:
    """Makes arrivals and ids in order."""

    def __init__(self, store):
        self.store = store
        self._numbers = itertools.count(1)
        self._ms = itertools.count(NOW_US // 1000)

    def new_id(self):
        return uuid7(next(self._ms))

    def arrival(
        self,
        *who,
        kind="view",
        event_id="",
        place=0,
        digest=b"",
        time_us=NOW_US,
        private="",
        event=None,
        referred=b"",
        **what,
    ):
        event_id = event_id or f"event-{next(self._numbers)}"
        key = hashlib.blake2b(event_id.encode(), digest_size=16).digest()
        return Arrival(
            place,
            key,
            digest or key,
            event or Event(time_us, kind, 1, **what),
            tuple(who),
            event_id,
            "test",
            "",
            "",
            private,
            referred,
        )
