"""The parts: reading, people, matching, the head, quality, what to label next."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import minimize

from penchant.core import DataError, UsageError
from penchant.models.few_shot import Example, read_examples
from penchant.models.few_shot.active import k_centre, most_uncertain
from penchant.models.few_shot.example import Batch, labels_of
from penchant.models.few_shot.head import Prior, fit_head
from penchant.models.few_shot.matching import TitleIndex
from penchant.models.few_shot.people import folds_of, people_of
from penchant.models.few_shot.quality import ALIKE, NOISE, SAME, YEAR, Quality
from penchant.models.few_shot.space import TextSpace

TALLREC = {
    "instruction": "...",
    "input": 'User Preference: "Heat, The (1995)", "Say "Hi" (1990)"\n'
    'User Unpreference: "Big"\n'
    'Whether the user will like the target movie "Alien (1979)"?',
    "output": "Yes.",
}


def test_both_forms_of_a_file_are_read_to_the_same_examples(tmp_path):
    expected = Example(("Heat, The (1995)", 'Say "Hi" (1990)'), ("Big",), "Alien (1979)", True)
    (tmp_path / "a.json").write_text(json.dumps([TALLREC]), "utf-8")
    ours = {"liked": expected.liked, "disliked": ["Big"], "candidate": "Alien (1979)", "label": 1}
    (tmp_path / "b.jsonl").write_text(json.dumps(ours) + "\n\n", "utf-8")
    assert read_examples(tmp_path / "a.json") == (expected,)
    assert read_examples(tmp_path / "b.jsonl") == (expected,)


def test_an_empty_list_and_a_missing_answer_are_read(tmp_path):
    asked = TALLREC | {"input": TALLREC["input"].replace('"Big"', "")}
    del asked["output"]
    (tmp_path / "a.json").write_text(json.dumps([asked]), "utf-8")
    (one,) = read_examples(tmp_path / "a.json")
    assert one.disliked == ()
    assert one.label is None


def test_every_problem_of_a_file_is_told_at_once(tmp_path):
    lines = [
        '{"liked": ["a"], "disliked": [], "candidate": "b", "label": 1}',
        '{"liked": "a", "candidate": "b"}',
        '{"candidate": "b", "label": 3}',
        "nonsense",
        '{"liked": [], "disliked": [], "candidate": " "}',
        '{"liked": 7, "candidate": "b"}',
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), "utf-8")
    with pytest.raises(DataError) as caught:
        read_examples(tmp_path / "a.jsonl")
    told = {(problem.line, problem.what, problem.count) for problem in caught.value.problems}
    assert told == {
        (2, "liked is no list of titles", 1),
        (6, "liked is no list of titles", 1),
        (3, "label is 3, not 1, 0 or null", 1),
        (4, "not a JSON object", 1),
        (5, "candidate is no title", 1),
    }
    assert str(caught.value).count('Write {"liked"') == 1
    assert str(caught.value).endswith("instruction, input and output.")


def test_of_a_file_that_is_something_else_twenty_lines_are_listed_and_the_rest_counted(tmp_path):
    (tmp_path / "a.csv").write_text("user,item\n" * 50, "utf-8")
    with pytest.raises(DataError, match="30 more like it") as caught:
        read_examples(tmp_path / "a.csv")
    assert [problem.line for problem in caught.value.problems] == list(range(1, 21))


def test_a_bare_title_in_place_of_a_list_is_refused():
    with pytest.raises(UsageError, match="disliked='Heat': give a list of titles"):
        Example(("Alien",), "Heat", "Big", True)


def test_a_file_without_examples_or_without_a_file_is_refused(tmp_path):
    (tmp_path / "empty.json").write_text("[]", "utf-8")
    with pytest.raises(DataError, match="no examples"):
        read_examples(tmp_path / "empty.json")
    with pytest.raises(UsageError, match=r"none\.json: this file does not exist"):
        read_examples(tmp_path / "none.json")


def test_labels_must_be_there_and_differ():
    yes, no, unknown = (Example((), (), "a", label) for label in (True, False, None))
    assert labels_of([yes, no, yes, no]).tolist() == [1, 0, 1, 0]
    with pytest.raises(UsageError, match=r"1 of 4 examples has no label.*need one: 1 where"):
        labels_of([yes, no, unknown, no])
    with pytest.raises(UsageError, match="at least four"):
        labels_of([yes] * 5)
    with pytest.raises(UsageError, match=r"^e\.jsonl: 1 example, 1 of them liked"):
        labels_of([yes], "e.jsonl")


def test_windows_over_one_history_are_one_person_and_stand_in_one_fold():
    def windows(name):
        films = [f"{name}{at}" for at in range(20)]
        return [Example(tuple(films[at : at + 8]), (), films[at + 8], True) for at in range(6)]

    people = people_of([*windows("a"), *windows("b"), *windows("c")])
    assert len(set(people)) == 3
    assert all(len(set(people[at : at + 6])) == 1 for at in (0, 6, 12))
    folds = folds_of(people, 5, seed=0)
    assert len(set(folds)) == 3
    assert all(len(set(folds[people == person])) == 1 for person in range(3))


def test_windows_far_apart_are_one_person_by_the_order_of_their_lists():
    films = [f"film {at}" for at in range(20)]
    first = Example(tuple(films[:8]), (), films[8], True)
    later = Example(
        tuple(films[7:15]), (), films[15], True
    )  # begins with the last two of the first
    mixed = Example(("x", films[8], "y", films[7]), (), "z", True)  # the same two, in no such order
    turned = Example(("x",), tuple(films[7:9]), "z", True)  # the same two, disliked
    assert people_of([first, later, mixed, turned]).tolist() == [0, 0, 1, 2]


def test_one_person_alone_is_still_cut_into_folds():
    assert sorted(np.bincount(folds_of(np.zeros(10, np.int64), 5, 0))) == [2] * 5


def test_titles_are_found_under_another_spelling():
    index = TitleIndex(
        [
            "Goodfellas (1990)",
            "Star Wars: Episode V - The Empire Strikes Back (1980)",
            "雨夜",
            "Alien (1979)",
        ]
    )
    asked = [
        "GoodFellas (1990)",
        "Empire Strikes Back, The (1980)",
        "雨夜",
        "Alien (1992)",
        "Zorro",
    ]
    assert index.find(asked).tolist() == [0, 1, 2, -1, -1]


def test_the_head_is_the_largest_posterior():
    rng = np.random.default_rng(0)
    features, mean = rng.normal(size=(40, 3)), np.array([0.5, -1.0, 0.0])
    scale, labels = np.array([1.0, 2.0, 0.5]), (rng.random(40) < 0.4).astype(float)

    def loss(theta):
        logit = features @ theta[:3] + theta[3]
        pull = (((theta[:3] - mean) / scale) ** 2).sum() * 5 / 2 + 0.1 * theta[3] ** 2 / 2
        return (np.logaddexp(0, logit) - labels * logit).sum() + pull

    weights, intercept = fit_head(features, labels, Prior(mean, scale), 5.0)
    np.testing.assert_allclose(
        [*weights, intercept], minimize(loss, np.zeros(4), tol=1e-12).x, atol=1e-5
    )


def test_infinite_belief_leaves_the_weights_and_learns_the_intercept():
    prior = Prior(np.array([2.0]), np.ones(1))
    weights, intercept = fit_head(np.zeros((50, 1)), np.ones(50), prior, float("inf"))
    assert weights.tolist() == [2.0]
    assert intercept > 2


def test_quality_is_the_posterior_mean_of_a_gaussian_process(toy_language):
    from penchant.language import load_encoder

    examples = [
        Example(("red one (1990)", "blue two (1980)"), ("red three (1970)",), "green (1960)", True),
        Example(("blue two (1980)",), (), "red one (1990)", False),
    ]
    names = ["red one (1990)", "blue two (1980)", "red three (1970)", "green (1960)"]
    space = TextSpace.of(names, load_encoder("toy"))
    asked = "red new (1975)"
    found = Quality.of(examples, np.array([0, 1]), space).of_titles([asked, names[0]], space)

    rows = [
        (0, 1 - 4 / 6),
        (1, 1 - 4 / 6),
        (2, -4 / 6),
        (3, 1 - 4 / 6),
        (1, 1 - 2 / 4),
        (0, -2 / 4),
    ]
    vectors, years = space.vectors([*names, asked]), space.years([*names, asked])
    near = np.maximum(vectors @ vectors.T, 0) ** 2
    full = ALIKE * near + YEAR * np.outer(years, years) + SAME * np.eye(5)
    at = [item for item, _ in rows]
    inside = full[np.ix_(at, at)] + NOISE * np.eye(len(rows))
    expected = full[np.ix_([4, 0], at)] @ np.linalg.solve(inside, [value for _, value in rows])
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_batch_pads_and_smooths():
    batch = Batch.of([Example(("a", "b"), ("c",), "d"), Example((), (), "a")])
    assert batch.share.tolist() == [3 / 5, 1 / 2]
    assert batch.mask.tolist() == [[1, 1, 1], [0, 0, 0]]
    assert [batch.titles[at] for at in batch.candidate] == ["d", "a"]


def test_the_least_certain_come_first_by_margin_and_by_entropy():
    chance = np.array([0.9, 0.52, 0.1, 0.45])
    assert most_uncertain(chance, 2).tolist() == [1, 3]
    assert most_uncertain(chance, 9, "entropy").tolist() == [1, 3, 0, 2]


def test_k_centre_takes_the_farthest_of_all_that_is_known():
    pool = np.array([[0.0], [1.0], [10.0], [9.0], [-4.0]])
    assert k_centre(pool, np.array([[0.5]]), 2).tolist() == [2, 4]
    assert sorted(k_centre(pool, np.zeros((0, 1)), 9).tolist()) == [0, 1, 2, 3, 4]
