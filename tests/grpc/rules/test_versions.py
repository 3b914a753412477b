"""Who put what into force is kept, what differs is told, and some people may try it first."""

from __future__ import annotations

from datetime import timedelta

import grpc
import pytest

from services.rules.config import shipped_definitions
from services.rules.definitions.files import read_folder
from services.rules.domain.changes import Identified
from shared.trials import is_in_trial
from tests.grpc.rules.rules_kit import CONTRACT, GUIDE, LAPTOP, Rules, ann, codes, kept, key
from tests.grpc.rules.test_definitions import edited
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import ChangeKind, DefinitionFile, Version, VersionCause

_WITHDRAWN, _OR_A_LAPTOP = "offer.withdrawn", "offer.withdrawn || offer.brand == 'Novus'"
_CALLER = (("x-touchpoint-caller", "console"),)
SHIPPED, APPLIED, ROLLED_BACK = (
    VersionCause.SHIPPED,
    VersionCause.APPLIED,
    VersionCause.ROLLED_BACK,
)


def without_laptops() -> list[DefinitionFile]:
    """Return the shipped files, but with laptops withdrawn."""
    return edited(f"remove_when: {_WITHDRAWN}", f"remove_when: {_OR_A_LAPTOP}")


async def apply(
    rules: Rules, files: list[DefinitionFile], **more: object
) -> pb.ApplyDefinitionsResponse:
    request = pb.ApplyDefinitionsRequest(files=files, **more)  # type: ignore[arg-type]
    return await rules.stub.ApplyDefinitions(request, timeout=20, metadata=_CALLER)


async def roll_back(rules: Rules, name: str = "") -> pb.RollbackDefinitionsResponse:
    request = pb.RollbackDefinitionsRequest(bundle_hash=name, changed_by="bob")
    return await rules.stub.RollbackDefinitions(request, timeout=20, metadata=_CALLER)


async def versions(rules: Rules, **asked: int) -> list[Version]:
    answer = await rules.stub.ListVersions(pb.ListVersionsRequest(**asked), timeout=5)
    return list(answer.versions)


async def in_force(rules: Rules) -> pb.GetActiveBundleResponse:
    request = pb.GetActiveBundleRequest(service="rules", replica="this one")
    return await rules.stub.GetActiveBundle(request, timeout=5)


async def refused(awaited: object) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await awaited  # type: ignore[misc]
    return error.value.code(), error.value.details() or ""


def within(trial: Trial) -> str:
    return next(name for name in map(str, range(1000)) if is_in_trial(trial, name))


def outside(trial: Trial) -> str:
    return next(name for name in map(str, range(1000)) if not is_in_trial(trial, name))


async def test_of_moves_that_lead_nobody_on_it_is_warned_by_what_is_in_force(rules: Rules) -> None:
    quiet = "    quiet_for: ${abandoned_after}\n"
    files = edited(quiet, f"{quiet}    moves: [{{from: lettr, to: end}}]\n")
    request = pb.CheckDefinitionsRequest(files=files)
    checked = await rules.stub.CheckDefinitions(request, timeout=20)
    said = [each.message for each in checked.problems if each.warning]
    assert any("it has no stage lettr" in each for each in said), said


async def test_every_activation_is_kept_with_who_and_why(rules: Rules) -> None:
    first = (await in_force(rules)).bundle_hash
    second = (
        await apply(rules, without_laptops(), changed_by="ann", message="No laptops")
    ).bundle_hash
    rules.clock.advance(timedelta(days=1))
    await roll_back(rules)
    back, applied, shipped = await versions(rules)
    assert [back.number, applied.number, shipped.number] == [3, 2, 1]
    assert [back.cause, applied.cause, shipped.cause] == [ROLLED_BACK, APPLIED, SHIPPED]
    assert [back.bundle_hash, applied.bundle_hash, shipped.bundle_hash] == [first, second, first]
    assert (applied.changed_by, applied.caller, applied.message) == ("ann", "console", "No laptops")
    assert (back.changed_by, back.message) == ("bob", "")
    day = back.activated_time.ToDatetime() - applied.activated_time.ToDatetime()
    assert day.days == 1
    assert [each.number for each in await versions(rules, before_number=3, limit=1)] == [2]


async def test_who_says_nothing_is_known_by_the_name_of_the_caller(rules: Rules) -> None:
    await apply(rules, without_laptops())
    assert (await versions(rules))[0].changed_by == "console"


async def test_what_changes_nothing_and_what_is_wrong_is_no_version(rules: Rules) -> None:
    same = await apply(rules, edited("rules:\n", "rules: # a remark\n"))
    assert not same.changes
    await apply(rules, edited("offer.stock == 0", "offer.stok == 0"))
    await roll_back(rules, (await in_force(rules)).bundle_hash)
    assert len(await versions(rules)) == 1


