"""Proposed personas become definitions: accepted, renamed, merged, and never overwritten."""

from __future__ import annotations

import pytest
import yaml

from cli.commands.new_personas import Wish, parse_pairs, wished, write, written
from cli.console import CommandError
from cli.defining.personas import definition_text, merged
from services.rules.definitions import check_definitions
from touchpoint.common.v1.persona_pb2 import AttributeShares, Persona, Share
from touchpoint.profile.v1.personas_pb2 import Distinction, PersonaProposal, PersonaProposals
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

HEAD = """\
placements:
  - {placement: web.cart, channel: WEB, kinds: [CONTENT], limit: 3, default_offers: [help]}
offers:
  - {offer_id: help, kind: CONTENT, title: Help, is_default: true}
"""
PROPOSED = ["running", "books", "dvds"]


def persona(name, weight, categories, **attributes):
    return Persona(
        persona=name,
        title=f"{name.title()}: mostly",
        description="They say: 'yes', #1.",
        weight=weight,
        categories=[Share(value=value, share=share) for value, share in categories.items()],
        attributes=[
            AttributeShares(attribute=each, shares=[Share(value=value, share=0.6)])
            for each, value in attributes.items()
        ],
    )


RUNNING = persona("running", 0.1, {"Running > Shoes": 0.333, "Kitchen: all": 0.05}, age="20-35")
BOOKS = persona("books", 0.3, {"Books": 0.7, "Running > Shoes": 0.1}, gender="female")
DVDS = persona("dvds", 0.2, {"DVDs": 0.5})
FOUND = PersonaProposals(
    people=500,
    proposals=[
        PersonaProposal(
            persona=RUNNING,
            people=43,
            distinctions=[Distinction(family="categories", value="Running > Shoes", lift=6.3)],
        ),
        PersonaProposal(persona=BOOKS, people=140),
        PersonaProposal(persona=DVDS, people=99),
    ],
)


def shares(part):
    return {each.value: each.share for each in part}


def test_what_is_written_passes_the_check_and_comes_back_as_it_was():
    texts = written(FOUND, wished(PROPOSED, ["running", "books"], {}, {}))
    files = [DefinitionFile(path=f"{name}.yaml", text=text) for name, text in texts.items()]
    checked = check_definitions([*files, DefinitionFile(path="all.yaml", text=HEAD)])
    assert not checked.problems
    by_name = {each.persona: each for each in checked.bundle.personas}
    assert by_name["running"].description == RUNNING.description
    assert shares(by_name["running"].categories) == pytest.approx(shares(RUNNING.categories))
    assert by_name["books"].weight == pytest.approx(0.3)
    assert by_name["books"].attributes[0].attribute == "gender"


def test_it_says_on_how_many_people_and_lifts_it_rests():
    text = written(FOUND, [Wish("running", ("running",))])["running"]
    assert "43 of 500 people (8.6%)" in text
    assert "Running > Shoes: 33.3%  # 6.3 times as common as with others" in text


def test_accepted_ones_are_renamed_and_merged():
    wishes = wished(PROPOSED, ["running"], {"running": "runners"}, {"books+dvds": "homely"})
    assert wishes == [Wish("homely", ("books", "dvds")), Wish("runners", ("running",))]
    texts = written(FOUND, wishes)
    assert "persona: runners\n" in texts["runners"]
    assert "239 of 500 people (47.8%)" in texts["homely"]


def test_all_means_those_that_are_not_merged():
    wishes = wished(PROPOSED, PROPOSED, {}, {"books+dvds": "homely"})
    assert [wish.name for wish in wishes] == ["homely", "running"]


def test_merging_mixes_distributions_by_how_common_each_is():
    found = merged("both", [RUNNING, BOOKS])
    assert found.weight == pytest.approx(0.4)
    assert shares(found.categories) == pytest.approx(
        {"Books": 0.525, "Running > Shoes": 0.158, "Kitchen: all": 0.012}, abs=0.0011
    )
    told = {each.attribute: shares(each.shares) for each in found.attributes}
    assert told == {"age": {"20-35": 0.15}, "gender": {"female": pytest.approx(0.45, abs=0.0011)}}


@pytest.mark.parametrize(
    ("accepted", "renames", "merges", "told"),
    [
        (["runing"], {}, {}, "runing is not proposed; there are running, books, dvds"),
        ([], {"x": "y"}, {}, "x is not proposed"),
        ([], {}, {"books+x": "y"}, "x is not proposed"),
        ([], {"books": "dvds"}, {"running+dvds": "dvds"}, "two personas would be named dvds"),
        ([], {"books": "a"}, {"books+dvds": "b"}, "books is renamed and merged"),
        ([], {"books": "../up"}, {}, "is no name of a persona"),
        ([], {}, {"books+books": "b"}, "books is merged twice"),
        ([], {}, {"books+dvds": "a", "dvds+running": "b"}, "dvds is merged twice"),
    ],
)
def test_what_cannot_be_meant_is_told(accepted, renames, merges, told):
    with pytest.raises(CommandError, match=told.replace(".", r"\.")):
        wished(PROPOSED, accepted, renames, merges)


@pytest.mark.parametrize("text", ["a", "=b", "a="])
def test_other_than_pairs_is_a_wrong_use(text):
    with pytest.raises(CommandError, match="OLD=NEW"):
        parse_pairs([text])


def test_a_file_that_is_there_stays_and_then_nothing_is_written(tmp_path):
    write(tmp_path, {"books": "mine"})
    with pytest.raises(CommandError, match="stays as it is"):
        write(tmp_path, {"running": "new", "books": "new"})
    assert [path.name for path in tmp_path.iterdir()] == ["books.yaml"]
    assert (tmp_path / "books.yaml").read_text() == "mine"


def test_whatever_a_value_holds_it_is_read_back_as_it_was():
    values = ["a\nb: c", "# no comment", "no", "\u2028", "65+", "it's"]
    persona = Persona(persona="p", title="t\nu", weight=0.5)
    persona.brands.extend(Share(value=value, share=0.1) for value in values)
    text = definition_text(persona, PersonaProposals(), 0)
    [read] = yaml.safe_load(text)["personas"]
    assert (list(read["brands"]), read["title"]) == (values, "t\nu")
