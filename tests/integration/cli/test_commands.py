"""Every command against a running suite."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

SHIPPED = Path(__file__).parents[3] / "deploy" / "definitions"
ATTEMPTS = 20
HOME_BANNER = ("--placement", "web.home.banner")


def offers_of(answer):
    return [
        shown["offerId"]
        for placement in answer["placements"]
        for shown in placement.get("recommendations", ())
    ]


def test_status_names_every_process_and_says_that_it_serves(touchpoint):
    seen = touchpoint.json("status")
    names = {part["name"] for part in seen["parts"]}
    assert names == {
        *("aggregator", "profile", "retrieval", "rules", "ranker", "scenario"),
        *("PostgreSQL", "NATS"),
    }
    assert seen["well"]
    assert all(part["pid"] and part["memory_mb"] > 0 for part in seen["parts"])
    assert {part["behind"] for part in seen["parts"] if part["address"]} != {None}


def test_a_preview_leaves_no_decision_and_a_live_one_can_be_explained(shop):
    asked = ("customer:c-1", *HOME_BANNER)
    preview = shop.decision(*asked)
    assert offers_of(preview)
    shop("explain", preview["decisionId"], ends_with=1)
    live = shop.decision(*asked, "--live")
    explained = shop.json("explain", live["decisionId"])
    assert offers_of(explained["trace"]) == offers_of(live)
    shown = offers_of(live)[0]
    assert "was shown, number 1" in shop("explain", live["decisionId"], "--why", shown)
    assert live["decisionId"] in shop("explain", live["decisionId"])


def test_a_decision_is_ranked_again_and_comes_out_the_same(shop):
    live = shop.decision("customer:c-1", "--placement", "web.cart", "--live")
    replayed = {"outcome": "GONE"}
    for _ in range(ATTEMPTS):  # it is written within a second or two of being made
        if replayed["outcome"] != "GONE":
            break
        replayed = shop.json("explain", live["decisionId"], "--replay")
    assert replayed["outcome"] == "SAME", replayed
    assert replayed["sameFeatures"]
    told = shop("explain", live["decisionId"], "--replay")
    assert "same offers in the same order with the same probabilities" in told
    shop("explain", live["decisionId"], "--replay", "--why", "lamp", ends_with=2)


def test_a_policy_is_judged_by_the_decisions_of_the_journal(shop):
    shop.decision("customer:c-1", "--placement", "web.cart", "--live")
    report = {"ranked": 0}
    for _ in range(ATTEMPTS):  # a decision is in the journal within a second or two
        if report["ranked"]:
            break
        report = shop.json("simulate", "--history", "1d", "--exploration", "0%")
    assert report["ranked"] <= int(report["journalled"])
    assert "of the journal again" in shop("simulate", "--history", "1d", "--exploration", "0%")
    refused = shop("simulate", "--exploration", "much", ends_with=2)
    assert "say a share from 0% to 100%" in refused
    assert "no snapshot" in shop("simulate", "--model", "abcdef", ends_with=1)


def test_scenarios_are_reported_and_drawn_with_their_stages(shop, tmp_path):
    found = {each["scenario"]: each for each in shop.json("report", "scenario")["scenarios"]}
    assert found["checkout_hesitation"]["inSession"]
    told = shop("report", "scenario", "abandoned_cart", "--draw", str(tmp_path / "cart.svg"))
    drawn = (tmp_path / "cart.svg").read_text("utf-8")
    for stage in found["abandoned_cart"]["stages"]:
        assert stage["stage"] in told
        assert stage["stage"] in drawn
    assert "abandoned_cart" in shop("report", "scenario", "abandoned_cat", ends_with=1)


def test_the_ranker_learns_from_files_of_history(shop, tmp_path):
    lines = ["time,channel,placement,offer_id,accepted,person,attr.hobby"]
    for number in range(200):
        offer, hobby = ("lamp", "reading") if number % 2 else ("rug", "sports")
        accepted = str(number % 2 == 1 and number % 3 < 2).lower()
        day = f"2026-0{1 + number // 60}-{1 + number % 28:02d}T{number % 24:02d}:00:00Z"
        lines.append(f"{day},WEB,web.cart,{offer},{accepted},p-{number},{hobby}")
    (tmp_path / "history.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    train = ("train", "--ranker", "--from", str(tmp_path))
    [told] = shop.json(*train, "--dry-run")["trainings"]
    assert (told["rows"], told["writtenRows"], told["unknownOffers"]) == (200, 0, 0)
    assert "nothing was, as this was a dry run" in shop(*train, "--dry-run")
    bad = tmp_path / "bad.csv"
    bad.write_text(lines[0] + "\n" + "never,WEB,web.cart,lamp,true,p,reading\n", encoding="utf-8")
    refused = shop("train", "--ranker", "--from", str(bad), ends_with=1)
    assert "bad.csv:2: time: must be a time" in refused
    shop("train", "--ranker", ends_with=2)


def test_what_was_declined_is_gone_from_the_next_answer(shop):
    asked = ("customer:c-2", *HOME_BANNER, "--live")
    first = shop.decision(*asked)
    declined = offers_of(first)[0]
    said = shop(
        *("track", "decline", "customer:c-2", "--offer", declined),
        *("--decision", first["decisionId"]),
    )
    assert "Noted: decline" in said
    assert declined not in offers_of(shop.decision(*asked))


def test_the_same_event_again_is_known_and_with_other_content_refused(shop):
    track = ("track", "view", "visitor:v-1", "--event-id", "once", "--time", "2026-01-01T00:00:00Z")
    assert "Noted: view" in shop(*track, "--item", "lamp")
    assert "noted before" in shop(*track, "--item", "lamp")
    assert "Not noted" in shop(*track, "--item", "rug", ends_with=1)


def test_a_view_shows_the_name_and_what_happened(shop):
    shop("track", "view", "phone:+15185550101", "--item", "lamp", "--channel", "call_center")
    said = shop("view", "customer:c-1")
    assert "Ada Brenner" in said
    assert "Reading lamp" in said
    assert "Nobody is known" in shop("view", "customer:nobody-at-all")


def test_bad_input_is_refused_with_the_field_and_exit_code_1(shop):
    said = shop("recommend", "customer:c-1", "--placement", "web.nowhere", ends_with=1)
    assert "placements[0].placement" in said
    assert "web.home.banner" in said


def test_a_file_with_bad_rows_is_applied_as_far_as_it_is_good(shop, tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("item_id,title,price\nvase,Vase,12.00\nmug,Mug,cheap\n,No id,1\n")
    report = shop.json("import", "items", str(path), ends_with=1)
    assert (report["applied"], report["refused"]) == (1, 2)
    assert [(error["row"], error["column"]) for error in report["errors"]] == [
        (3, "price"),
        (4, "item_id"),
    ]


def test_an_import_of_events_may_be_repeated(shop, tmp_path):
    path = tmp_path / "events.jsonl"
    event = {
        "event_id": "again",
        "type": "purchase",
        "time": "2026-01-10T10:00:00Z",
        "identities": [{"kind": "customer", "value": "c-9"}],
        "item_id": "rug",
    }
    path.write_text(json.dumps(event) + "\n")
    assert shop.json("import", "events", str(path))["applied"] == 1
    again = shop.json("import", "events", str(path))
    assert (again["applied"], again["duplicates"]) == (0, 1)


def test_an_event_that_no_profile_can_hold_is_parked_and_listed(shop):
    assert "No event is parked" in shop("parked")
    most = ("--value", "9223372036854", "--order", "fortune", "--item", "lamp")
    for _ in range(2):
        assert "Noted" in shop("track", "purchase", "customer:c-8", *most)
    assert "purchase" in shop("parked", ends_with=1)
    found = shop.json("parked", "--replay", ends_with=1)
    assert (found["replayed"], found["stillParked"], found["total"]) == (0, 1, 1)
    assert [(event["type"], event["tries"]) for event in found["events"]] == [("purchase", 2)]
    shop("erase", "customer:c-8", "--yes")
    assert "No event is parked" in shop("parked")


def test_webhooks_are_told_of_where_there_are_none(shop):
    assert "No webhook is defined" in shop("webhooks")
    assert shop.json("webhooks") == {"webhooks": []}
    assert "there is no webhook crm" in shop("webhooks", "crm", ends_with=1).lower()


def test_a_broken_file_is_refused_before_anything_is_applied(shop, tmp_path):
    path = tmp_path / "items.jsonl"
    path.write_text('{"item_id": "ghost", "title": "Ghost"}\n{"item_id": \n')
    said = shop("import", "items", str(path), ends_with=1)
    assert "items.jsonl:2" in said
    assert "Nothing of it was applied" in said


def test_an_export_holds_everything_and_is_known_where_it_came_from(shop, tmp_path):
    folder = tmp_path / "warehouse"
    first = shop.json("export", str(folder), "--in-house")
    assert first["rows"]["events"] >= 20
    assert first["rows"]["persons"] >= 22
    assert (first["rows"]["items"], first["leftOut"]) >= (3, 0)
    again = shop.json("import", "export", str(folder))
    assert (again["refused"], again["persons"]) == (0, 0)
    second = shop.json("export", str(folder), "events", "--in-house")
    assert (second["export"], second["rows"]) == (2, {"events": 0})
    assert "no folder of an export" in shop("export", str(tmp_path.parent), ends_with=1)
    assert "holds everybody" in shop("export", str(folder), ends_with=1)


def test_nobody_leaves_the_house_without_having_agreed(shop, tmp_path):
    told = shop("export", str(tmp_path / "shared"))
    assert "0 customers who agreed to sharing" in told


def test_a_dry_run_says_what_would_become_of_other_columns_and_applies_nothing(shop, tmp_path):
    (tmp_path / "map.yaml").write_text("columns: {item_id: Nr, title: Name}\nignore: rest\n")
    path = tmp_path / "items.csv"
    path.write_text("Nr,Name,Lager\nurn,Urn,1\n,Nothing,2\n")
    asked = ("import", "items", str(path), "--mapping", str(tmp_path / "map.yaml"))
    told = shop.json(*asked, "--dry-run", ends_with=1)
    assert (told["applied"], told["refused"], told["was_asked"]) == (1, 1, True)
    errors = tmp_path / "errors.csv"
    assert shop.json(*asked, "--errors", str(errors), ends_with=1)["applied"] == 1
    assert errors.read_text().splitlines()[1].startswith("3,item_id,")


def test_definitions_are_made_of_what_the_suite_has(shop, tmp_path):
    made = tmp_path / "made"
    assert "items and" in shop("new", str(made))
    assert "Good: bundle" in shop("check", str(made))


def test_an_erased_person_is_known_no_more(shop, tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("customer_id,email\nc-3,grace@example.com\n")
    shop("import", "customers", str(path))
    assert "Erased" in shop("erase", "email:grace@example.com", "--yes")
    assert "Nobody is known" in shop("view", "customer:c-3")
    shop("erase", "customer:c-3", "--yes", ends_with=1)


def test_one_person_is_exported_whole_into_a_file_of_the_owners(shop, tmp_path):
    shop("track", "search", "customer:c-1", "--query", "a secret wish")
    shop("recommend", "customer:c-1", "--live")
    out = tmp_path / "ada.json"
    said = shop("export", "person", "--identity", "customer=c-1", "--out", str(out))
    assert "rows written" in said
    assert out.stat().st_mode & 0o077 == 0
    services = json.loads(out.read_text())["services"]
    assert set(services) == {"profile", "rules", "ranker", "scenario", "retrieval"}
    profile = services["profile"]
    assert "Ada Brenner" in [row["name"] for row in profile["persons"]]
    assert ("customer", "c-1") in [(row["kind"], row["value"]) for row in profile["identities"]]
    assert {"query": "a secret wish"} in [row["private"] for row in profile["events"]]
    assert services["rules"]["decisions"][0]["answer"]["placements"]
    assert ("cli", "exported") in [(row["caller"], row["action"]) for row in profile["audit"]]
    assert "say KIND=VALUE" in shop("export", "person", "--identity", "c-1", ends_with=2)


def test_the_audit_trail_says_who_read_what_and_that_it_is_whole(shop):
    shop("track", "consent", "customer:c-1", "--attribute", "purpose=sharing")
    shop("view", "customer:c-1")
    found = shop.json("audit", "--identity", "customer=c-1", "--verify")
    assert found["verification"]["whole"]
    assert {"read", "consent_changed"} <= {entry["action"] for entry in found["entries"]}
    said = shop("audit", "--verify", "--limit", "5")
    assert "GetProfile" in said
    assert "The trail is whole" in said


def test_nobody_is_erased_without_being_asked(shop):
    shop("erase", "customer:c-1", ends_with=1)
    assert "Ada Brenner" in shop("view", "customer:c-1")


def test_definitions_are_checked_compared_applied_and_rolled_back(shop, tmp_path):
    for shipped in SHIPPED.glob("*.yaml"):
        (tmp_path / shipped.name).write_text(shipped.read_text())
    assert "Good: bundle" in shop("check", str(tmp_path))
    assert '"$schema"' in shop("check", "--schema")
    assert "No change." in shop("diff", str(tmp_path))
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text(parameters.read_text().replace("30d", "31d"))
    assert "+" in shop("diff", str(tmp_path))
    applied = shop.json("apply", str(tmp_path))
    assert applied["bundleHash"] != applied["previousHash"]
    back = shop.json("rollback")
    assert (back["bundleHash"], back["previousHash"]) == (
        applied["previousHash"],
        applied["bundleHash"],
    )
    assert "declined_for" in shop("diff", back["bundleHash"][:12], "--from", back["previousHash"])


def test_what_definitions_would_change_is_told_before_they_are_applied(shop, tmp_path):
    for shipped in SHIPPED.glob("*.yaml"):
        (tmp_path / shipped.name).write_text(shipped.read_text())
    live = shop.decision("visitor:v-simulated", *HOME_BANNER, "--live")
    shown = offers_of(live)[0]
    rule = f"rules:\n  - {{name: not_it, code: NOT_SUITABLE, remove_when: offer.id == '{shown}'}}\n"
    (tmp_path / "more.yaml").write_text(rule)
    asked = ("simulate", str(tmp_path), "--limit", "20000", "--examples", "100")

    def changed():
        report = shop.json(*asked)["report"]
        return {example["decisionId"]: example for example in report["examples"]}

    deadline = time.monotonic() + 30
    while live["decisionId"] not in changed():  # it is written within a second or two
        assert time.monotonic() < deadline
    said = shop(*asked)
    assert f"{shown} would be removed by not_it" in said
    assert "Offers that lose" in said
    same = shop("simulate", str(SHIPPED), "--history", "1d")
    assert "None would change" in same
    shop("simulate", str(SHIPPED), "--history", "ages", ends_with=2)
    (tmp_path / "more.yaml").write_text(rule.replace("offer.id", "offer.colour"))
    assert "nothing took effect" in shop("simulate", str(tmp_path), ends_with=1)


def test_definitions_are_tried_on_a_share_and_the_record_says_by_whom(shop, tmp_path):
    for shipped in SHIPPED.glob("*.yaml"):
        (tmp_path / shipped.name).write_text(shipped.read_text())
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text(parameters.read_text().replace("30d", "32d"))
    tried = ("--share", "10%", "--by", "ann", "--message", "A longer memory")
    assert "In force for 10% of the people" in shop("apply", str(tmp_path), *tried)
    assert "for 10% of the people" in shop("status")
    newest, *_ = shop.json("versions", "--limit", "2")["versions"]
    assert (newest["changedBy"], newest["message"]) == ("ann", "A longer memory")
    assert newest["trial"]["share"] == 0.1
    assert "ann" in shop("versions")
    shop("apply", str(tmp_path), "--share", "101%", ends_with=2)
    assert "Ended: bundle" in shop("rollback")
    assert "of the people" not in shop("status")


def test_a_mistake_in_the_definitions_is_told_by_file_line_and_column(shop, tmp_path):
    (tmp_path / "rules.yaml").write_text("rules:\n  - name: wrong\n    remove_when: stock <\n")
    said = shop("check", str(tmp_path), ends_with=1)
    assert "rules.yaml:" in said
    assert "nothing took effect" in said


def test_time_moves_for_the_whole_suite(touchpoint):
    before = touchpoint.json("clock")
    after = touchpoint.json("clock", "+1d")
    assert after["offset"] != before.get("offset", "0s")
    assert "ahead of real time" in touchpoint("clock")


def test_status_names_a_rule_that_fails_and_is_well_all_the_same(shop, tmp_path):
    for shipped in SHIPPED.glob("*.yaml"):
        (tmp_path / shipped.name).write_text(shipped.read_text())
    failing = "{name: divides, code: NOT_DUE, remove_when: 7 / (offer.stock - offer.stock) > 1}"
    (tmp_path / "failing.yaml").write_text(f"rules:\n  - {failing}\n")
    assert shop.json("status")["failing_rules"] == []
    shop("apply", str(tmp_path))
    shop("recommend", "customer:c-2", "--live")
    shop("rollback")
    assert "rule divides failed in 1 decision of the last hour" in shop("status")
    seen = shop.json("status")
    assert seen["well"]
    [told] = seen["failing_rules"]
    assert (told["rule"], told["decisions"]) == ("divides", "1")


def test_a_lever_is_set_by_hand_listed_and_set_back(shop):
    assert "No lever is set" in shop("lever")
    said = shop("lever", "lamp", "1.5", "--until", "7d", "--why", "It must go", "--by", "ann")
    assert all(word in said for word in ("lamp", "1.5", "ann", "It must go"))
    [setting] = shop.json("lever")["settings"]
    assert (setting["offerId"], setting["lever"], setting["caller"]) == ("lamp", 1.5, "cli")
    shop("lever", "lamp", "--reset")
    assert "No lever is set" in shop("lever")
    history = shop("lever", "lamp")
    assert "set back" in history
    assert "It must go" in history
    shop("lever", "lamp", "0", ends_with=2)
    shop("lever", "no-such-thing", "2", ends_with=1)


EXPERIMENT = """\
experiments:
  - experiment: anything
    hypothesis: It can be tried.
    share: 100%
    goal: clicks
    variants: [{variant: control}, {variant: others, ranker: {priors_only: true}}]
