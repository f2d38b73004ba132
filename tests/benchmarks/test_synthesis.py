"""The comparison of methods plays nothing twice, measures all alike, and counts what it says it counts."""

from collections import Counter
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image as Raster

from vesalius.evidence.estimate import Estimate


@pytest.fixture
def bench(script):
    loaded = script("synthesis")
    contest, rows, standing = map(import_module, ("contest", "rows", "standing"))
    loaded.Score, loaded.ROW, loaded.play = rows.Score, rows.ROW, contest.play
    loaded.DISTANCES, loaded.MEASURES = standing.DISTANCES, standing.MEASURES
    return loaded


def row(bench, method, value, seed=0, problem=""):
    told = Estimate("KID", float(value), value - 1.0, value + 1.0, "told", 100, better="lower")
    scores = tuple(bench.Score(name, told, 0.0) for name in bench.DISTANCES)
    return bench.Row("chest", method, seed, 10.0, False, scores=() if problem else scores, problem=problem)


def test_a_finished_row_is_not_played_again(bench, tmp_path, monkeypatch):
    place = bench.Place(tmp_path, tmp_path, 10.0, False, record=tmp_path / "rows")
    told = row(bench, "linear", 3)
    bench.keep(told, None, place.folder("chest", 0, "linear"), place.record)
    monkeypatch.setattr(bench, "opened", None)
    assert bench.played(place, "chest", 0, ["linear"]) == [told]


def test_what_is_on_record_is_not_played_again_on_another_day(bench, tmp_path, monkeypatch):
    record = tmp_path / "rows"
    told = row(bench, "linear", 3)
    bench.keep(told, None, tmp_path / "monday", record)
    monkeypatch.setattr(bench, "opened", None)
    tuesday = bench.Place(tmp_path / "tuesday", tmp_path, 10.0, False, record=record)
    assert bench.played(tuesday, "chest", 0, ["linear"]) == [told]
    for lost in (replace(told, quick=True, seed=1), replace(told, problem="it diverged", seed=2)):
        bench.keep(lost, None, tmp_path / "monday", record)
    assert [file.name for file in record.iterdir()] == [told.file]
    assert bench.found(replace(told, minutes=3.0), tmp_path / "tuesday", record) is None


def test_finished_rows_are_measured_anew_on_demand_where_the_model_was_kept(bench, tmp_path, monkeypatch):
    place = bench.Place(tmp_path, tmp_path, 10.0, False, again=True, record=tmp_path / "rows")
    rows = [row(bench, method, 3) for method in ("linear", "ours", "dcgan")]
    for told in rows:
        bench.keep(told, None, place.folder("chest", 0, told.method), place.record)
    kept = place.folder("chest", 0, "ours") / "run" / "model"
    kept.mkdir(parents=True)
    monkeypatch.setattr(bench.Place, "people", lambda *_: None)
    monkeypatch.setattr(bench, "opened", lambda *_, **__: SimpleNamespace(test=None))
    monkeypatch.setattr(bench, "load_model", lambda folder: folder)
    monkeypatch.setattr(bench, "entered", lambda _, asked, by: (replace(asked, problem=f"by {by}"), None))
    anew = bench.played(place, "chest", 0, ["linear", "ours", "dcgan"])
    assert [told.problem for told in anew] == ["by None", f"by {kept}", ""]
    assert anew[2] == rows[2]
    assert bench.played(replace(place, again=False), "chest", 0, ["linear", "ours", "dcgan"]) == anew


def test_rows_of_another_budget_are_not_mixed_in(bench, tmp_path):
    bench.keep(row(bench, "linear", 3), None, tmp_path / "chest" / "0" / "linear", tmp_path / "rows")
    with pytest.raises(SystemExit, match="played 10 minutes, wanted 3: name a new --out"):
        bench.played(
            bench.Place(tmp_path, tmp_path, 3.0, False, record=tmp_path / "rows"), "chest", 0, ["linear"]
        )


def test_the_free_method_differs_from_ours_in_its_anchor_alone(contest):
    ours, free = (contest.recipe(method, 1.0).objective for method in ("ours", "free"))
    assert (ours.generator.anchor, free.generator.anchor) == (4, 0)
    assert replace(free, generator=replace(free.generator, anchor=4)) == ours


