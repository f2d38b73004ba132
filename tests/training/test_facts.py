"""Several facts at once, from a cohort of known effects to pictures that are asked for."""

import csv
import json
from dataclasses import replace

import pytest
import torch

from vesalius.cli.judge import events_of
from vesalius.cli.people import gather_people, split_people
from vesalius.cli.sample import asked_of, sample_model
from vesalius.cli.train import chosen
from vesalius.cli.verbs import Sample, Selection
from vesalius.cohort.cohort import Case, Cohort, Held
from vesalius.cohort.folder import read_cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import CohortError, ModelError, RecipeError
from vesalius.evidence.contract import admit
from vesalius.evidence.lessons import obstacle
from vesalius.evidence.views import group_names
from vesalius.imaging.formats import write_image
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image
from vesalius.model.export import balanced
from vesalius.model.model import drawn
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.devices import find_machine
from vesalius.training.fit import finish, fit, play
from vesalius.training.loop import begin
from vesalius.training.run import open_run
from vesalius.training.stream import made_of, stack, stack_made
from vesalius.training.transfer import read_start, started

COUNTS = {("a", "F"): 30, ("a", "M"): 24, ("b", "F"): 20, ("b", "M"): 4}


def crossed(counts=COUNTS, first=0):
    """People in whose pictures b is 60 brighter above, and M 40 brighter below."""
    cases = []
    for (label, sex), count in counts.items():
        for _ in range(count):
            index = first + len(cases)
            values = 100 + 4 * torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(index))
            values[..., :8, :] += 60 * (label == "b")
            values[..., 8:, :] += 40 * (sex == "M")
            image = Image(values.round(), Geometry.plain((1, 16, 16), (1.0, 1.0, 1.0)), "1")
            facts = {"label": label, "sex": sex, "age": 20 + index % 60}
            cases.append(Case(f"c{index}", f"p{index}", {"image": Held(image)}, facts=facts))
    return Cohort(tuple(cases), "crossed")


def on(recipe, cohort, asked="label,sex", steps=2):
    return replace(recipe, task=synthesis_of(cohort, 16, asked), steps=steps)


@pytest.fixture(scope="module")
def study():
    return crossed()


@pytest.fixture
def recipe(recipe_for, study):
    return on(recipe_for(study), study)


@pytest.fixture
def run(tmp_path, recipe, study):
    """The folder of a short run, finished."""
    fit(recipe, study, tmp_path / "run")
    return tmp_path / "run"


def test_a_combination_that_is_asked_for_carries_both_effects_through_the_head_start(recipe, study):
    game = begin(recipe, stack(study, recipe.task), find_machine())
    network = game.average.network.cpu().eval()
    means = {}
    for index in range(4):
        made = [recipe.task.decode(one).voxels for one in drawn(network, recipe, [index] * 32, 5)]
        picture = torch.stack(made).mean((0, 1, 2, 4))
        facts = recipe.task.facts(index)
        means[facts["label"], facts["sex"]] = picture[:8].mean().item(), picture[8:].mean().item()
    assert means["a", "F"] == pytest.approx((100, 100), abs=3)
    assert means["a", "M"] == pytest.approx((100, 140), abs=3)
    assert means["b", "F"] == pytest.approx((160, 100), abs=3)
    # Four people say nothing themselves: what they look like follows from the others.
    assert means["b", "M"] == pytest.approx((160, 140), abs=4)


def test_a_cut_number_is_learnt_and_asked_for_by_its_level(recipe_for, study):
    task = on(recipe_for(study), study, "label,age:50").task
    assert task.fact == "label,age:50"
    assert task.classes == ("a, under 50", "a, 50 or more", "b, under 50", "b, 50 or more")
    pictures = stack(study, task)
    assert pictures.labels.tolist() == [
        2 * (case.facts["label"] == "b") + (case.facts["age"] >= 50) for case in study.cases
    ]
    assert stack_made(torch.zeros(4, 1, 1, 16, 16), [3, 1, 0, 2], task).labels.tolist() == [3, 1, 0, 2]


