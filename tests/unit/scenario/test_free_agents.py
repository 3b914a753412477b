"""What is promised of the call centre follows the latest look at its queue."""

from services.scenario.desk.free_agents import FreeAgents
from services.scenario.domain.agents import Agent, Presence
from services.scenario.domain.queue import Queue, Seat, Terms
from shared.errors import Unavailable
from shared.testing.clock import FakeClock

TERMS = Terms("CALL_BACK", 60_000_000)


class Store:
    """A queue with so many agents who are free; None: it cannot be read."""

    def __init__(self):
        self.free = 0

    async def tried(self, since_us, limit):
        return ()

    async def standing(self, now_us):
        if self.free is None:
            raise Unavailable("gone")
        here = [Agent(f"agent-{no}", Presence.AVAILABLE, (), 1) for no in range(self.free)]
        return Queue(now_us, [Seat(agent, 0, now_us) for agent in here])


async def test_each_look_is_answered_by_and_none_promises_what_nobody_knows():
    store = Store()
    agents = FreeAgents(store, FakeClock())
    found = [agents.takers(TERMS)]
    for store.free in (2, 3, None, 1):
        await agents.look()
        found.append(agents.takers(TERMS))
    assert found == [0, 2, 3, 0, 1]


async def test_one_look_answers_each_kind_of_terms_by_itself():
    store = Store()
    store.free = 2
    agents = FreeAgents(store, FakeClock())
    await agents.look()
    asked = [TERMS, Terms("CALL_BACK", 60_000_000, frozenset({"french"})), TERMS]
    assert [agents.takers(terms) for terms in asked] == [2, 0, 2]
