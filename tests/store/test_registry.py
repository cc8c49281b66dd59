"""The list of models is the old one or the new one, whatever happens in between."""

from __future__ import annotations

import json
import multiprocessing
from itertools import pairwise
from pathlib import Path

import pytest

from penchant.core import BundleError, DamagedBundle, NewerBundle, UsageError
from penchant.store import Registry, Standing, read_bundle, write_bundle
from penchant.store import registry as module
from penchant.store.standing import MEASURED


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """Three small bundles that differ in one file."""
    made = []
    for n in range(3):
        path = tmp_path / "runs" / f"run{n}"
        about = {"model": "sasrec", "data": {"items": 60 + n}}
        write_bundle(path, "recommender", {"weights": bytes([n]) * 3_000_000}, about)
        made.append(path)
    return made


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models")


def test_a_registry_begins_empty(registry: Registry):
    standing = registry.standing()
    assert (standing.versions, standing.current, standing.previous) == ({}, None, None)


def test_an_added_model_does_not_answer_until_it_is_promoted(registry: Registry, runs: list[Path]):
    version = registry.add(runs[0])
    assert version.name.startswith("sasrec-")
    assert version.about == {"items": 60}
    assert registry.standing().current is None
    assert registry.promote(version.name).current == version.name


def test_the_copy_is_what_was_written_and_outlives_the_run(registry: Registry, runs: list[Path]):
    version = registry.add(runs[1])
    for path in sorted(runs[1].iterdir()):
        path.unlink()
    kept = read_bundle(registry.path(version.name), "recommender")
    assert kept.files["weights"] == bytes([1]) * 3_000_000


def test_the_same_bundle_has_one_name(registry: Registry, runs: list[Path]):
    first, second, again = (registry.add(run) for run in (runs[0], runs[1], runs[0]))
    assert first == again
    assert first.name != second.name
    assert list(registry.standing().versions) == [first.name, second.name]


def test_rolling_back_goes_to_the_one_before_and_forth_again(registry: Registry, runs: list[Path]):
    one, two = (registry.add(run).name for run in runs[:2])
    registry.promote(one)
    registry.promote(two)
    assert registry.roll_back().current == one
    assert registry.roll_back().current == two
    did = [(line["did"], line["version"]) for line in registry.standing().history[2:]]
    assert did == [
        ("promoted", one),
        ("promoted", two),
        ("rolled back to", one),
        ("rolled back to", two),
    ]


def test_promoting_the_one_that_answers_does_not_lose_the_one_before(
    registry: Registry, runs: list[Path]
):
    one, two = (registry.add(run).name for run in runs[:2])
    registry.promote(one)
    registry.promote(two)
    assert registry.promote(two).previous == one


def test_a_refused_model_goes_and_the_history_says_why(registry: Registry, runs: list[Path]):
    one, two = (registry.add(run).name for run in runs[:2])
    registry.promote(one)
    registry.refuse(two, "It is slow.")
    standing = registry.standing()
    assert list(standing.versions) == [one]
    assert (standing.history[-1]["did"], standing.history[-1]["why"]) == ("refused", "It is slow.")
    assert [path.name for path in (registry.folder / "bundles").iterdir()] == [one]
    registry.refuse(one, "It is damaged.")  # there is nothing else to answer
    assert registry.standing().current == one


def test_it_knows_whether_a_run_ever_answered(registry: Registry, runs: list[Path]):
    version = registry.add(runs[0])
    assert not registry.answered(runs[0])
    registry.promote(version.name)
    assert registry.answered(runs[0])
    assert not registry.answered(runs[1])


def test_what_does_not_exist_is_refused(registry: Registry, runs: list[Path], tmp_path: Path):
    with pytest.raises(UsageError, match="no earlier model"):
        registry.roll_back()
    name = registry.add(runs[0]).name
    with pytest.raises(UsageError, match=f"no model 'x'. Registered: {name}"):
        registry.promote("x")
    with pytest.raises(UsageError, match="no model"):
        registry.path("../../runs/run0")
    with pytest.raises(BundleError, match="penchant fit"):
        registry.add(tmp_path / "nowhere")


def test_a_damaged_bundle_is_not_taken_in(registry: Registry, runs: list[Path]):
    weights = runs[0] / "weights"
    content = bytearray(weights.read_bytes())
    content[1_500_000] ^= 1
    weights.write_bytes(content)
    with pytest.raises(DamagedBundle, match="weights is not what was written"):
        registry.add(runs[0])
    weights.unlink()
    with pytest.raises(DamagedBundle, match="weights is missing"):
        registry.add(runs[0])
    assert registry.standing().versions == {}
    assert list((registry.folder / "bundles").iterdir()) == []


def test_a_bundle_of_a_newer_penchant_is_not_taken_in(registry: Registry, runs: list[Path]):
    manifest = json.loads((runs[0] / "manifest.json").read_text())
    (runs[0] / "manifest.json").write_text(json.dumps(manifest | {"format": 99}))
    with pytest.raises(NewerBundle, match="pip install --upgrade"):
        registry.add(runs[0])


def test_old_bundles_go_and_those_in_use_stay(tmp_path: Path, runs: list[Path]):
    registry = Registry(tmp_path / "few", keep=2)
    one, two, three = (registry.add(run).name for run in runs)
    registry.promote(one)
    registry.promote(three)
    assert list(registry.standing().versions) == [one, three]
    assert {path.name for path in (registry.folder / "bundles").iterdir()} == {one, three}
    with pytest.raises(UsageError, match="no model"):
        registry.promote(two)