async def test_an_apply_and_its_rollback_say_what_changes(rules: Rules) -> None:
    applied = await apply(rules, without_laptops())
    [change] = applied.changes
    assert (change.section, change.kind) == ("rules", ChangeKind.CHANGED)
    [field] = change.fields
    assert (field.before, field.after) == (_WITHDRAWN, _OR_A_LAPTOP)
    [change] = (await roll_back(rules)).changes
    assert (change.fields[0].before, change.fields[0].after) == (field.after, field.before)


async def test_any_earlier_version_comes_back_by_the_beginning_of_its_hash(rules: Rules) -> None:
    first = (await in_force(rules)).bundle_hash
    await apply(rules, without_laptops())
    await apply(rules, edited("declined_for: 30d", "declined_for: 31d"))
    assert (await roll_back(rules, first[:6])).bundle_hash == first
    assert (await in_force(rules)).bundle_hash == first


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("abc", grpc.StatusCode.INVALID_ARGUMENT),
        ("no such bundle", grpc.StatusCode.NOT_FOUND),
        ("%%%%%%", grpc.StatusCode.NOT_FOUND),
        ("a" * 65, grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
async def test_a_name_of_no_bundle_is_refused(
    rules: Rules, name: str, status: grpc.StatusCode
) -> None:
    assert (await refused(roll_back(rules, name)))[0] is status
    assert len(await versions(rules)) == 1


async def test_two_versions_and_a_folder_are_compared(rules: Rules) -> None:
    first = (await in_force(rules)).bundle_hash
    second = (await apply(rules, without_laptops())).bundle_hash
    request = pb.CompareDefinitionsRequest(from_hash=second[:12], to_hash=first[:12])
    compared = await rules.stub.CompareDefinitions(request, timeout=20)
    assert (compared.from_hash, compared.to_hash) == (second, first)
    assert [change.section for change in compared.changes] == ["rules"]
    files = edited("declined_for: 30d", "declined_for: 31d")
    request = pb.CompareDefinitionsRequest(from_hash=first, to_files=files)
    compared = await rules.stub.CompareDefinitions(request, timeout=20)
    changed = {(each.section, each.name) for each in compared.changes}
    assert ("parameters", "declined_for") in changed
    assert len(await versions(rules)) == 2


async def test_files_with_a_mistake_are_told_and_not_compared(rules: Rules) -> None:
    files = edited("offer.stock == 0", "offer.stok == 0")
    compared = await rules.stub.CompareDefinitions(
        pb.CompareDefinitionsRequest(to_files=files), timeout=20
    )
    assert len(compared.problems) == 1
    assert not compared.changes
    assert not compared.to_hash


async def test_definitions_are_in_force_for_a_share_beside_those_of_everybody(rules: Rules) -> None:
    first = (await in_force(rules)).bundle_hash
    applied = await apply(rules, without_laptops(), share=0.1)
    assert applied.bundle_hash == first
    assert applied.trial.share == 0.1
    assert [change.section for change in applied.changes] == ["rules"]
    state = await in_force(rules)
    assert (state.bundle_hash, state.trial, state.preparing_hash) == (first, applied.trial, "")
    newest = (await versions(rules))[0]
    assert (newest.bundle_hash, newest.trial) == (first, applied.trial)
    tried = rules.context(bundle_hash=applied.trial.bundle_hash)
    assert codes(await rules.check(LAPTOP, person=ann(), context=tried)) == {
        LAPTOP: "OUT_OF_SCHEDULE"
    }
    assert not codes(await rules.check(LAPTOP, person=ann()))


async def test_a_share_grows_with_the_same_salt_until_it_is_everybodys(rules: Rules) -> None:
    first = (await in_force(rules)).bundle_hash
    small = (await apply(rules, without_laptops(), share=0.1)).trial
    large = (await apply(rules, without_laptops(), share=0.6)).trial
    assert (large.bundle_hash, large.salt, large.share) == (small.bundle_hash, small.salt, 0.6)
    everybodys = await apply(rules, without_laptops(), share=1.0)
    assert everybodys.bundle_hash == small.bundle_hash
    assert not (await in_force(rules)).HasField("trial")
    back = await roll_back(rules)
    assert (back.bundle_hash, back.HasField("ended")) == (first, False)


async def test_a_rollback_ends_a_share_first(rules: Rules) -> None:
    first = (await in_force(rules)).bundle_hash
    trial = (await apply(rules, without_laptops(), share=0.1)).trial
    back = await roll_back(rules)
    assert (back.bundle_hash, back.ended) == (first, trial)
    assert [change.fields[0].after for change in back.changes] == [_WITHDRAWN]
    assert not (await in_force(rules)).HasField("trial")
    assert [each.cause for each in await versions(rules)] == [ROLLED_BACK, APPLIED, SHIPPED]


async def test_a_share_on_top_of_a_share_is_refused_and_says_what_to_do(rules: Rules) -> None:
    trial = (await apply(rules, without_laptops(), share=0.1)).trial
    other = edited("declined_for: 30d", "declined_for: 31d")
    status, told = await refused(apply(rules, other, share=0.2))
    assert status is grpc.StatusCode.FAILED_PRECONDITION
    assert "10% of the people" in told
    assert "touchpoint rollback" in told
    assert (await in_force(rules)).trial == trial


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan")])
async def test_a_share_of_nobody_or_of_more_than_all_is_refused(rules: Rules, share: float) -> None:
    status, _ = await refused(apply(rules, without_laptops(), share=share))
    assert status is grpc.StatusCode.INVALID_ARGUMENT
    assert len(await versions(rules)) == 1


async def test_a_share_needs_a_difference_and_every_placement(rules: Rules) -> None:
    status, told = await refused(apply(rules, edited("rules:\n", "rules: #\n"), share=0.1))
    assert status is grpc.StatusCode.FAILED_PRECONDITION
    assert "for everybody already" in told
    renamed = edited("placement: web.finder", "placement: web.finder.new")
    status, told = await refused(apply(rules, renamed, share=0.1))
    assert status is grpc.StatusCode.FAILED_PRECONDITION
    assert told.startswith("web.finder:")
    assert len(await versions(rules)) == 1


async def test_a_limit_of_a_share_holds_for_its_people_wherever_they_are_asked_for(
    rules: Rules,
) -> None:
    files = edited("contacts.marketing: 3 per 7d", "contacts.marketing: 1 per 7d")
    trial = (await apply(rules, files, share=0.5)).trial
    granted = {}
    for person in (within(trial), outside(trial)):
        request = pb.GetContactsRequest(person_ids=[person])
        [balance] = (await rules.stub.GetContacts(request, timeout=5)).balances
        answers = [
            await rules.stub.ReserveContact(
                pb.ReserveContactRequest(
                    contact_id=f"{person}-{number}",
                    person_ids=[person],
                    policy="marketing",
                    channel=Channel.EMAIL,
                ),
                timeout=5,
            )
            for number in range(4)
        ]
        granted[person] = (balance.limit, sum(answer.granted for answer in answers))
    assert granted == {within(trial): (1, 1), outside(trial): (3, 3)}


async def test_without_profile_the_share_is_found_by_pseudonym(rules: Rules) -> None:
    trial = (await apply(rules, without_laptops(), share=0.5)).trial
    for person, removed in ((within(trial), {LAPTOP: "OUT_OF_SCHEDULE"}), (outside(trial), {})):
        await rules.database.execute(
            "INSERT INTO identities (identity_key, person_id, person_ids, version, ambiguous)"
            " VALUES ($1, $2, ARRAY[$2], 1, false)",
            key(person).key,
            person,
        )
        context = rules.context(identity_keys=[key(person)], trial=trial)
        checked = await rules.check(LAPTOP, context=context)
        assert codes(checked) == removed
        assert (checked.versions.bundle_hash == trial.bundle_hash) is bool(removed)
    stranger = rules.context(identity_keys=[key("a stranger")], trial=trial)
    assert not codes(await rules.check(LAPTOP, context=stranger))


async def test_what_stands_is_freed_for_those_who_come_under_another_bundle(rules: Rules) -> None:
    made = rules.context()
    await rules.commit(LAPTOP, context=made)
    assert (await rules.check(person=ann())).standing_decision_id == made.decision_id
    trial = (await apply(rules, without_laptops(), share=0.5)).trial
    tried = rules.context(bundle_hash=trial.bundle_hash)
    assert not (await rules.check(person=ann(), context=tried)).standing_decision_id
    assert (await rules.check(person=ann())).standing_decision_id == made.decision_id


async def test_without_profile_what_only_the_others_have_is_shown_to_neither(rules: Rules) -> None:
    def own(number: int) -> DefinitionFile:
        offer = f"{{offer_id: offer-{number}, kind: CONTENT, title: Some}}"
        return DefinitionFile(path="own.yaml", text=f"offers:\n  - {offer}\n")

    shipped = read_folder(shipped_definitions())
    await rules.definitions.apply([*shipped, own(GUIDE)])
    await rules.definitions.apply([*shipped, own(CONTRACT)], share=0.5)
    trial = rules.bundles.trial
    for person, theirs, strange in (
        (within(trial), CONTRACT, GUIDE),
        (outside(trial), GUIDE, CONTRACT),
    ):
        await rules.ledger.note([Identified(key(person).key, person, (person,), 1, False)])
        context = rules.context(identity_keys=[key(person)], trial=trial)
        response = await rules.check(LAPTOP, strange, theirs, context=context)
        assert codes(response) == {strange: "NOT_KNOWN_YET"}
        assert kept(response, LAPTOP, strange, theirs) == [LAPTOP, theirs]