def test_all_methods_are_measured_in_the_same_spaces(bench, contest, tmp_path):
    found = []
    for method in ("linear", "hinge_diffaugment"):
        folder = tmp_path / method
        asked = bench.Row("phantoms", method, 0, 0.005, True)
        run = None if method == "linear" else bench.begun(contest, method, 0.005, folder / "run")
        told, made = bench.entered(contest, asked, run)
        bench.keep(told, made, folder, tmp_path / "rows")
        found.append(told)
        assert bench.ROW.validate_json((folder / "row.json").read_text()) == told
    again, _ = bench.entered(contest, asked, bench.load_model(folder / "run" / "model"))
    linear, trained = found
    assert again == trained
    later, _ = bench.entered(contest, trained, bench.load_model(folder / "run" / "model"))
    assert later.origin == f"{trained.origin}; measured again {trained.origin}"
    assert linear.spaces == trained.spaces
    assert {one.name for one in trained.scores} == {one.name for one in linear.scores} == set(bench.MEASURES)
    assert trained.played > 0
    assert not (tmp_path / "hinge_diffaugment" / "run" / "pictures.npy").exists()
    bench.sheet({name: tmp_path / name / "shown.npy" for name in ("linear",)}, tmp_path / "sheet.png")
    with Raster.open(tmp_path / "sheet.png") as sheet:
        assert sheet.height == 16 + 2 * 2 * (16 + 2) - 2


def test_people_who_are_learnt_from_are_shown_once_each_and_as_often_as_their_class_is_asked_for(
    contest, monkeypatch
):
    train = contest.side.train
    first = int((train.labels == 0).sum())
    asked = np.repeat([0, 1], [first + 5, 3])
    monkeypatch.setattr(type(contest), "labels", lambda _: asked)
    shown = contest.learnt()
    assert Counter(shown.labels.tolist()) == {0: first, 1: 3}
    apart = np.abs(shown.stack[:, None] - train.stack[None]).reshape(len(shown), len(train), -1).max(2)
    assert apart.min(1).max() < 0.01
    assert len(set(apart.argmin(1).tolist())) == len(shown)


def test_a_run_that_was_broken_off_goes_on(bench, contest, tmp_path):
    broken = bench.begun(contest, "hinge_diffaugment", 1.0, tmp_path / "run")
    for tick in bench.play(broken):
        if tick.step == 2:
            break
    again = bench.begun(contest, "hinge_diffaugment", 1.0, tmp_path / "run")
    assert again.game.step == 2
    assert again.seconds == pytest.approx(broken.seconds, abs=1e-6)


def test_test_people_are_measured_only_where_they_are_asked_for(contest):
    with pytest.raises(ValueError, match="not opened"):
        replace(contest, side=replace(contest.side, test=None)).known  # noqa: B018


def test_volumes_of_a_block_count_one_by_one_and_keep_their_side(script, people):
    cohorts = script("cohorts")
    sides = cohorts.by_volume(people).parts
    assert [len(side) for side in sides] == [len(side) for side in people.parts]
    case = people.parts.test.cases[0]
    volume = replace(case, key="block00/hippocampus_001/z003", patient="block00")
    counted = cohorts.by_volume(
        replace(people, parts=people.parts._replace(test=replace(people.parts.test, cases=(volume,))))
    )
    assert counted.parts.test.patients == {"block00/hippocampus_001"}


def test_white_stands_where_a_class_has_too_few_pictures(script, tmp_path):
    sheets = script("sheets")
    stacked = script("contest").Stacked
    pictures = -np.ones((3, 1, 1, 8, 8), np.float32)
    names = ("a", "b", "c")
    sheets.leave_shown(stacked(pictures, np.array([0, 1, 1]), names, names), tmp_path / "shown.npy")
    shown = np.load(tmp_path / "shown.npy")
    assert shown.shape == (16, 1, 8, 8)
    assert (shown.reshape(16, -1).max(1) == 1).sum() == 13