@pytest.mark.parametrize("damage", [b"", b"{", b'{"versions": {}}', b"\xff\xfe", b"[1]"])
def test_a_damaged_list_is_read_from_its_second_copy(
    registry: Registry, runs: list[Path], damage: bytes
):
    name = registry.add(runs[0]).name
    (registry.folder / "registry.json").write_bytes(damage)
    assert list(registry.standing().versions) == [name]
    registry.promote(name)  # and is whole again
    (registry.folder / "registry.backup.json").unlink()
    assert registry.standing().current == name


def test_two_damaged_lists_are_an_error_that_says_what_to_do(registry: Registry, runs: list[Path]):
    registry.add(runs[0])
    for name in ("registry.json", "registry.backup.json"):
        path = registry.folder / name
        path.write_bytes(path.read_bytes().replace(b"sasrec", b"sasrek"))
    with pytest.raises(DamagedBundle, match="--run"):
        registry.standing()


@pytest.mark.parametrize(("writes", "said"), [(0, "as they were"), (1, "itself took place")])
def test_a_disk_that_refuses_half_way_says_whether_the_change_took_place(
    registry: Registry, runs: list[Path], monkeypatch, writes: int, said: str
):
    name, real, left = registry.add(runs[0]).name, module.atomic_write, [writes]

    def refuses(path: Path, content: bytes) -> None:
        if not left[0]:
            raise OSError(28, "No space left on device")
        left[0] -= 1
        real(path, content)

    monkeypatch.setattr(module, "atomic_write", refuses)
    with pytest.raises(BundleError, match=said):
        registry.promote(name)
    assert registry.standing().current == (name if writes else None)


def test_what_was_promoted_is_promoted_though_old_ones_cannot_be_removed(
    registry: Registry, runs: list[Path], monkeypatch
):
    small = Registry(registry.folder, keep=1)
    names = [small.add(run).name for run in runs]
    real, left = module.atomic_write, [2]  # the list and its copy

    def refuses(path: Path, content: bytes) -> None:
        if not left[0]:
            raise OSError(28, "No space left on device")
        left[0] -= 1
        real(path, content)

    monkeypatch.setattr(module, "atomic_write", refuses)
    assert small.promote(names[2]).current == names[2]
    assert len(small.standing().versions) == 3


def test_the_stamp_changes_with_the_list_and_not_without(registry: Registry, runs: list[Path]):
    stamps = [registry.stamp()]
    name = registry.add(runs[0]).name
    stamps.append(registry.stamp())
    registry.promote(name)
    stamps.append(registry.stamp())
    assert len(set(stamps)) == 3
    registry.standing()
    assert registry.stamp() == stamps[-1]


def test_processes_that_change_it_at_once_lose_nothing(registry: Registry, runs: list[Path]):
    names = [registry.add(run).name for run in runs[:2]]
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=promote_often, args=(registry.folder, name)) for name in names
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    done = [line for line in registry.standing().history if line["did"] == "promoted"]
    # each promotion either changed who answers, and stands in the history, or found it so
    for before, after in pairwise(done):
        assert before["version"] != after["version"]
    assert registry.standing().current == done[-1]["version"]


def promote_often(folder: Path, name: str) -> None:
    for _ in range(20):
        Registry(folder).promote(name)


def test_a_bundle_that_was_copied_and_never_listed_goes_with_the_next_one(
    registry: Registry, runs: list[Path], monkeypatch: pytest.MonkeyPatch
):
    class Killed(BaseException):
        pass

    copy = module.copy_bundle

    def copied_and_killed(source: Path, target: Path):
        copy(source, target)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, "copy_bundle", copied_and_killed)
        with pytest.raises(Killed):
            registry.add(runs[0])
    assert registry.standing().versions == {}
    name = registry.add(runs[1]).name
    assert [path.name for path in (registry.folder / "bundles").iterdir()] == [name]


def test_the_history_keeps_why_and_figures(registry: Registry, runs: list[Path]):
    one, other = (registry.add(run).name for run in runs[:2])
    registry.promote(one)
    registry.promote(other, "it is better", {"NDCG@10": 0.25})
    registry.roll_back("it is worse", {"NDCG@10": 0.1})
    told = registry.standing().history[-2:]
    assert [line["why"] for line in told] == ["it is better", "it is worse"]
    assert [line["figures"] for line in told] == [{"NDCG@10": 0.25}, {"NDCG@10": 0.1}]


def test_only_the_newest_lines_keep_their_figures():
    standing = Standing()
    for n in range(MEASURED + 2):
        standing = standing.and_did("promoted", f"m{n}", "better", {"n": n})
    told = [line.get("figures") for line in standing.history]
    assert told == [None, None, *({"n": n} for n in range(2, MEASURED + 2))]
    assert {line["why"] for line in standing.history} == {"better"}


def test_the_list_is_read_again_only_when_it_changed(
    registry: Registry, runs: list[Path], monkeypatch: pytest.MonkeyPatch
):
    read: list[bytes] = []
    real = module.unsealed
    monkeypatch.setattr(module, "unsealed", lambda content: read.append(content) or real(content))
    other = Registry(registry.folder)
    name = registry.add(runs[0]).name
    for _ in range(3):
        assert list(other.standing().versions) == [name]
    assert len(read) == 1
    registry.promote(name)
    assert other.standing().current == name
    (registry.folder / "registry.json").write_text("{}", "utf-8")
    assert other.standing().current == name  # of the second copy
    (registry.folder / "registry.backup.json").unlink()
    with pytest.raises(DamagedBundle):
        other.standing()
