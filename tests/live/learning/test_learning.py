"""The loop: it learns what helps, refuses what does not, and goes back."""

import multiprocessing
from dataclasses import replace

import numpy as np
import pytest

from penchant.core import BundleError, Event, TrainingFailed, UsageError
from penchant.engine import Engine, Recommender, by_name, load
from penchant.lab.gate import GateConfig
from penchant.live.learning import LearnConfig, Learning, learned_on, lease
from penchant.live.learning.lesson import in_panel
from penchant.models import UpdateConfig
from penchant.store import Registry
from penchant.testing import MemoryLog

from .conftest import walk


def at_random(serving, lesson):
    """A candidate that learned nothing."""
    return by_name("random").fit(lesson.train.data)


def test_it_waits_for_enough_events(learning, registry, tell):
    loop = learning(least=1000)
    tell(2, 3)
    before = registry.standing()
    found = loop.step()
    assert found.did == "waiting"
    assert found.events == 150
    assert registry.standing() == before


def test_what_helps_is_promoted_with_its_figures(learning, registry, tell, fitted):
    before = registry.standing().current
    tell(2, 10)
    found = learning().step()
    assert found.did == "promoted", found
    standing = registry.standing()
    assert (standing.current, standing.previous) == (found.version, before)
    line = standing.history[-1]
    assert line["did"] == "promoted"
    assert line["figures"]["newest"]["gap"] == found.verdict.newest.gap > 0
    learned = load(registry.path(found.version)).interactions
    # 1,200 new events, a fifth of them held out
    assert len(learned) - len(fitted.interactions) == 960


def test_the_events_that_judged_are_learned_next(learning, registry, tell, data):
    loop = learning()
    tell(2, 8)
    assert (did := loop.step()).did == "promoted", did
    assert loop.step().did == "waiting"
    tell(8, 12)
    found = loop.step()
    assert found.events == 600
    learned = load(registry.path(found.version)).interactions
    assert len(learned) == len(data.interactions) + 900 + 600 - 156  # a fifth of 780 is held out


def test_what_does_not_help_is_refused_and_not_tried_again(learning, registry, tell):
    tried = []

    def poor(serving, lesson):
        tried.append(1)
        return at_random(serving, lesson)

    loop = learning(update=poor)
    before = registry.standing()
    tell(2, 10)
    found = loop.step()
    assert found.did == "refused"
    assert "worse on the newest events" in found.why
    after = registry.standing()
    assert after.current == before.current
    assert after.versions == before.versions
    assert after.history[-1]["did"] == "refused"
    assert after.history[-1]["figures"]["newest"]["high"] < 0
    assert not (registry.folder.parent / "learning" / "candidate").exists()
    assert loop.step().did == "waiting"
    assert learning(update=poor).step().did == "waiting"  # nor by the next process
    assert len(tried) == 1


def test_too_few_questions_decide_nothing(learning, tell):
    loop = learning(gate=GateConfig(least=10_000, slower=1e6))
    tell(2, 10)
    assert loop.step().did == "undecided"


def test_a_worse_model_that_was_forced_through_is_rolled_back(learning, registry, tell, data):
    good = registry.standing().current
    place = registry.folder.parent / "random"
    Engine.of(by_name("random").fit(data)).save(place)
    bad = registry.add(place).name
    registry.promote(bad)
    tell(2, 3)
    loop = learning(least=10_000)
    found = loop.step()
    assert found.did == "rolled back"
    assert registry.standing().current == found.version == good
    line = registry.standing().history[-1]
    assert line["did"] == "rolled back to"
    assert line["figures"]["compared"]["high"] < 0
    assert line["figures"]["compared"]["questions"] <= 150
    assert loop.step().did == "waiting"  # and it is not gone forth again


def test_a_better_model_is_not_rolled_back_and_proves_itself(learning, registry, tell):
    loop = learning(watched=100)
    tell(2, 8)
    better = loop.step()
    assert better.did == "promoted", better
    tell(8, 9)
    assert loop.step().did == "waiting"
    assert registry.standing().current == better.version
    assert loop._journal().proven == better.version


def test_it_is_not_watched_where_nobody_wants_it(learning, registry, tell, data):
    place = registry.folder.parent / "random"
    Engine.of(by_name("random").fit(data)).save(place)
    registry.promote(registry.add(place).name)
    tell(2, 3)
    assert learning(least=10_000, watch=False).step().did == "waiting"


