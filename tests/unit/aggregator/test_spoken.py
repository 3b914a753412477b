"""Whatever titles are like, what is said has at most 25 words and is in the caller's language."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from demo.shop.offers import _TABLE as DEMO_OFFERS
from services.aggregator.domain.lines import Action, Interest, lines
from services.aggregator.domain.reasons import Evidence, reason_text
from services.aggregator.domain.speech import speech
from services.aggregator.domain.spoken import fitting
from services.aggregator.domain.texts import ENGLISH, LANGUAGES, phrase
from services.aggregator.domain.vocabulary import Channel, EvidenceKind, Kind, RemovalCode, Source
from services.aggregator.pipeline.words import script, shown, title_of
from shared.spoken import MOST_WORDS, words
from tests.properties import examples
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow, ChannelCreative, Creative, Words

SHIPPED = Path(__file__).parents[3] / "deploy" / "definitions"
TO_PROGRAMMERS = {"note.ignored", "note.ambiguous"}
MINUTE_US = 60_000_000
NOW_US = 29_000_000 * MINUTE_US
WORDS = st.lists(st.sampled_from(["Aurora", "the", "PC,", "15", "so-called"]), max_size=40)
TITLES = st.one_of(
    WORDS.map(" ".join),
    st.text(st.sampled_from("电脑パソコン、。กำลังខ្មែរລາວမြန་ 15A"), max_size=150),
)
PATHS = st.lists(st.sampled_from(["Home and garden", "PCs", "Running"]), max_size=3).map(" > ".join)


TAGS = st.sampled_from(["de", "de-AT", "es", "fr", ""])
"""Languages of an offer's words, of some of which there are no words of ours."""


@st.composite
def offers(draw):
    """An offer with a script and words in several languages, each as long as somebody may write."""

    def words_of(tags):
        return [
            Words(language=tag, title=draw(TITLES), text=draw(TITLES))
            for tag in sorted(tags - {""})
        ]

    def creative():
        return Creative(text=draw(TITLES), words=words_of(draw(st.sets(TAGS, max_size=3))))

    made_for = draw(st.sets(st.sampled_from([Channel.CALL_CENTER, Channel.IVR, Channel.WEB])))
    return CatalogueRow(
        title=draw(TITLES),
        creative=creative(),
        channel_creatives=[
            ChannelCreative(channel=channel, creative=creative()) for channel in sorted(made_for)
        ],
    )


SPEAK, LANG = (
    "{http://www.w3.org/2001/10/synthesis}speak",
    "{http://www.w3.org/XML/1998/namespace}lang",
)


def spoken_text(root):
    return " ".join(root.itertext())


@st.composite
def evidence(draw):
    counts = st.integers(0, 999)
    return Evidence(
        source=draw(st.sampled_from(list(Source))),
        item=draw(TITLES),
        category=draw(PATHS),
        count=draw(counts),
        total=draw(counts),
        minutes_ago=draw(st.integers(-1, 10**6)),
        relationship=draw(st.sampled_from(["", "mother"])),
        occasion=draw(st.sampled_from(["", "birthday"])),
        kind=draw(st.sampled_from(list(EvidenceKind))),
        text=draw(TITLES),
    )


@st.composite
def actions(draw, locale):
    return Action(
        offer_id=draw(st.sampled_from(["a", "b"])),
        title=draw(TITLES),
        kind=draw(st.sampled_from(list(Kind))),
        category=draw(PATHS),
        reason=reason_text(draw(evidence()), locale),
        script=draw(st.one_of(st.just(""), TITLES.map(lambda text: f"{text}. {text}?"))),
    )


