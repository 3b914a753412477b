"""A receiver knows what this house sent, by either key of a rotation."""

import base64

import pytest

from shared.webhooks import read_secrets, signature
from touchpoint.client.webhooks import SignatureError, verify

OLD, NEW, OTHER = ("whsec_" + base64.b64encode(each * 32).decode() for each in (b"o", b"n", b"x"))
NOW_S = 1_770_000_000
BODY = '{"type":"event.purchase","data":{"name":"Käthe"}}'.encode()


def headers(keys=f"{NEW}|{OLD}", body=BODY, sent_s=NOW_S):
    signed = signature(read_secrets(f"crm={keys}")["crm"], "msg_1", sent_s, body)
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(sent_s),
        "Webhook-Signature": signed,
    }


@pytest.mark.parametrize("keys", [[NEW], [OLD], [OTHER, NEW]])
def test_what_was_signed_by_a_known_key_is_taken(keys):
    assert verify(keys, headers(), BODY, now_s=NOW_S + 10)["data"] == {"name": "Käthe"}


@pytest.mark.parametrize(
    ("keys", "given", "body", "now_s"),
    [
        ([OTHER], headers(), BODY, NOW_S),
        ([NEW], headers(), BODY + b" ", NOW_S),
        ([NEW], {**headers(), "Webhook-Id": "msg_2"}, BODY, NOW_S),
        ([NEW], {**headers(), "Webhook-Timestamp": str(NOW_S + 1)}, BODY, NOW_S),
        ([NEW], {**headers(), "Webhook-Signature": "v1,"}, BODY, NOW_S),
        ([NEW], {**headers(), "Webhook-Signature": headers()["Webhook-Signature"][2:]}, BODY, 0),
        ([NEW], headers(), BODY, NOW_S + 301),
        ([NEW], headers(), BODY, NOW_S - 301),
        ([NEW], {**headers(), "Webhook-Timestamp": "now"}, BODY, NOW_S),
        ([NEW], {**headers(), "Webhook-Timestamp": "9" * 400}, BODY, NOW_S),
        ([NEW], {**headers(), "Webhook-Signature": "v1,ü"}, BODY, NOW_S),
        ([NEW], {**headers(), "Webhook-Id": "\udcff\ud800"}, BODY, NOW_S),
        ([NEW], {}, BODY, NOW_S),
        ([], headers(), BODY, NOW_S),
    ],
)
def test_anything_else_is_refused(keys, given, body, now_s):
    with pytest.raises(SignatureError):
        verify(keys, given, body, now_s=now_s)


def test_what_is_no_key_is_a_mistake_of_the_receiver():
    with pytest.raises(ValueError, match="whsec_"):
        verify(["abc"], headers(), BODY, now_s=NOW_S)
