"""Those in a variant of an experiment are ranked on its terms, and nobody else is."""

import pytest

from services.ranker.definitions import RankingTerms, compile_bundle
from tests.unit.ranker.shop import PRIOR
from tests.unit.ranker.test_exploration import EVERYTHING, asked, taught
from touchpoint.common.v1.decision_pb2 import VariantOf
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.rules.v1.experiments_pb2 import Experiment, ExperimentVariant, RankerChange
from touchpoint.rules.v1.rules_pb2 import Bundle, Prior

DEAR, CHEAP = 1000.0, 0.001
CHANGES = {
    "control": None,
    "calm": RankerChange(exploration=0.0),
    "plain": RankerChange(priors_only=True),
    "pushed": RankerChange(levers={"item-7": DEAR, "gone": DEAR}),
}
RANKER = taught()


def experiment(name="one", **changes):
    return Experiment(
        experiment=name,
        share=1.0,
        variants=[
            ExperimentVariant(variant=variant, share=0.1, ranker=change)
            for variant, change in changes.items()
        ],
    )


def definitions(*experiments):
    priors = [Prior(kind=OfferKind.PRODUCT, probability=PRIOR)]
    return compile_bundle(Bundle(priors=priors, experiments=experiments))


def ranked(*variants):
    request = asked(5)
    request.context.variants.extend(VariantOf(experiment=one, variant=of) for one, of in variants)
    return RANKER.rank(request, definitions(experiment(**CHANGES)))


def page(ranking):
    (slate,) = ranking.slates
    return [EVERYTHING[at] for at in slate.chosen]


@pytest.mark.parametrize("variants", [[("one", "control")], [("one", "gone")], [("other", "calm")]])
def test_the_control_and_unknown_variants_change_nothing(variants):
    usual = ranked()
    assert usual.judgement.exploration is not None
    assert page(ranked(*variants)) == page(usual)


def test_a_variant_tries_out_as_much_as_it_says():
    calm = ranked(("one", "calm"))
    assert calm.judgement.exploration is None
    assert {calm.selection_probability(0, at) for at in range(len(EVERYTHING))} == {1.0}


def test_a_variant_by_priors_alone_uses_nothing_that_was_learned():
    plain = ranked(("one", "plain")).judgement
    assert (plain.probability == plain.assumed.probability).all()
    assert plain.sighted is not None, "what is shown teaches all the same"
    assert (ranked().judgement.probability != plain.probability).any()


def test_a_variant_multiplies_the_levers_of_its_offers():
    pushed, usual = ranked(("one", "pushed")), ranked()
    assert page(pushed)[0] == 7
    at = EVERYTHING.index(7)
    assert pushed.judgement.assumed.lever[at] == DEAR * usual.judgement.assumed.lever[at]
    others = [place for place in range(len(EVERYTHING)) if place != at]
    assert (pushed.judgement.assumed.lever[others] == 1.0).all()


def test_several_experiments_add_up():
    two = experiment("two", control=None, less=RankerChange(levers={"item-3": CHEAP}))
    made = definitions(experiment(**CHANGES), two)
    terms = made.treating(
        [
            VariantOf(experiment="one", variant="calm"),
            VariantOf(experiment="two", variant="less"),
        ]
    )
    assert terms == RankingTerms(0.0, factors={"item-3": CHEAP})
    assert made.treating([VariantOf(experiment="two", variant="control")]) is made.terms
