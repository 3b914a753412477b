"""A replica of the service as it is put together, on stores that it reaches over faults."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from services.scenario.desk.tasks import TaskDesk
from services.scenario.domain.agents import Agent
from services.scenario.domain.completing import Completion
from services.scenario.domain.outcomes import CALL_AGAIN, OUTCOMES
from services.scenario.domain.ports import PersonSet
from services.scenario.domain.proposals import Proposals
from services.scenario.domain.taking import take_events, take_sets
from services.scenario.errands.doing import Errands
from services.scenario.journeys.calling import Calling
from services.scenario.journeys.finding import Finder
from services.scenario.journeys.happenings import happened_of
from services.scenario.journeys.obstacles import Obstacles
from services.scenario.journeys.timers import Timers
from services.scenario.messages.sending import Sender
from shared.call import own_call
from shared.errors import TouchpointError
from tests.resilience.simulation.outside import HOUR_US, Connection, Sources, Staff, Writer
from tests.resilience.simulation.processes import Calls, DeathError, Process, Store
from tests.resilience.simulation.record import Happening

if TYPE_CHECKING:
    from tests.resilience.simulation.world import World

LEASE_S = 5.0


class Replica:
    """One process with all that works in it; when it dies, another takes its place."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self.process = Process(name, world.misfortune)
        self.agents: list[tuple[str, Agent | None]] = []
        """What agents do on it next: sign on, or take their turn."""
        self._tasks: list[str] = []
        self._running: set[asyncio.Task[None]] = set()
        look = world.watcher.look
        connection = Connection(self.process, world.outside)
        clock = world.clock
        self.store = Store(self.process, world.store, "store", done=look)
        kept = Calls(self.process, world.errands, "errands", done=look)
        finder = Finder(
            world.catalogue,
            world.bundles,
            connection.people,
            clock,
            Sources(),
            calling=Calling(Staff(clock), connection.carriages),
        )
        self.timers = Timers(
            self.store,
            finder,
            clock,
            owner=name,
            lease_s=LEASE_S,
            reach=self.process.reach,
            machine_s=world.machine_s,
        )
        sender = Sender(
            kept,
            Writer(),
            connection.carriages(),
            connection.permits,
            clock,
            self.process.reach,
            self._in_force,
            world.machine_s,
        )
        self.errands = Errands(kept, sender, connection.logbook, world.catalogue, clock, owner=name)
        agents = Calls(self.process, world.store.agents, "agents")
        self.desk = TaskDesk(
            self.store, agents, clock, connection.approaches, reach=self.process.reach
        )
        # It waits on the clock on the wall where its store does not answer.
        answers = Store(self.process, world.store, "store", done=look, is_away=False)
        self.obstacles = Obstacles(
            answers, Proposals(), world.catalogue, world.bundles, clock, lambda: None
        )

    def begin(self) -> None:
        """Begin with all there is to do, unless it is at it already."""
        if any(not task.done() for task in self._running):
            return
        jobs = [self._hear, self._link, self._forget, self._compare, self._work, self._turns]
        self._world.chance.shuffle(jobs)
        self._running = {asyncio.ensure_future(self._doing(job)) for job in jobs}

    async def _doing(self, job) -> None:
        try:
            await job()
        except DeathError:
            self.process.is_dead = True
        except TouchpointError:
            pass  # it is tried again
        except Exception as error:  # only a fault of the code raises it
            self._world.record.defects.append(f"{job.__name__}: {error!r}")

    async def _work(self) -> None:
        await self.timers.work_through()
        await self.errands.work_once()

    async def _hear(self) -> None:
        """Take events; what was taken is known with the same commit."""
        world = self._world
        if not world.bus:
            return
        async with self.store.transaction() as transaction:
            fresh = sorted(world.bus.items())
            events = [happened_of(notice, world.catalogue) for _, notice in fresh]
            await take_events(
                transaction, events, self._starting_of, world.clock.now_us(), world.new_id
            )
            transaction.at_commit.append(lambda: self._taken(fresh))

    def _taken(self, fresh) -> None:
        now_us = self._world.clock.now_us()
        for number, notice in fresh:
            del self._world.bus[number]
            self._world.record.happenings.append(
                Happening(notice.time_us, now_us, notice.person_id, notice.type)
            )

    async def _link(self) -> None:
        world = self._world
        if not world.sets:
            return
        async with self.store.transaction() as transaction:
            fresh = sorted(world.sets.items())
            sets = [PersonSet(person_id, group, number) for number, (person_id, group) in fresh]
            await take_sets(transaction, sets, world.clock.now_us())
            transaction.at_commit.append(lambda: self._linked(fresh))

    def _linked(self, fresh) -> None:
        world = self._world
        for number, (person_id, group) in fresh:
            del world.sets[number]
            world.record.sets.append((world.watcher.commits, person_id, group))

    async def _forget(self) -> None:
        world = self._world
        for number, person_id in sorted(world.erasures.items()):
            await self.store.erase([person_id])
            world.record.erased.setdefault(person_id, world.clock.now_us())
            world.erasures.pop(number, None)

    async def _compare(self) -> None:
        if self._world.is_edited:
            self._world.is_edited = False
            try:
                await self.obstacles._compare()
            except DeathError:
                self._world.is_edited = True
                raise

    async def _turns(self) -> None:
        while self.agents:
            agent_id, signs = self.agents[0]
            if signs is not None:
                await self.desk.sign(signs)
            else:
                with contextlib.suppress(TouchpointError):
                    await self._turn(agent_id)
            self.agents.pop(0)

    async def _turn(self, agent_id: str) -> None:
        """Let an agent end or put off a task that they hold, or take one."""
        world, chance = self._world, self._world.chance
        now_us = world.clock.now_us()
        holds = [task for task, _ in world.store.tasks.values() if task.agent_id == agent_id]
        mine = [each for each in holds if not each.outcome and each.is_held(now_us)]
        if not mine or chance.random() < 0.3:
            await self.desk.claim(own_call("/ClaimTask"), agent_id, "")
            return
        task = chance.choice(mine)
        word = chance.choice((*OUTCOMES, "snoozed"))
        later_us = now_us + chance.randrange(1, 5) * HOUR_US
        if word == "snoozed":
            await self.desk.snooze(own_call("/SnoozeTask"), agent_id, task.task_id, later_us)
        else:
            again_us = later_us if word == CALL_AGAIN else 0
            ended = Completion(task.task_id, agent_id, word, again_us=again_us)
            await self.desk.complete(own_call("/CompleteTask"), ended)

    def _starting_of(self, person_ids):
        oldest_id, now_us = person_ids[0], self._world.clock.now_us()
        return self._world.bundles.for_person(oldest_id).for_person(oldest_id, now_us).starting

    def _in_force(self, person_id: str, scenario: str) -> bool:
        now_us = self._world.clock.now_us()
        return scenario in self._world.bundles.active.for_person(person_id, now_us).scenarios
