"""What training reads, and that requests have their turn meanwhile."""

import asyncio
import threading
import tracemalloc

import numpy as np

from services.retrieval.domain.learning.interactions import InteractionLog
from services.retrieval.storage import event_log
from services.retrieval.storage.event_log import EventLog, item_texts
from services.retrieval.storage.people import read_people
from tests.grpc.retrieval.replicas import EventLogOfProfile
from touchpoint.profile.v1.audience_pb2 import PeopleColumns


async def test_a_family_goes_by_its_root_as_long_as_anything_of_it_is_sold(sports):
    sports.item("shoes, red", "Sports > Running", of="shoes")
    for name in ("shoes", "pump"):
        sports.catalogue.withdrawn[sports.no(name)] = True
    texts = await item_texts(sports.catalogue)
    titles = [sports.catalogue.titles[no] for no in (1, 2, 3, 4, 5)]
    assert (texts.offer_nos.tolist(), list(texts.titles)) == ([1, 2, 3, 4, 5], titles)
    assert list(texts.categories) == ["Sports > Running"] * 3 + ["Sports > Cycling"] * 2
    assert len(texts.brands) == 5


async def test_requests_have_their_turn_while_texts_are_read(sports, monkeypatch):
    monkeypatch.setattr(event_log, "_AT_ONCE", 2)
    turns = []
    asyncio.get_running_loop().call_soon(turns.append, "request")
    await item_texts(sports.catalogue)
    assert turns == ["request"]


async def test_columns_are_joined_in_a_thread(sports, monkeypatch):
    profile, joined = EventLogOfProfile(), []
    profile.add("ada", sports.no("shoes"))
    join = InteractionLog.interactions

    def watched(log):
        joined.append(threading.current_thread() is threading.main_thread())
        return join(log)

    monkeypatch.setattr(InteractionLog, "interactions", watched)
    found, position = await EventLog(profile, sports.catalogue).read(0, lambda count: None)
    assert (found.person_ids, found.offer_nos.tolist()) == (("ada",), [sports.no("shoes")])
    assert (joined, position) == ([False], 1)


async def test_texts_are_joined_in_a_thread(sports, monkeypatch):
    threads, join = [], event_log.joined

    def watched(parts):
        threads.append(threading.current_thread())
        return join(parts)

    monkeypatch.setattr(event_log, "joined", watched)
    assert len((await item_texts(sports.catalogue)).titles) > 1
    assert threads != [threading.main_thread()]


async def test_people_are_read_with_who_of_them_are_one():
    profile = EventLogOfProfile()
    profile.people = PeopleColumns(person_ids=["ada", "ada-web", "bob-web", "bob-shop"])
    profile.people.ages[:] = [30, 30, 50, 50]
    profile.sets = [["ada", "ada-web"], ["bob", "bob-shop", "bob-web"]]
    people = await read_people(profile)
    assert people.firsts.tolist() == [0, 0, 2, 2]
    assert people.standing_for(["new", "bob-shop", "ada", "bob-web"]).tolist() == [0, 1, 2, 1]


async def test_the_sessions_of_events_are_read(sports):
    profile = EventLogOfProfile()
    for session_id in ("monday", "tuesday", "monday", ""):
        profile.add("ada", sports.no("shoes"), "view")
        profile.columns.session_ids.append(session_id)
    found, _ = await EventLog(profile, sports.catalogue).read(0, lambda count: None)
    assert found.numbered().sessions.tolist() == [1, 2, 1, 0]


def test_nothing_is_held_of_each_session_and_order_but_a_number():
    """Millions of ids stop a process for as long as it takes to grow a table of them."""
    log, count = InteractionLog(), 3_000
    tracemalloc.start()
    for begin in range(0, count * 20, count):
        ids = [f"session-{number}" for number in range(begin, begin + count)]
        nos, times = np.ones(count, np.uint32), np.arange(count)
        log.add(["ada"] * count, ["view"] * count, nos, times, [False] * count, ids, ids)
    del ids, nos, times
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < count * 20 * 40
    taken = log.interactions().numbered()
    assert taken.sessions.tolist() == taken.orders.tolist() == list(range(1, count * 20 + 1))
