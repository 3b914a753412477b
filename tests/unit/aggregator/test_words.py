"""An offer's words in the language of whoever hears or reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.aggregator.domain.vocabulary import Channel
from services.aggregator.pipeline.wording import Wording
from services.aggregator.pipeline.words import script, shown, title_of
from shared.languages import mistake, nearest
from tests.unit.aggregator.edge import PAN, PC_1, row, shop
from touchpoint.common.v1.catalogue_pb2 import (
    CatalogueBatch,
    CatalogueRow,
    ChannelCreative,
    Creative,
    PromisedTerms,
    Words,
)
from touchpoint.common.v1.vocabulary_pb2 import OfferKind

GENERAL = Creative(
    title="Spring sale",
    text="10% off",
    link="/spring",
    call_to_action="Have a look",
    words=[
        Words(language="de", title="Frühling", text="10 % weniger", link="/de/fruehling"),
        Words(language="de-AT", title="Frühling, servus"),
        Words(language="es", title="Primavera", text="10 % menos", call_to_action="Ver"),
    ],
)
CALL = Creative(
    text="May I tell you of our sale?",
    words=[Words(language="es", text="¿Le cuento nuestras rebajas?")],
)
MENU = Creative(
    title="Sale",
    text="Our sale.",
    ssml="<speak>Our sale</speak>",
    words=[Words(language="es", ssml="<speak>Rebajas</speak>")],
)
OFFER = CatalogueRow(
    offer_no=20,
    title="Spring sale",
    creative=GENERAL,
    channel_creatives=[
        ChannelCreative(channel=Channel.CALL_CENTER, creative=CALL),
        ChannelCreative(channel=Channel.IVR, creative=MENU),
    ],
)


def test_who_speaks_a_language_is_shown_the_words_in_it():
    found = shown(OFFER, Channel.WEB, "es-MX")
    assert (found.title, found.text, found.call_to_action) == ("Primavera", "10 % menos", "Ver")
    assert (found.link, found.language) == ("/spring", "es")


def test_what_a_language_lacks_is_as_in_the_own_words():
    found = shown(OFFER, Channel.WEB, "de-AT")
    assert (found.title, found.language) == ("Frühling, servus", "de-AT")
    assert (found.text, found.link, found.call_to_action) == ("10% off", "/spring", "Have a look")


@pytest.mark.parametrize("locale", ["", "fr", "fr-DE", "d", "esperanto"])
def test_to_whom_no_words_are_for_the_own_are_shown_and_it_is_said_so(locale):
    found = shown(OFFER, Channel.WEB, locale)
    assert (found.title, found.text, found.language) == ("Spring sale", "10% off", "")


def test_words_for_the_channel_go_before_those_for_all_of_the_same_language():
    found = shown(OFFER, Channel.CALL_CENTER, "es")
    assert (found.title, found.text) == ("Primavera", "¿Le cuento nuestras rebajas?")
    assert found.call_to_action == ""  # there is none on this channel


def test_words_for_all_channels_go_before_those_for_the_channel_of_no_known_language():
    assert shown(OFFER, Channel.CALL_CENTER, "de").text == "10 % weniger"


def spoken_in(language):
    space = "http://www.w3.org/2001/10/synthesis"
    return f'<speak version="1.1" xmlns="{space}" xml:lang="{language}">'


def test_a_machine_reads_out_words_of_one_language_alone():
    assert shown(OFFER, Channel.IVR, "es").ssml == f"{spoken_in('es')}Rebajas</speak>"
    assert (
        shown(OFFER, Channel.IVR, "de").ssml == f"{spoken_in('de')}Frühling. 10 % weniger</speak>"
    )
    for locale in ("", "fr"):
        assert shown(OFFER, Channel.IVR, locale).ssml == f"{spoken_in('en')}Our sale</speak>"


def test_own_words_are_read_out_in_the_language_that_they_are_in():
    assert shown(OFFER, Channel.IVR, "fr", "sv").ssml == f"{spoken_in('sv')}Our sale</speak>"
    assert shown(OFFER, Channel.IVR, "es-MX", "sv").ssml == f"{spoken_in('es')}Rebajas</speak>"


def test_an_agent_says_the_script_of_the_language_else_our_words_round_its_title():
    assert script(OFFER, "es") == ("¿Le cuento nuestras rebajas?", "es")
    assert script(OFFER, "de") == ("", "de")
    assert script(OFFER, "fr") == ("May I tell you of our sale?", "")
    assert script(OFFER, "") == ("May I tell you of our sale?", "")


def test_what_was_promised_is_told_in_the_language_as_it_was_then():
    terms = PromisedTerms(
        offer_no=PC_1,
        title="Old",
        creative=Creative(words=[Words(language="de", title="Alt")]),
    )
    theirs = Wording(shop()).in_language("de").on_terms([terms])
    assert theirs.title(PC_1) == theirs.creative(PC_1, Channel.WEB).title == "Alt"


def test_a_title_is_told_in_the_language_wherever_it_is_named():
    catalogue = shop()
    pan = row(PAN, "pan-1", OfferKind.PRODUCT, "Cake pan", category="Home")
    pan.creative.words.add(language="de", title="Kuchenform")
    catalogue.apply(CatalogueBatch(previous_version=1, version=2, rows=[pan]))
    wording = Wording(catalogue)
    assert wording.in_language("de-CH").title(PAN) == "Kuchenform"
    assert wording.in_language("").title(PAN) == wording.title(PAN) == "Cake pan"
    assert wording.in_language("de").title(PC_1) == "Aurora 15"
    assert wording.in_language("de").title(999) == ""


TAGS = st.sampled_from(["de", "de-AT", "de-CH", "es", "es-MX", "en", "fr"])


@given(st.sets(TAGS), TAGS | st.just(""), st.sampled_from(list(Channel)))
def test_the_words_shown_are_of_the_language_that_is_named(written, locale, channel):
    """Else of none: each word here says of which language it is."""
    words = [Words(language=tag, title=f"title {tag}", text=f"text {tag}") for tag in written]
    offer = CatalogueRow(title="title", creative=Creative(title="title", text="text", words=words))
    found = shown(offer, channel, locale)
    ending = f" {found.language}" if found.language else ""
    assert (found.title, found.text) == (f"title{ending}", f"text{ending}")
    assert title_of(offer, locale) == found.title
    near = {tag for tag in written if tag == locale or tag == locale.partition("-")[0]}
    assert found.language == (locale if locale in near else next(iter(near), ""))


@given(st.sets(TAGS), st.text(max_size=12))
def test_whatever_the_locale_what_is_nearest_is_one_of_those_there_are(written, locale):
    found = nearest(locale, written)
    assert found == "" or (found in written and locale.casefold().startswith(found.casefold()[:2]))


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        *((tag, "") for tag in ("de", "de-AT", "yue", "no", "zh")),
        ("xx", "'xx' is no language of ISO 639-1"),
        *((tag, "must be a language") for tag in ("", "DE", "de_AT", "de-at", "german", "de-")),
    ],
)
def test_what_names_no_language_is_told(tag, told):
    assert mistake(tag).startswith(told)
    assert bool(mistake(tag)) == bool(told)