def test_the_model_is_fitted_anew_when_that_is_due(learning, tell):
    now = [1e9]
    did = []

    def noting(how):
        def teach(serving, lesson):
            did.append(how)
            return by_name("item-knn").fit(lesson.train.data)

        return teach

    loop = learning(noting("update"), noting("retune"), lambda: now[0], retune_days=2.0)
    tell(2, 6)
    loop.step()
    now[0] += 3 * 86_400
    tell(6, 8)
    loop.step()
    tell(8, 10)
    loop.step()
    assert did == ["update", "retune", "update"]


def test_who_was_erased_is_not_learned(learning, registry, log, tell):
    loop = learning()
    tell(2, 7)
    loop.step()
    log.erase("u3")
    tell(7, 10)
    seen = []

    def noting(serving, lesson):
        people = lesson.train.data.interactions
        row = people.users.code("u3")
        new = lesson.train.new & (people.events.row == row)
        seen.append(int(new.sum()))
        return by_name("item-knn").fit(lesson.train.data)

    loop._teach["update"] = noting
    tell(10, 11)
    loop.step()
    # those of after the erasure, but the newest, which judges; those of before are gone
    assert seen == [3]


def test_items_put_are_learned_and_unknown_ones_are_not(learning, registry, log, tell):
    log.put_items([{"item_id": "put", "title": "film of sea"}])
    tell(2, 8)
    log.append([Event(f"u{n}", "put", 2e9, f"p{n}") for n in range(40)])
    log.append([Event(f"u{n}", "nowhere", 2e9, f"n{n}") for n in range(40)])
    learned = []

    def noting(serving, lesson):
        learned.append(lesson)
        return by_name("item-knn").fit(lesson.train.data)

    learning(update=noting).step()
    assert "put" in learned[0].whole.data.catalogue.items
    assert learned[0].whole.unknown == 40


