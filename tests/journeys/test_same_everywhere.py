"""Site and agent asked in turn say the same; a preview leaves nothing behind on any replica."""

import grpc
import pytest

from tests.journeys.channels import TIMEOUT_S, only, shown
from tests.journeys.shop import PCS
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb

pytestmark = pytest.mark.modes("replicated")


async def known_by_phone_too(channels, somebody):
    """Somebody who looked at PCs and whose telephone number is known."""
    ada = somebody("ada")
    await channels.track(only(ada, "customer", "phone"), "login")
    for item_id in PCS[:3]:
        await channels.track(only(ada, "customer"), "view", item_id=item_id)
    return ada


async def test_site_and_agent_asked_in_turn_give_the_same_items_in_the_same_order(
    channels, somebody
):
    ada = await known_by_phone_too(channels, somebody)
    site, agent = [], []
    for _ in range(3):
        site.append(await channels.recommend(only(ada, "customer"), limit=3))
        agent.append(await channels.agent(only(ada, "phone"), limit=3))
    first = shown(site[0])
    assert len(first) == 3
    assert [shown(answer) for answer in (*site, *agent)] == [first] * 6
    for answers in (site, agent):
        assert len({answer.decision_id for answer in answers}) == 1


async def test_a_preview_leaves_no_trace(channels, somebody):
    ada = await known_by_phone_too(channels, somebody)
    before = await channels.view(ada)
    previews = [
        await channels.recommend(ada, preview=True),
        await channels.agent(ada, preview=True),
    ]
    assert all(shown(preview) for preview in previews)
    for preview in previews:
        asked = edge_pb.ExplainDecisionRequest(decision_id=preview.decision_id)
        with pytest.raises(grpc.aio.AioRpcError) as missing:
            await channels.edge.ExplainDecision(asked, timeout=TIMEOUT_S)
        assert missing.value.code() is grpc.StatusCode.NOT_FOUND
    after = await channels.view(ada)
    for kept in ("presented", "open_promises", "contacts", "recent", "who"):
        assert getattr(after, kept) == getattr(before, kept), kept
    live = await channels.recommend(ada)
    assert live.decision_id not in {preview.decision_id for preview in previews}