def test_pictures_of_one_level_alone_are_made_and_are_a_cohort_of_it_again(run, recipe, tmp_path):
    sample_model(Sample(run_folder=run, out=tmp_path / "made", per_class=2, where=(("sex=M",),)))
    with (tmp_path / "made" / "metadata.csv").open() as opened:
        rows = [*csv.DictReader(opened)]
    assert [(row["label"], row["sex"]) for row in rows] == [("a", "M")] * 2 + [("b", "M")] * 2
    made = read_cohort(tmp_path / "made")
    assert sorted(int(recipe.task.encode(case).condition) for case in made.cases) == [1, 1, 3, 3]


def test_what_was_not_learnt_cannot_be_asked_for(tmp_path, recipe_for):
    three = crossed({("a", "F"): 12, ("a", "M"): 12, ("b", "F"): 12})
    fit(on(recipe_for(three), three), three, tmp_path / "run")
    asked = Sample(run_folder=tmp_path / "run", out=tmp_path / "made")
    assert asked_of(replace(asked, per_class=1))[1] == [0, 1, 2]
    with pytest.raises(CohortError, match=r"nobody has sex 'X'; there are \['F', 'M'\]"):
        asked_of(replace(asked, where=(("sex=X",),)))
    with pytest.raises(CohortError, match=r"no column 'age' .*; there are \['label', 'sex'\]"):
        asked_of(replace(asked, where=(("age=40",),)))
    with pytest.raises(ModelError, match=r"no class with label=b and sex=M was learnt; there are \['a, F', "):
        asked_of(replace(asked, where=(("label=b", "sex=M"),)))


def damaged(case):
    return replace(case, pictures=phantom_cohort(1, size=16, slices=3).cases[0].pictures)


def test_a_combination_that_loses_its_only_picture_is_not_learnt_and_the_others_are(tmp_path, recipe_for):
    whole = crossed(COUNTS | {("b", "M"): 1})
    cohort = replace(whole, cases=(*whole.cases[:-1], damaged(whole.cases[-1])))
    run = open_run(tmp_path / "run", on(recipe_for(cohort), cohort), cohort)
    assert "b, F 20, b, M 0" in chosen(run)
    assert "foretells" not in chosen(run)
    for _ in play(run):
        pass
    model = finish(run)
    assert model.card.counts == {"a, F": 30, "a, M": 24, "b, F": 20, "b, M": 0}
    assert balanced(model, 2) == [0, 0, 1, 1, 2, 2]
    (event,) = events_of(run.ledger)
    assert event.startswith("after step 0: class 'b, M' has no usable training picture: it is not learnt")
    asked = Sample(run_folder=tmp_path / "run", out=tmp_path / "made", per_class=1)
    assert asked_of(replace(asked, where=(("sex=M",),)))[1] == [1]
    with pytest.raises(ModelError, match=r"b and sex=M was learnt; there are \['a, F', 'a, M', 'b, F'\]"):
        asked_of(replace(asked, where=(("label=b", "sex=M"),)))


def test_a_fact_that_loses_a_level_is_refused(tmp_path, recipe_for):
    whole = crossed(COUNTS | {("c", "M"): 1})
    cohort = replace(whole, cases=(*whole.cases[:-1], damaged(whole.cases[-1])))
    with pytest.raises(CohortError, match=r"class 'c, M' has no usable training picture.*3 slices"):
        open_run(tmp_path / "run", on(recipe_for(cohort), cohort), cohort)