"""


def test_an_experiment_that_people_are_in_is_ended_only_by_saying_so(shop, tmp_path):
    for shipped in SHIPPED.glob("*.yaml"):
        (tmp_path / shipped.name).write_text(shipped.read_text())
    (tmp_path / "tried.yaml").write_text(EXPERIMENT)
    assert "+ anything" in shop("apply", str(tmp_path))
    people = (f"visitor:v-tried-{number}" for number in range(100))
    live = next(
        decision
        for person in people
        if (decision := shop.decision(person, *HOME_BANNER, "--live")).get("variants")
    )
    [variant] = live["variants"]
    assert (live["arm"], variant["experiment"]) == ("PERSONALISED", "anything")
    told = shop("explain", live["decisionId"])
    assert f"arm personalised, anything: {variant['variant']}" in told
    (tmp_path / "tried.yaml").unlink()
    assert "--end anything" in shop("apply", str(tmp_path), ends_with=1)
    assert "In force" in shop("apply", str(tmp_path), "--end", "anything")
    [over] = json.loads(shop("report", "experiment", "--json"))["ended"]
    assert (over["experiment"], over["endedByDefinitions"]) == ("anything", True)
    told = shop("report", "experiment", "anything")
    assert "UTC, ended" in told.splitlines()[0]
    assert "Holdout and static have these shares since" in shop("report", "experiment", "holdout")