@st.composite
def spoken(draw):
    locale = draw(st.sampled_from([*LANGUAGES, "de-AT", "fr", ""]))
    about = Interest(
        category=draw(PATHS),
        minutes=draw(st.floats(0, 1000)),
        last_us=NOW_US - draw(st.integers(0, 10**6)) * MINUTE_US,
        channel=draw(st.sampled_from(list(Channel))),
        last_item=draw(st.none() | actions(locale)),
        may_offer_last=draw(st.booleans()),
        is_said=draw(st.booleans()),
        topic=draw(st.sampled_from(["", "returns", "where is my order"])),
    )
    complaint_us = draw(st.sampled_from([0, NOW_US - 90 * MINUTE_US]))
    found = draw(st.lists(actions(locale), max_size=3))
    return lines(found, draw(st.none() | st.just(about)), NOW_US, locale, complaint_us)


@examples(90)
@given(spoken())
def test_no_line_has_more_than_25_words(said):
    for line in said:
        assert 0 < words(line.text) <= MOST_WORDS, line.text


@examples(60)
@given(offers(), TAGS, st.sampled_from(list(Kind)))
def test_no_line_of_an_offers_words_in_any_language_has_more_than_25(offer, locale, kind):
    said, language = script(offer, locale)
    action = Action("a", title_of(offer, locale), kind, script=said, language=language)
    (line,) = lines([action], None, NOW_US, locale)
    assert 0 < words(line.text) <= MOST_WORDS, line.text
    read_out = spoken_text(ElementTree.fromstring(shown(offer, Channel.IVR, locale).ssml))
    assert words(read_out) <= MOST_WORDS


@examples(60)
@given(
    st.one_of(st.just(""), TITLES.map(lambda text: f"<speak>{text}</speak>"), TITLES),
    TITLES,
    TITLES,
)
def test_what_a_machine_reads_out_is_markup_of_at_most_25_words(own, title, text):
    root = ElementTree.fromstring(speech(own, f"{title} & <more>", text, "de-AT"))
    assert (root.tag, root.attrib) == (SPEAK, {"version": "1.1", LANG: "de-AT"})
    assert 0 < words(spoken_text(root)) <= MOST_WORDS


@examples(60)
@given(st.text(st.characters(codec="utf-8"), max_size=40), TITLES)
def test_titles_of_any_characters_are_read_out_and_are_no_markup(title, text):
    root = ElementTree.fromstring(speech("", f"A {title}</speak>\x0b", text, "de"))
    assert (root.tag, len(root)) == (SPEAK, 0)
    assert 0 < words(spoken_text(root)) <= MOST_WORDS


def test_the_last_way_to_say_something_is_shortened_where_none_fits():
    assert fitting("word " * 26, "few words") == "few words"
    assert words(fitting("word " * 27, "word " * 26)) == MOST_WORDS


XMLNS = 'xmlns="http://www.w3.org/2001/10/synthesis"'
XMLNS_S = XMLNS.replace("=", ":s=", 1)


def test_markup_of_an_offers_own_is_read_out_if_it_can_be():
    own = "<speak>Say <emphasis>help</emphasis>.</speak>"
    whole = f'<speak version="1.1" {XMLNS} xml:lang="en">'
    assert speech(own, "Help", "", "en") == f"{whole}Say <emphasis>help</emphasis>.</speak>"
    for broken in ("<speak>Say help", "<p>Say help</p>", f"<speak>{'word ' * 26}</speak>"):
        assert speech(broken, "Help", "Ask us.", "en") == f"{whole}Help. Ask us.</speak>"


@pytest.mark.parametrize(
    ("own", "read_out"),
    [
        (f'<speak {XMLNS} version="1.0" xml:lang="es">Sí</speak>', None),
        (f"<speak {XMLNS} xml:lang='es' version='1.1'\n>Sí</speak>", None),
        (
            '<speak xml:lang="es">Sí</speak>',
            f'<speak version="1.1" {XMLNS} xml:lang="es">Sí</speak>',
        ),
        (
            f'<!-- ü <speak> --><speak {XMLNS} version="1.0">Sí</speak>',
            f'<!-- ü <speak> --><speak xml:lang="de" {XMLNS} version="1.0">Sí</speak>',
        ),
        (
            f'<?xml version="1.0" encoding="latin-1"?><s:speak {XMLNS_S}>ü</s:speak>',
            '<?xml version="1.0" encoding="latin-1"?><s:speak version="1.1" xml:lang="de"'
            f" {XMLNS_S}>ü</s:speak>",
        ),
    ],
)
def test_of_an_offers_own_markup_nothing_is_changed_and_what_its_root_lacks_is_added(own, read_out):
    assert speech(own, "Help", "", "de") == (read_out or own)


