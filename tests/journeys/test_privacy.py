"""People decide what is done with their data, and see it."""

import asyncio
import http.client
import json
import re
import uuid
from datetime import timedelta

from tests.journeys.channels import Channel, removed, shown
from tests.journeys.modes import APART_FIRST
from tests.journeys.shop import FREE_SHIPPING, SHOE, SHOE_PROMOTION
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode

pytestmark = APART_FIRST

MAIL = ("email.body", Channel.EMAIL)


async def consent(channels, person, **attributes):
    await channels.track(person, "consent", attributes=attributes)


async def mailed(channels, person):
    return await channels.recommend(person, *MAIL, preview=True, explain=True)


async def test_a_consent_taken_back_counts_for_the_very_next_decision(channels, somebody):
    ada = somebody("ada")
    await channels.track(ada, "view", item_id=SHOE)
    await consent(channels, ada, purpose="marketing", granted=True)
    assert SHOE_PROMOTION not in removed(await mailed(channels, ada))
    await consent(channels, ada, purpose="marketing:EMAIL", granted=False)
    refused = await mailed(channels, ada)
    assert SHOE_PROMOTION not in shown(refused)
    assert removed(refused)[SHOE_PROMOTION] == RemovalCode.NO_CONSENT


async def test_a_consent_counts_until_it_ends(channels, somebody):
    ada = somebody("ada")
    ends = channels.now() + timedelta(days=1)
    await consent(channels, ada, purpose="marketing", expires=ends.isoformat())
    assert FREE_SHIPPING not in removed(await mailed(channels, ada))
    await channels.move_clock(timedelta(days=1, minutes=1))
    after = await mailed(channels, ada)
    assert removed(after)[FREE_SHIPPING] == RemovalCode.NO_CONSENT


def over_http(channels, method, path, body=None):
    host, _, port = channels.suite.web.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request(method, path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


async def asked(channels, *args):
    return await asyncio.to_thread(over_http, channels, *args)


async def test_the_preference_page_and_all_that_it_asks_for_is_served(channels):
    status, headers, page = await asked(channels, "GET", "/preferences")
    assert status == 200
    assert headers["Content-Type"].startswith("text/html")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "form-action 'none'" in policy
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        assert (await asked(channels, "GET", path))[0] == 200
    _, _, script = await asked(channels, "GET", "/preferences.js")
    for element in re.findall(r'at\("(\w+)"\)', script):
        assert f'id="{element}"' in page
    assert (await asked(channels, "POST", "/preferences"))[0] != 200


async def test_people_see_and_change_what_they_said_over_http(channels, somebody):
    ada = somebody("ada")
    who = {"kind": "customer", "value": ada["customer"]}

    async def said(type_, **attributes):
        event = {
            "eventId": str(uuid.uuid4()),
            "type": type_,
            "time": channels.now().isoformat(),
            "channel": "WEB",
            "identities": [who],
            "attributes": attributes,
        }
        path = "/touchpoint.aggregator.v1.AggregatorService/Track"
        status, _, answer = await asked(channels, "POST", path, {"events": [event]})
        assert (status, json.loads(answer)) == (200, {"accepted": 1})

    async def preferences():
        path = "/touchpoint.aggregator.v1.AggregatorService/GetPreferences"
        status, _, answer = await asked(channels, "POST", path, {"identities": [who]})
        assert status == 200
        return json.loads(answer)

    await said("consent", purpose="sharing", granted=True, source="preferences page")
    await said("preference", sentiment="dislike", category="Media > DVDs")
    await said("preference", attribute="shoe_size", value="42")
    found = await preferences()
    [given] = found["consents"]
    assert (given["purpose"], given["stands"]) == ("sharing", True)
    assert [each["category"] for each in found["dislikes"]] == ["Media > DVDs"]
    assert {each["name"]: each["value"] for each in found["attributes"]} == {"shoe_size": "42"}
    assert "consent_changed" in [each["action"] for each in found["reads"]]
    await said("consent", purpose="sharing", granted=False)
    await said("preference", sentiment="neutral", category="Media > DVDs")
    await said("preference", attribute="shoe_size", value="")
    found = await preferences()
    assert not found["consents"][0].get("stands")
    assert not found.get("dislikes")
    assert not found.get("attributes")
