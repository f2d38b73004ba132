"""What is given beside a recipe.json is used or refused, never passed over."""

import re
from dataclasses import replace
from math import inf

import pytest

from vesalius import cli
from vesalius.cli import train as verb
from vesalius.cli.verbs import Train
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import RecipeError
from vesalius.imaging.formats import write_image
from vesalius.model.model import load_model
from vesalius.recipes.derived import LONG
from vesalius.recipes.recipe import read_recipe
from vesalius.recipes.synthesis import conditional_gan
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.fit import fit
from vesalius.training.stream import nobody


@pytest.fixture
def asked(tmp_path):
    """A cohort of phantoms and a recipe for it in a file."""
    cohort = phantom_cohort(24, size=16)
    for case in cohort.cases:
        write_image(case.image(), tmp_path / "study" / str(case.facts["label"]) / f"{case.patient}.nii.gz")
    recipe = replace(conditional_gan(synthesis_of(cohort, 16, "label"), cohort, 1.0, seed=5), steps=3)
    (tmp_path / "recipe.json").write_text(recipe.to_json())
    return Train(recipe=str(tmp_path / "recipe.json"), cohort=tmp_path / "study", out=tmp_path / "run")


@pytest.fixture
def begun(monkeypatch):
    """Begins a run as the verb does, and stops before the first step."""
    runs = []

    def stop(run):
        runs.append(run)
        raise KeyboardInterrupt

    def begin(asked: Train):
        monkeypatch.setattr(verb, "train_with_bar", stop)
        with pytest.raises(KeyboardInterrupt):
            verb.train_cohort(asked)
        return runs[-1]

    return begin


@pytest.mark.parametrize("flag", ["--size", "--seed"])
def test_what_a_recipe_file_says_itself_cannot_be_said_beside_it(flag, asked, capsys):
    words = ["train", asked.recipe, str(asked.cohort), "--out", str(asked.out), flag, "32"]
    assert cli.main(words) == 1
    said = capsys.readouterr().err
    assert re.search(rf"^RecipeError: {flag} is 32, but .*recipe.json says it already", said)
    assert not asked.out.exists()


def test_minutes_limit_the_run_of_a_recipe_file(asked, begun):
    assert begun(replace(asked, minutes=0.5)).limit == 30
    assert begun(replace(asked, out=asked.out.with_name("all"))).limit == inf


def test_a_recipe_that_leaves_its_end_to_the_clock_needs_minutes(asked, begun, tmp_path):
    recipe = read_recipe(tmp_path / "recipe.json")
    (tmp_path / "recipe.json").write_text(replace(recipe, steps=LONG).to_json())
    with pytest.raises(RecipeError, match=r"steps is 1000000, which the clock is to end; wanted --minutes"):
        verb.train_cohort(asked)
    assert begun(replace(asked, minutes=0.5)).limit == 30


def test_a_named_recipe_has_ten_minutes_and_the_seed_0_when_nothing_is_said(asked, begun):
    named = replace(asked, recipe="synthesis.conditional_gan", size="16")
    run = begun(named)
    assert (run.limit, run.game.recipe.seed, run.game.recipe.task.size) == (600, 0, (16, 16))
    other = begun(replace(named, size=None, seed=7, minutes=1.0, out=asked.out.with_name("other")))
    assert (other.limit, other.game.recipe.seed, other.game.recipe.task.size) == (60, 7, (64, 64))


@pytest.mark.parametrize(
    ("verb", "flags", "said"),
    [
        ("train synthesis.nothing", "--size 16", "recipe is 'synthesis.nothing', wanted one of"),
        ("train synthesis.conditional_gan", "--size 20", r"task.size is \(20, 20\), wanted multiples of 16"),
        ("expand", "--size 528", r"task.size is \(528, 528\), wanted multiples of 16"),
    ],
)
def test_a_wrong_recipe_or_size_is_refused_before_the_cohort_is_read(verb, flags, said, tmp_path, capsys):
    words = [*verb.split(), str(tmp_path / "nowhere"), "--out", str(tmp_path / "run"), *flags.split()]
    assert cli.main(words) == 1
    assert re.search(f"^RecipeError: {said}", capsys.readouterr().err)


def test_of_several_processes_the_first_alone_decodes_the_people_who_judge(asked, begun, monkeypatch):
    shown = []
    monkeypatch.setattr(verb, "decoded", lambda title, cohort, task: shown.append(title) or nobody(task))
    begun(replace(asked, out=asked.out.with_name("first")))
    assert shown == ["validation"]
    monkeypatch.setattr(verb, "is_first", lambda: False)
    assert begun(asked).judge is None
    assert shown == ["validation"]


def test_decoding_is_shown(asked, begun, capsys):
    begun(asked)
    assert re.search(r"decoding the training pictures.* (\d+)/\1\b", capsys.readouterr().err)


@pytest.mark.parametrize("recipe", ["synthesis.conditional_gan", "the file"])
def test_no_minutes_are_refused_before_anything_is_decoded(recipe, asked, capsys):
    recipe = asked.recipe if recipe == "the file" else recipe
    words = ["train", recipe, str(asked.cohort), "--out", str(asked.out), "--minutes", "0"]
    assert cli.main(words) == 1
    assert capsys.readouterr().err == "TrainingError: budget is 0 minutes, wanted more than 0\n"
    assert not asked.out.exists()


@pytest.fixture
def earlier(asked, tmp_path):
    """A finished run on more people."""
    many = phantom_cohort(60, size=16, seed=4)
    recipe = replace(read_recipe(tmp_path / "recipe.json"), steps=2)
    fit(recipe, many, tmp_path / "earlier")
    return tmp_path / "earlier"


def test_a_named_recipe_takes_size_and_networks_of_the_run_it_starts_from(asked, begun, earlier):
    named = replace(asked, recipe="synthesis.conditional_gan", minutes=30.0, start=earlier)
    run = begun(named)
    theirs = load_model(earlier / "model")
    assert run.game.recipe.task.size == (16, 16)
    assert run.game.recipe.objective.generator == theirs.recipe.objective.generator
    assert run.game.recipe.start == theirs.card.weights


def test_a_recipe_file_with_other_networks_is_refused(asked, earlier, tmp_path):
    recipe = read_recipe(tmp_path / "recipe.json")
    generator = replace(recipe.objective.generator, width=5)
    wide = replace(recipe, objective=replace(recipe.objective, generator=generator))
    (tmp_path / "recipe.json").write_text(wide.to_json())
    with pytest.raises(RecipeError, match=r"generator.width is 5, not .* wanted its networks"):
        verb.train_cohort(replace(asked, start=earlier))


def test_another_size_than_that_of_the_run_is_refused_in_one_line(asked, earlier, capsys):
    words = ["train", "synthesis.conditional_gan", str(asked.cohort), "--out", str(asked.out)]
    assert cli.main([*words, "--size", "32", "--from", str(earlier)]) == 1
    assert re.search(r"RecipeError: pictures are \(1, 1, 32, 32\).*wanted the same", capsys.readouterr().err)
    assert not asked.out.exists()


def test_no_run_to_start_from_is_named(asked, tmp_path, capsys):
    words = ["train", asked.recipe, str(asked.cohort), "--out", str(asked.out)]
    assert cli.main([*words, "--from", str(tmp_path / "nothing")]) == 1
    assert "ModelError: " in capsys.readouterr().err
