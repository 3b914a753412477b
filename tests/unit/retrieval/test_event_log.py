"""What training reads, and that requests have their turn meanwhile."""

import asyncio
import threading

from services.retrieval.domain.learning.interactions import InteractionLog
from services.retrieval.storage import event_log
from services.retrieval.storage.event_log import EventLog, item_texts
from tests.grpc.retrieval.replicas import EventLogOfProfile


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
    found = await EventLog(profile, sports.catalogue).read(0, lambda count: None)
    assert (found.person_ids, found.offer_nos.tolist()) == (("ada",), [sports.no("shoes")])
    assert joined == [False]
