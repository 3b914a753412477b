"""What tests of training and serving share: a child that trains, and what is asked."""

import asyncio

from services.retrieval.storage.model_files import encode_model
from services.retrieval.storage.training_process import Outcome
from tests.unit.retrieval.learned import ITEMS, RUNNING, learned
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb


class Child:
    """Stands in for the process that trains: answers with a model it was given."""

    def __init__(self):
        self.orders = []
        self.interactions = None
        self.refusal = ""
        self.more = {}
        self.before = None
        self.made = learned(
            ITEMS,
            {"ada": (RUNNING, [1]), "bob": (RUNNING, [1, 2]), "cem": (RUNNING, [2])},
            content={1: (1, 0), 2: (1, 0)},
            neighbours={1: [(2, 0.8, 40)]},
            buyers={1: 80, 2: 3},
        )
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.began = asyncio.Event()
        self.was_cancelled = asyncio.Event()
        self.failure = None

    async def __call__(self, order, lessons, tell):
        self.orders.append(order)
        self.before = lessons.before
        self.interactions, self.items = lessons.interactions, lessons.texts
        tell("factorising", 0.5)
        self.began.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_cancelled.set()
            raise
        if self.failure:
            raise self.failure
        if self.refusal:
            return Outcome({"refusal": self.refusal})
        report = {**self.more, "persons": 3, "items": 6, "trials": [{"ndcg10": 0.25}]}
        return Outcome(report, encode_model(self.made))


def alike(first, seed=1):
    """Return a model that differs from others by what it foretells."""
    return learned(ITEMS, {"ada": (first, [1])}, buyers={1: seed})


async def sources_of(retrieval, person_id="ada", arm=Arm.PERSONALISED, **context):
    request = pb.RetrieveRequest()
    request.context.bundle_hash = "b"
    request.context.now_us = retrieval.clock.now_us()
    request.context.channel = Channel.WEB
    request.context.arm = arm
    request.context.placements.add(placement="web.home.banner", limit=3)
    request.context.item_nos.extend(context.get("item_nos", ()))
    if "recipient" in context:
        request.context.recipient.relationship = context["recipient"]
    snapshot = PersonSnapshot(person_ids=[person_id], attributes=context.get("attributes", {}))
    request.snapshot = snapshot.SerializeToString()
    response = await retrieval.stub.Retrieve(request, timeout=5)
    found = response.candidates
    names = retrieval.ids(found)
    assert len(found.evidence_totals) == len(names)
    return dict(zip(names, found.sources)), response


async def model_of(retrieval):
    return await retrieval.stub.GetModel(pb.GetModelRequest(), timeout=5)
