"""Trees grown by LightGBM, laid out as the columns that the ranker takes."""

import builtins

import numpy as np
import pytest

from cli.growing import Examples, GrowingError, grow, laid_out, matrix_of
from services.ranker.domain.booster import Booster, Trees
from touchpoint.ranker.v1.booster_pb2 import StreamExamplesResponse


def lightgbm():
    try:
        import lightgbm
    except (ImportError, OSError) as error:
        pytest.skip(f"LightGBM grows the trees: {error}")
    return lightgbm


def examples(count=3000, seed=5):
    """Return answers that depend on two things at once, in two parts."""
    random = np.random.default_rng(seed)
    parts = [StreamExamplesResponse(), StreamExamplesResponse()]
    for at in range(count):
        one, two, noise = random.integers(2, size=3)
        part = parts[at > count // 2]
        part.rows.append(10 * at + 7)
        part.labels.append(float(random.random() < (0.6 if one == two else 0.05)))
        row = [10 + one, 20 + two, 30, *([41] if noise else [])]
        part.lengths.append(len(row))
        part.features.extend(row)
    return Examples.of(parts)


def restored(told):
    columns = told.features, told.without, told.having, told.values
    return Booster.of(Trees(told.trees, told.base, *columns))


def test_what_was_streamed_is_put_together_in_order():
    made = examples(10)
    assert len(made) == 10
    assert made.rows.tolist() == [10 * at + 7 for at in range(10)]
    first = made.features[made.starts[0] : made.starts[1]].tolist()
    assert first[0] in (10, 11)
    assert first[2] == 30
    assert len(Examples.of([])) == 0


def test_a_dumped_model_is_laid_out_with_children_after_their_parents():
    leaf = {"leaf_value": 0.25}
    split = {
        "split_feature": 1,
        "decision_type": "<=",
        "threshold": 1e-35,
        "left_child": leaf,
        "right_child": {"leaf_value": -0.5},
    }
    dumped = {"tree_info": [{"tree_structure": split}, {"tree_structure": {"leaf_value": 1.0}}]}
    booster = restored(laid_out(dumped, np.array([7, 9])))
    said = booster.log_odds(np.array([[7, 9]], np.uint32))
    assert said.tolist() == [1.25, 0.5]


def test_grown_trees_find_what_only_goes_together_and_nothing_after_their_last_row():
    lightgbm()
    made = examples()
    grown = grow(made, 1, lambda step, share: None)
    assert grown.examples == 2100
    assert grown.trained_row == made.rows[2099]
    assert 1 <= grown.trees.trees <= 100
    rows = np.array([[10, 20], [10, 21], [11, 20], [11, 21]], np.uint32).T
    chances = 1 / (1 + np.exp(-restored(grown.trees).log_odds(rows)))
    assert chances == pytest.approx([0.6, 0.05, 0.05, 0.6], abs=0.12)
    assert 30 not in grown.trees.features
    assert grow(made, 1, lambda step, share: None) == grown


def test_trees_say_as_columns_what_lightgbm_says_of_the_same_rows():
    library, made = lightgbm(), examples(800)
    asked = np.array([10, 11, 20, 21, 41])
    matrix = matrix_of(made, asked)
    terms = {"objective": "binary", "verbosity": -1, "min_data_in_leaf": 5}
    model = library.train(terms, library.Dataset(matrix, made.labels), 20)
    booster = restored(laid_out(model.dump_model(), asked))
    for at in range(0, 800, 37):
        row = made.features[made.starts[at] : made.starts[at + 1]].astype(np.uint32)
        said = booster.log_odds(row[:, None])[0]
        assert said == pytest.approx(model.predict(matrix[at], raw_score=True)[0], abs=1e-5)


def test_too_few_answers_are_told():
    lightgbm()
    with pytest.raises(GrowingError, match="there are 90 answers"):
        grow(examples(90), 1, lambda step, share: None)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ImportError("No module named 'lightgbm'"), 'pip install "touchpoint-server\\[boost\\]"'),
        (OSError("libgomp.so.1: cannot open shared object file"), "apt install libgomp1"),
    ],
)
def test_without_what_grows_trees_it_says_what_to_install(monkeypatch, error, told):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "lightgbm":
            raise error
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(GrowingError, match=told):
        grow(examples(10), 1, lambda step, share: None)