@pytest.mark.parametrize("where", ["teach", "save", "judge", "promote", "journal"])
def test_a_step_that_broke_off_is_done_again(where, learning, registry, tell, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(*_, **__):
        raise Killed

    before = registry.standing()
    tell(2, 10)
    with monkeypatch.context() as patch:
        loop = learning()
        if where == "teach":
            loop._teach["update"] = killed
        elif where == "save":
            patch.setattr("penchant.live.learning.learning.Engine.save", killed)
        elif where == "judge":
            patch.setattr("penchant.live.learning.learning.judge", killed)
        elif where == "promote":
            patch.setattr(type(loop._exchange), "promote", killed)
        else:
            patch.setattr("penchant.live.learning.learning.Journal.write", killed)
        with pytest.raises(Killed):
            loop.step()
    promoted = where == "journal"
    assert (registry.standing().current != before.current) == promoted
    found = learning().step()
    # where it was promoted all but a fifth is learned, and that fifth is new: 240 events
    assert found.did != "waiting"
    assert found.events == (240 if promoted else 1200)
    names = {path.name for path in (registry.folder / "bundles").iterdir()}
    assert names == set(registry.standing().versions)


def test_the_panel_is_asked_and_never_learned(learning, registry, tell, data):
    loop = learning(panel=0.3)
    tell(2, 8)
    first = loop.step()
    assert first.did == "promoted"
    assert first.verdict.older.questions > 100
    tell(8, 12)
    second = loop.step()
    assert second.did == "promoted"
    panel = in_panel(data.interactions.users, 0.3)
    assert 20 < panel.sum() < 70
    learned = load(registry.path(second.version)).interactions
    lengths = learned.events.lengths[learned.users.codes(list(data.interactions.users))]
    assert (lengths[panel] == 2).all()
    assert lengths[~panel].mean() > 8


def test_what_a_candidate_forgot_shows_with_the_panel(learning, registry, log, tell, data):
    """The newest events are all of one taste; a candidate that knows only that one is refused."""
    loop = learning(panel=0.3)
    tell(2, 8)
    assert (did := loop.step()).did == "promoted", did
    rng = np.random.default_rng(2)
    log.append(
        [
            Event(f"sea{user}", item, 2e9 + place, f"{user}-{item}")
            for user in range(80)
            for place, item in enumerate(walk(rng, 0, 8))
        ]
    )

    def only_new(serving, lesson):
        left = lesson.train
        late = left.data.interactions.events.time >= 1.5e9
        return by_name("item-knn").fit(left.where(late).data)

    loop._teach["update"] = only_new
    found = loop.step()
    assert found.did == "refused"
    assert any("forgot" in reason for reason in found.verdict.reasons)
    assert found.verdict.older.high < 0


def test_one_process_learns(tmp_path):
    with lease(tmp_path / "learning"):
        context = multiprocessing.get_context("fork")
        refused = context.Queue()

        def second():
            try:
                with lease(tmp_path / "learning"):
                    refused.put("in")
            except UsageError as error:
                refused.put(str(error))

        other = context.Process(target=second)
        other.start()
        told = refused.get(timeout=60)
        other.join()
    assert "Another" in told
    with lease(tmp_path / "learning"):
        pass


def test_without_a_model_it_says_what_to_do(tmp_path):
    loop = Learning(
        tmp_path,
        MemoryLog(),
        Registry(tmp_path / "models"),
        None,
        update=at_random,
        retune=at_random,
    )
    with pytest.raises(UsageError, match="penchant serve"):
        loop.step()


def test_a_candidate_that_may_not_answer_leaves_the_model(learning, registry, tell):
    loop = learning()
    before = registry.standing().current

    def refused(version, why, figures, instead):
        registry.refuse(version, "it is too slow")
        raise BundleError(f"{version} may not answer: it is too slow")

    loop._exchange.promote = refused
    tell(2, 10)
    found = loop.step()
    assert found.did == "refused"
    assert "too slow" in found.why
    assert registry.standing().current == before
    assert loop.step().did == "waiting"


def test_training_that_failed_leaves_the_model_and_is_not_tried_again(learning, registry, tell):
    def fails(serving, lesson):
        raise TrainingFailed("the loss is not a number")

    before = registry.standing()
    tell(2, 10)
    loop = learning(update=fails)
    found = loop.step()
    assert (found.did, found.why) == ("refused", "the loss is not a number")
    assert registry.standing() == before
    assert loop.step().did == "waiting"


def test_vectors_that_are_no_numbers_are_refused_and_not_tried_again(learning, registry, tell):
    def spoiled(serving, lesson):
        good = by_name("als", factors=4, iterations=1).fit(lesson.train.data)
        state = {
            name: np.full_like(part, np.nan) if part.dtype.kind == "f" else part
            for name, part in good.model.state().items()
        }
        model = type(good.model)
        made = model.restore(good.model.config, state, good.catalogue, good.interactions)
        return Recommender(made, good.catalogue, good.interactions)

    tell(2, 10)
    loop = learning(update=spoiled)
    found = loop.step()
    assert found.did == "refused", found
    assert loop.step().did == "waiting"


def test_a_trial_changes_nothing(learning, registry, tell, fitted):
    before = registry.standing()
    tell(2, 10)
    loop = learning()
    found = loop.step(trial=True)
    assert found.did == "judged"
    assert found.verdict.passed
    assert registry.standing() == before
    assert len(load(loop.candidate).interactions) > len(fitted.interactions)
    assert loop.step().did == "promoted"


def test_it_can_be_told_to_learn_now(learning, tell):
    loop = learning(least=10_000)
    tell(2, 10)
    assert loop.step().did == "waiting"
    found = loop.step("retune")
    assert (found.did, found.how) == ("promoted", "retune")
    assert loop.step("update").how == "update"


def test_the_serving_model_is_not_changed(learning, registry, tell):
    before = registry.path(registry.standing().current)
    content = {path.name: path.read_bytes() for path in before.iterdir()}
    tell(2, 10)
    learning().step()
    assert {path.name: path.read_bytes() for path in before.iterdir()} == content


def test_a_model_promoted_by_somebody_else_meanwhile_stays(learning, registry, tell, data):
    place = registry.folder.parent / "other"
    Engine.of(by_name("popularity").fit(data)).save(place)
    other = registry.add(place).name

    def slow(serving, lesson):
        registry.promote(other)
        return by_name("item-knn").fit(lesson.train.data)

    tell(2, 10)
    found = learning(update=slow).step()
    assert found.did == "refused"
    assert "by now" in found.why
    assert registry.standing().current == other


def test_gradient_models_learn_round_after_round(
    tmp_path, learning, registry, tell, data, monkeypatch
):
    """Checkpoints of the round before, or of a round that was killed, are in nobody's way."""
    run = tmp_path / "sasrec"
    quick = {"dim": 16, "layers": 1, "epochs": 2, "history": 10, "refit": False}
    Engine.of(by_name("sasrec", **quick).fit(data)).save(run)
    registry.promote(registry.add(run).name)
    work = tmp_path / "work"
    loop = learning(update=learned_on(UpdateConfig(epochs=2), resume=work), least=100, watch=False)
    tell(2, 6)
    assert loop.step().how == "update"
    assert not work.exists()
    tell(6, 8)
    assert loop.step().how == "update"
    killed = learned_on(UpdateConfig(epochs=2), resume=work)
    monkeypatch.setattr("penchant.live.learning.teachers.shutil.rmtree", lambda *_, **__: None)
    tell(8, 9)
    learning(update=killed, least=100, watch=False).step()
    assert work.exists()
    monkeypatch.undo()
    tell(9, 11)
    assert loop.step().how == "update"


def test_without_times_nothing_is_learned_twice(tmp_path, learning, registry, tell, data):
    events = data.interactions.events
    place = np.arange(len(events.item)) - np.repeat(events.indptr[:-1], events.lengths)
    bare = replace(events, time=place.astype(float))
    positions = replace(data, interactions=replace(data.interactions, events=bare, timed=False))
    Engine.of(by_name("item-knn").fit(positions)).save(tmp_path / "positions")
    registry.promote(registry.add(tmp_path / "positions").name)
    loop = learning(watch=False)
    tell(2, 8)
    assert loop.step().events == 900
    tell(8, 12)
    found = loop.step()
    learned = load(registry.path(found.version)).interactions
    assert len(learned) == len(data.interactions) + 900 + 600 - 156


def test_who_was_erased_is_in_no_candidate(learning, registry, log, tell):
    loop = learning(watch=False)
    tell(2, 8)
    assert loop.step().did == "promoted"
    log.erase("u3")
    tell(8, 12)
    found = loop.step()
    learned = load(registry.path(found.version)).interactions
    rows = learned.users.codes(["u3"])
    events = learned.events.lengths[rows[rows >= 0]].sum()
    assert events <= 4  # only what came after the erasure


def test_an_erasure_while_a_candidate_is_made_begins_anew(learning, registry, log, tell):
    def slow(serving, lesson):
        log.erase("u3")
        return by_name("item-knn").fit(lesson.train.data)

    before = registry.standing()
    tell(2, 8)
    loop = learning(update=slow)
    found = loop.step()
    assert found.did == "waiting"
    assert "begins anew" in found.why
    assert not loop.candidate.exists()
    assert registry.standing() == before


def test_one_person_decides_nothing(learning, registry, log, tell, data):
    place = registry.folder.parent / "other"
    Engine.of(by_name("random").fit(data)).save(place)
    bad = registry.add(place).name
    registry.promote(bad)
    rng = np.random.default_rng(0)
    items = [f"i{n}" for n in rng.permutation(3 * 40)[:60]]
    log.append([Event("one", item, 2e9 + n, f"one-{n}") for n, item in enumerate(items)])
    assert learning(least=10_000).step().did == "waiting"
    assert registry.standing().current == bad


def test_a_model_that_somebody_went_back_to_is_left_alone(learning, registry, tell, data):
    place = registry.folder.parent / "random"
    Engine.of(by_name("random").fit(data)).save(place)
    bad = registry.add(place).name
    good = registry.standing().current
    registry.promote(bad)
    registry.promote(good)
    registry.roll_back()
    tell(2, 4)
    assert learning(least=10_000).step().did == "waiting"
    assert registry.standing().current == bad


def test_a_damaged_model_before_does_not_stop_learning(learning, registry, tell, data):
    loop = learning()
    tell(2, 6)
    assert (did := loop.step()).did == "promoted", did
    before = registry.path(registry.standing().previous)
    (before / "manifest.json").write_text("{}")
    tell(6, 10)
    assert learning().step().did in ("promoted", "refused")


def test_limits_are_checked():
    for wrong in ({"every": 0}, {"held": 1.0}, {"least": 0}, {"retune_days": -1}):
        with pytest.raises(UsageError):
            replace(LearnConfig(), **wrong)


def test_recommenders_answer_about_people_that_only_the_log_knows(learning, registry, log, tell):
    rng = np.random.default_rng(1)
    rows = [
        Event(f"new{user}", item, 2e9 + place, f"{user}-{item}")
        for user in range(60)
        for place, item in enumerate(walk(rng, 1, 8))
    ]
    log.append(rows)
    found = learning().step()
    assert found.verdict.newest.questions > 50
    assert isinstance(load(registry.path(registry.standing().current)), Recommender)