@examples(60)
@given(
    st.sets(
        st.sampled_from(['version="1.0"', XMLNS, 'xml:lang="es"', 'onlangfailure="ignoretext"'])
    ),
    st.sampled_from(["", " ", "\n\t"]),
    st.sampled_from(["", "\ufeff", "<!-- ü > -->", "<?xml version='1.0'?>"]),
    st.sampled_from(["Say <p>ü</p>.", "电脑 &amp; <break/>", "One &lt;speak>"]),
)
def test_own_markup_with_any_of_its_attributes_is_whole(given, blank, before, said):
    own = f"{before}<speak {blank.join(f'{each} ' for each in sorted(given))}{blank}>{said}</speak>"
    read_out = speech(own, "", "", "de")
    assert read_out.startswith(before)
    assert read_out.endswith(f"{said}</speak>")
    root = ElementTree.fromstring(read_out)
    assert root.tag == SPEAK
    assert root.attrib["version"] == ("1.0" if 'version="1.0"' in given else "1.1")
    assert root.attrib[LANG] == ("es" if 'xml:lang="es"' in given else "de")
    assert all(each.tag.startswith(SPEAK.removesuffix("speak")) for each in root)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_has_every_sentence_that_is_said(language):
    assert ENGLISH.keys() - LANGUAGES[language].keys() <= TO_PROGRAMMERS


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_why_something_cannot_be_had_is_said_in_one_breath(language):
    for code in RemovalCode:
        assert words(phrase(f"removed.{code.name}", language)) <= MOST_WORDS


def shipped(section):
    files = (yaml.safe_load(path.read_text()) for path in sorted(SHIPPED.glob("*.yaml")))
    return [entry for each in files for entry in each.get(section) or ()]


def test_every_rule_that_ships_says_why_in_every_language_and_in_one_breath():
    told = [rule for rule in shipped("rules") if rule.get("text")]
    assert told
    for rule in told:
        assert {"en", *rule["texts"]} >= set(LANGUAGES), rule["name"]
        for text in (rule["text"], *rule["texts"].values()):
            assert words(text) <= MOST_WORDS, rule["name"]


def by_voice():
    for offer in shipped("offers"):
        for special in offer.get("channel_creatives", ()):
            if special["channel"] in ("CALL_CENTER", "IVR"):
                creative = special["creative"]
                for said in (creative, *creative.get("words", ())):
                    yield offer["offer_id"], said


def test_what_ships_to_be_said_is_said_unshortened():
    """An offer's own words that were cut would have been written in vain."""
    found = list(by_voice())
    assert found
    for offer_id, creative in found:
        assert words(creative["text"]) <= MOST_WORDS, offer_id
        if "ssml" in creative:
            own = ElementTree.fromstring(creative["ssml"])
            read_out = ElementTree.fromstring(speech(creative["ssml"], "", "", "en"))
            assert spoken_text(read_out) == spoken_text(own), offer_id


def test_every_offer_that_ships_has_words_in_every_language_wherever_it_is_shown():
    found = [offer for offer in shipped("offers") if offer.get("is_default")]
    assert found
    for offer in found:
        specials = [special["creative"] for special in offer.get("channel_creatives", ())]
        for creative in (offer, *specials):
            told = {"en", *(words["language"] for words in creative.get("words", ()))}
            assert told == set(LANGUAGES), offer["offer_id"]


@pytest.mark.parametrize("offer", DEMO_OFFERS, ids=lambda offer: offer[1])
def test_what_the_demonstration_offers_is_read_out_whole(offer):
    _, _, title, text, *_ = offer
    said = spoken_text(ElementTree.fromstring(speech("", title, text, "en")))
    assert not said.endswith("…")
