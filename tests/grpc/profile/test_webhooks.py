"""Webhooks as they are defined, delivered and looked after, from end to end."""

import asyncio
from dataclasses import replace

import grpc
import pytest

from services.profile.app import build
from services.profile.definitions import compile_bundle
from shared.background import running
from shared.testing.grpc import grpc_service
from shared.webhooks import read_secrets
from tests.grpc.profile.edge import Client, catalogue
from tests.receiver import SECRET, Receiver
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.profile.v1.profile_pb2 import WebhookState
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.rules.v1.rules_pb2 import Bundle, Webhook

ADA = ("customer", "ada")


async def listed(client, condition):
    async with asyncio.timeout(60):
        while True:
            found = (await client.stub.ListWebhooks(pb.ListWebhooksRequest(), timeout=5)).webhooks
            if all(condition(each) for each in found):
                return found
            await asyncio.sleep(0.02)


async def test_a_receiver_is_told_and_looked_after(database, in_memory_bus, clock, settings):
    receiver = Receiver()
    settings = replace(settings, webhook_secrets=read_secrets(f"crm={SECRET}"))
    async with receiver.listening() as url:
        bundle = Bundle(
            webhooks=[
                Webhook(webhook="crm", url=url, events=["purchase"], identities=["customer"]),
                Webhook(webhook="dwh", url="https://dwh.example.com/a?key=b", events=["*"]),
            ]
        )
        defined = compile_bundle(bundle)
        built = build(settings, database, in_memory_bus, catalogue(), clock, lambda _: defined)
        async with (
            grpc_service(built.binding) as channel,
            running({"webhooks": built.pusher.lead}),
        ):
            client = Client(ProfileServiceStub(channel), clock, database)
            await listed(client, lambda each: each.webhook == "dwh" or each.state == 1)
            await client.record(
                client.event([ADA], "consent", ago_s=9, attributes={"purpose": "sharing"})
            )
            bought = client.event([ADA], "purchase", item_id="shoe", quantity=2, order_id="o1")
            bought.value.amount = "150"
            await client.record(bought, client.event([("customer", "bob")], "purchase"))
            await receiver.until(len)
            crm, dwh = await listed(client, lambda each: each.webhook == "dwh" or each.left_out)
            assert (crm.state, crm.delivered, crm.left_out, crm.behind) == (
                WebhookState.DELIVERING,
                1,
                1,
                0,
            )
            assert (dwh.state, dwh.receiver) == (WebhookState.REFUSED, "https://dwh.example.com")
            assert "TOUCHPOINT_WEBHOOK_HOSTS" in dwh.last_error
            again = pb.ReplayWebhookRequest(webhook="crm", events_position=0)
            await client.stub.ReplayWebhook(again, timeout=5)
            await receiver.until(lambda received: len(received) == 2)
            no_more = {"purpose": "sharing", "granted": False}
            await client.record(client.event([ADA], "consent", attributes=no_more))
            await receiver.until(lambda received: len(received) == 3)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await client.stub.ReplayWebhook(pb.ReplayWebhookRequest(webhook="other"), timeout=5)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    first, second, last = receiver.received
    assert first.id == second.id
    assert first.is_signed_by(SECRET)
    told = first.told["data"]
    assert told["identities"] == [{"kind": "customer", "value": "ada"}]
    assert told["event"]["itemId"] == "shoe"
    assert told["event"]["value"] == {"amount": "150"}
    assert last.told["type"] == "person.withdrawn"
    assert last.told["data"]["personId"] == told["personId"]
