"""The edge's words are those of the contracts."""

import pytest

from services.aggregator.domain import vocabulary
from touchpoint.common.v1 import vocabulary_pb2 as contract


@pytest.mark.parametrize(
    ("words", "enum"),
    [
        (vocabulary.Channel, contract.Channel.Value),
        (vocabulary.Kind, contract.OfferKind.Value),
        (vocabulary.Source, contract.Source.Value),
        (vocabulary.EvidenceKind, contract.EvidenceKind.Value),
        (vocabulary.RemovalCode, contract.RemovalCode.Value),
        (vocabulary.SlateCause, contract.SlateCause.Value),
        (vocabulary.Arm, contract.Arm.Value),
    ],
)
def test_every_word_has_the_number_of_the_contract(words, enum):
    assert {word.name: word.value for word in words} == dict(enum.items())


def test_a_number_of_a_newer_service_is_unspecified():
    assert vocabulary.name_of(vocabulary.Kind, 99) == "UNSPECIFIED"
    assert vocabulary.name_of(vocabulary.Kind, 1) == "PRODUCT"
