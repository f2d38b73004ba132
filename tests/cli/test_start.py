"""What the command line says and asks of a run that another one starts from, and of several processes."""

from dataclasses import replace

import pytest

from vesalius import cli
from vesalius.cli.assess import _started_from, assess_made
from vesalius.cli.judge import _subject
from vesalius.cli.people import split_people
from vesalius.cli.start import refuse_known, start_at
from vesalius.cli.verbs import Assess, Selection
from vesalius.cohort.cohort import Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import EvidenceError, LeakageError
from vesalius.recipes.synthesis import conditional_gan
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.fit import fit
from vesalius.training.launch import is_one_of_many
from vesalius.training.transfer import read_start, started


@pytest.fixture(scope="module")
def many():
    return phantom_cohort(60, size=16, seed=4)


@pytest.fixture(scope="module")
def runs(many, tmp_path_factory):
    """A run on many people, and one on few that started from it."""
    folder, few = tmp_path_factory.mktemp("runs"), phantom_cohort(16, size=16, seed=5)
    recipe = replace(conditional_gan(synthesis_of(many, 16, "label"), many, 1.0), steps=2)
    fit(recipe, many, folder / "many")
    start = read_start(folder / "many")
    fit(started(recipe, start), few, folder / "few", start=start)
    return folder


def test_people_who_were_not_searched_are_counted(runs):
    model = read_start(runs / "few").model
    searched, unsearched = (
        _subject(model, runs / "none.jsonl", (), is_searched) for is_searched in (True, False)
    )
    assert (searched.unsearched, unsearched.unsearched) == (0, 60)
    assert any("60 people of earlier runs" in each for each in unsearched.remarks)
    assert not any("people of earlier runs" in each for each in searched.remarks)
    assert searched.cohorts == {
        "train": model.card.fingerprint,
        "start 1": model.card.ancestors[0].fingerprint,
    }


def test_an_assessment_searches_the_run_that_was_started_from_and_no_other(runs, tmp_path):
    model = read_start(runs / "few").model
    asked = Assess(run_folder=runs / "few", cohort=tmp_path, made=tmp_path, out=tmp_path / "out")
    assert _started_from(model, asked) is None
    assert len(_started_from(model, replace(asked, start=runs / "many"))) == 60
    with pytest.raises(EvidenceError, match="did not start from it"):
        _started_from(model, replace(asked, start=runs / "few"))


def test_a_wrong_run_to_start_from_is_refused_before_any_cohort_is_read(runs, tmp_path):
    nowhere = tmp_path / "nowhere"
    asked = Assess(
        run_folder=runs / "few", cohort=nowhere, made=nowhere, out=tmp_path / "out", start=runs / "few"
    )
    with pytest.raises(EvidenceError, match="did not start from it"):
        assess_made(asked)


def test_people_of_the_earlier_run_may_not_be_aside_now(runs, many, capsys):
    people = split_people(many, Selection())
    with pytest.raises(LeakageError, match="wanted every patient on one side only"):
        refuse_known(people, start_at(runs / "many"))
    others = replace(people, parts=people.parts._replace(val=Cohort(()), test=Cohort(())))
    refuse_known(others, start_at(runs / "many"))
    assert "a start helps where the earlier run knew more people" not in capsys.readouterr().err
    assert start_at(None) is None


def test_the_whole_way_is_not_shared_by_processes(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert cli.main(["demo", "--out", str(tmp_path / "out")]) == 1
    assert "TrainingError: several processes were started, wanted one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("told", "is_one"),
    [
        ({}, False),
        ({"SLURM_NTASKS": "4"}, False),
        ({"SLURM_STEP_NUM_TASKS": "1"}, False),
        ({"SLURM_STEP_NUM_TASKS": "4"}, True),
        ({"WORLD_SIZE": "1"}, False),
        ({"WORLD_SIZE": "2"}, True),
    ],
)
def test_a_process_knows_whether_it_was_started_with_others(told, is_one, monkeypatch):
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert is_one_of_many() == is_one


def test_workers_without_ray_are_refused_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("vesalius.cli.verbs.find_spec", lambda name: None)
    assert cli.main(["sample", str(tmp_path), "--out", str(tmp_path / "made"), "--workers", "2"]) == 1
    assert "ModelError: --workers is given, but Ray is not installed" in capsys.readouterr().err
