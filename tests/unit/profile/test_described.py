"""What many people have in common, and nothing that would tell one of them apart."""

from services.profile.domain.described import Collector, words_of
from services.profile.domain.state import State


def words(people):
    collector = Collector()
    for each in people:
        collector.add(each)
    return collector.words()


def test_words_that_five_people_have_are_told_and_rarer_ones_are_not():
    people = [{"gender": "female"}] * 6 + [{"gender": "male"}] * 5 + [{"gender": "rare"}] * 2
    assert words(people) == {"gender": ("female", "male")}


def test_text_numbers_of_their_own_and_what_all_have_are_no_words_of_many():
    assert words([{"card": str(number)} for number in range(1000)]) == {}
    mostly_text = [{"note": str(number)} for number in range(20)] + [{"note": "none"}] * 9
    mostly_text += [{"note": "yes"}] * 6
    assert words(mostly_text) == {}
    assert words([{"country": "de"}] * 50) == {}


def test_an_attribute_of_too_many_words_is_dropped_whenever_that_shows():
    many = [{"town": f"t{number % 40}"} for number in range(400)]
    assert words(many) == {}
    collector = Collector()
    for number in range(2000):
        collector.add({"id": f"x{number}"})
    assert collector._found == {}


def test_at_most_sixteen_attributes_are_told_those_that_most_people_have():
    people = [{f"a{at:02}": str(number % 2) for at in range(20)} for number in range(20)]
    people += [{"common": str(number % 2)} for number in range(40)]
    found = words(people)
    assert len(found) == 16
    assert "common" in found


def test_names_dates_of_birth_and_long_texts_are_no_words():
    said = {"name": "Ada", "birth_date": "1990-01-01", "age": "36", "note": "x" * 41}
    state = State()
    state.attributes = {name: (1, value) for name, value in {**said, "Gender": " Female"}.items()}
    assert words_of(state) == {"Gender": "female"}