def test_a_run_starts_from_one_of_the_same_facts_level_by_level(run, recipe, tmp_path):
    start = read_start(run)
    few = crossed({("a", "F"): 10, ("c", "F"): 10, ("c", "M"): 10}, first=500)
    begun = open_run(tmp_path / "next", started(on(recipe, few), start), few, start=start)
    label, sex = begun.game.players["generator"].embedding.weights
    before = [start.moment.tensors[f"players/generator.embedding.weights.{place}"] for place in (0, 1)]
    assert torch.equal(label[0].cpu(), before[0][0])
    assert torch.allclose(label[1].cpu(), before[0].mean(0))
    assert torch.equal(sex.cpu(), before[1])
    with pytest.raises(RecipeError, match=r"classes are levels of label, those of .* of label,sex; wanted"):
        started(on(recipe, few, "label"), start)


def test_a_recipe_from_before_there_were_several_facts_is_the_same_recipe(recipe, recipe_for, study):
    plain = recipe_for(study)
    said = json.loads(plain.to_json())
    assert said["task"].pop("crossing") is None
    assert Recipe.from_json(json.dumps(said)) == plain
    assert plain.task.conditions == 2
    assert "crossing" not in repr(plain.task)
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert recipe.task.conditions == ((0, 0), (0, 1), (1, 0), (1, 1))
    said = json.loads(recipe.to_json())
    said["task"]["classes"].reverse()
    with pytest.raises(RecipeError, match=r"wanted \('a, F', 'a, M', 'b, F', 'b, M'\) as in task"):
        Recipe.from_json(json.dumps(said))


def test_a_stack_of_other_levels_is_another_stack(recipe, study):
    other = replace(study.cases[0], facts=study.cases[0].facts | {"sex": "M"})
    changed, contents = replace(study, cases=(other, *study.cases[1:])), ("",) * len(study)
    assert made_of(study, recipe.task, contents) != made_of(changed, recipe.task, contents)


def test_of_whom_a_fact_is_not_known_is_left_out_before_the_cut_and_said(study, capsys):
    cases = [
        replace(case, facts=case.facts | ({"sex": ""} if place < 3 else {}))
        for place, case in enumerate(study.cases)
    ]
    people = split_people(replace(study, cases=tuple(cases)), Selection(label="label,sex"))
    said = "sex is not known of 3 picture(s): left out, with 3 patient(s)"
    assert people.fact == "label,sex"
    assert people.notes[0] == said
    assert f"note: {said}" in capsys.readouterr().err
    assert sum(map(len, people.parts)) == len(study) - 3


def test_a_combination_of_which_all_people_stand_aside_is_left_out_by_name(tmp_path):
    study = crossed({("a", "F"): 20, ("b", "F"): 20, ("a", "M"): 20, ("b", "M"): 1})
    sides = ["train", "test"] * 30 + ["test"]
    with (tmp_path / "metadata.csv").open("w", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(("file", "patient", "label", "sex", "split"))
        for case, side in zip(study.cases, sides, strict=True):
            write_image(case.image(), tmp_path / f"{case.key}.nii.gz")
            table.writerow((f"{case.key}.nii.gz", case.patient, case.facts["label"], case.facts["sex"], side))
    people = gather_people(tmp_path, Selection(label="label,sex"))
    (note,) = people.notes
    assert note.startswith("class 'b, M' left out: nobody to learn from; 1 patient(s) aside")
    assert synthesis_of(people.parts.train, 16, people.fact).classes == ("a, F", "a, M", "b, F")


def test_a_combination_of_too_few_test_people_is_not_judged_by_itself(recipe):
    test = crossed({("a", "F"): 24, ("a", "M"): 24, ("b", "F"): 24, ("b", "M"): 2}, first=1000)
    made = stack_made(torch.zeros(120, 1, 1, 16, 16), [index % 4 for index in range(120)], recipe.task)
    train = stack(crossed(dict.fromkeys(COUNTS, 24)), recipe.task)
    sets = admit(train, stack(test, recipe.task), made, None, recipe.task.classes)
    assert group_names(sets) == ("a, F", "a, M", "b, F")
    assert obstacle(sets) == "Class 'b, M' has 2 test picture(s), wanted at least 5."
