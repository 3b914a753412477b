"""Who is asked about must be said in full; each mistake is told with the path of its field."""

import pytest

from services.profile.validation import VALIDATORS
from shared.errors import InvalidArgument
from shared.validation import validate
from touchpoint.common.v1.identity_pb2 import Identity, IdentityKey
from touchpoint.profile.v1 import profile_service_pb2 as pb

KEY = IdentityKey(kind="visitor", key=b"k" * 32)
COOKIE = Identity(kind="visitor", value="cookie")
PERSON = "01890a5d-ac96-774b-bcce-b302099a8057"


def asked(identities, keys, **more):
    return pb.GetSnapshotRequest(identities=identities, identity_keys=keys, **more)


def test_a_request_that_names_somebody_is_taken():
    validate(VALIDATORS, asked([COOKIE] * 8, [KEY] * 8))
    validate(VALIDATORS, asked([COOKIE], [KEY], confirmed_person_id=PERSON))


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (asked([], []), "identities"),
        (asked([COOKIE] * 9, [KEY] * 9), "identities"),
        (asked([COOKIE], []), "identity_keys"),
        (asked([COOKIE, Identity(kind="face", value="a")], [KEY] * 2), "identities[1].kind"),
        (asked([Identity(kind="visitor")], [KEY]), "identities[0].value"),
        (asked([COOKIE], [IdentityKey(key=b"short")]), "identity_keys[0].key"),
        (asked([COOKIE], [KEY], confirmed_person_id="ada"), "confirmed_person_id"),
        (pb.StreamEventsRequest(person_ids=[PERSON, ""]), "person_ids[1]"),
        (pb.LinkPersonsRequest(person_id=PERSON, other_person_id=PERSON), "other_person_id"),
        (pb.UnlinkPersonsRequest(person_id=PERSON, other_person_id=PERSON), "other_person_id"),
        (pb.UnlinkPersonsRequest(person_id=PERSON), "link_id"),
        (pb.DetachIdentityRequest(identity=COOKIE), "identity_key.key"),
        (
            pb.DetachIdentityRequest(identity_key=KEY, identity=Identity(kind="card", value="a")),
            "identity.kind",
        ),
        (pb.ListParkedEventsRequest(limit=1_001), "limit"),
    ],
)
def test_what_is_wrong_is_told_by_its_path(request_, path):
    with pytest.raises(InvalidArgument) as refused:
        validate(VALIDATORS, request_)
    assert [violation.field for violation in refused.value.violations] == [path]
