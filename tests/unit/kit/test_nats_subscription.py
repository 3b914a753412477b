"""A reader's place in a stream of NATS: it ends when it is told to."""

import asyncio

import pytest
from nats.errors import ConnectionClosedError

from shared.bus.nats_subscription import NatsSubscription


class SwallowingClient:
    """A client that loses a cancellation while it asks, as `asyncio.wait_for` did before 3.12."""

    is_connected = True

    def __init__(self, failure=None):
        self.asked = asyncio.Event()
        self.failure = failure

    def new_inbox(self):
        return "inbox"

    async def publish(self, subject, data, reply):
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.failure:
                raise self.failure from None


@pytest.mark.parametrize("failure", [None, ConnectionClosedError()])
async def test_a_cancellation_that_the_client_swallowed_ends_the_reader(failure):
    client = SwallowingClient(failure)
    subscription = NatsSubscription(client, None, "events", "reader")
    reading = asyncio.create_task(subscription.next_batch(1, 0.01))
    await client.asked.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
