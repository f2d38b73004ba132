"""A recipe equals its photograph, and a wrong one is refused by field."""

import json
from dataclasses import replace
from math import inf

import pytest

from vesalius.errors import RecipeError
from vesalius.objectives.relativistic import Relativistic
from vesalius.recipes.recipe import Recipe, read_recipe
from vesalius.recipes.synthesis import RECIPES, conditional_gan

pytestmark = pytest.mark.usefixtures("firm")


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_survives_its_photograph(name, task, drawn):
    recipe = RECIPES[name](task, drawn(8), 10.0, 5)
    assert Recipe.from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda said: said["objective"].pop("kind"), "objective"),
        (lambda said: said["objective"]["augment"].update(shift="far"), "augment.shift"),
        (lambda said: said.update(stepz=3), "stepz"),
        (lambda said: said.pop("batch"), "batch: Field required"),
    ],
)
def test_a_wrong_field_is_named(change, message, task, drawn):
    said = json.loads(conditional_gan(task, drawn(8), 10.0).to_json())
    change(said)
    with pytest.raises(RecipeError, match=message):
        Recipe.from_json(json.dumps(said))


@pytest.mark.parametrize("name", ["steps", "batch"])
def test_a_budget_of_nothing_is_refused(name, task, drawn):
    said = json.loads(conditional_gan(task, drawn(8), 10.0).to_json()) | {name: 0}
    with pytest.raises(RecipeError, match=f"{name} is 0, wanted more than 0"):
        Recipe.from_json(json.dumps(said))


@pytest.mark.parametrize(
    ("where", "name", "value", "message"),
    [
        ((), "seed", -1, "seed is -1, wanted 0 or more"),
        ((), "seed", 2**63, "seed is 9223372036854775808, wanted less than"),
        ((), "batch", 6, "batch is 6, wanted a multiple of discriminator.group, 4"),
        (("task",), "size", [50, 50], r"task.size is .*50.*, wanted sides that are multiples"),
        (("objective",), "lazy", 0, "lazy is 0, wanted 1 or more"),
        (("objective",), "gamma", -0.5, "gamma is -0.5, wanted 0 or more"),
        (("objective",), "learning_rate", 0, "learning_rate is 0.0, wanted more than 0"),
        (
            ("objective",),
            "betas",
            [0.5, 1.0],
            r"betas are \(0.5, 1.0\), wanted two numbers from 0 to below 1",
        ),
        (("objective", "generator"), "width", 0, "generator.width is 0, wanted more than 0"),
        (("objective", "generator"), "latent", 0, "generator.latent is 0, wanted more than 0"),
        (
            ("objective", "generator"),
            "head_start",
            129,
            "generator.head_start is 129, wanted 0 to latent 128",
        ),
        (("objective", "discriminator"), "width", 0, "discriminator.width is 0, wanted more than 0"),
        (("objective", "discriminator"), "group", 0, "discriminator.group is 0, wanted more than 0"),
    ],
)
def test_a_number_that_cannot_be_is_refused_by_name(where, name, value, message, task, drawn):
    said = json.loads(conditional_gan(task, drawn(8), 10.0).to_json())
    place = said
    for part in where:
        place = place[part]
    place[name] = value
    with pytest.raises(RecipeError, match=message):
        Recipe.from_json(json.dumps(said))


def test_an_average_that_forgets_nothing_has_no_photograph_and_is_refused(task, drawn):
    with pytest.raises(RecipeError, match="half_life is inf, wanted a number"):
        replace(conditional_gan(task, drawn(8), 10.0), half_life=inf)


def test_the_other_game_refuses_the_same_numbers():
    with pytest.raises(RecipeError, match=r"gamma is nan, wanted 0 or more"):
        Relativistic(gamma=float("nan"))


def test_a_file_that_is_no_recipe_or_one_of_another_version_is_refused_by_name(task, tmp_path, drawn):
    with pytest.raises(RecipeError, match=r"none.json: recipe cannot be read"):
        read_recipe(tmp_path / "none.json")
    said = json.loads(conditional_gan(task, drawn(8), 10.0).to_json())
    (tmp_path / "recipe.json").write_text(json.dumps(said | {"stepz": 3}))
    with pytest.raises(RecipeError, match=r"recipe\.json: stepz: no such field in this version"):
        read_recipe(tmp_path / "recipe.json")


@pytest.mark.parametrize(("name", "value"), [("contrast", 0.1), ("flip", True), ("bias", 0.2)])
def test_a_forbidden_augmentation_is_refused_with_its_reason(name, value, task, drawn):
    said = json.loads(conditional_gan(task, drawn(8), 10.0).to_json())
    said["objective"]["augment"][name] = value
    with pytest.raises(RecipeError, match=f"augment.{name} is {value}, wanted it off: .*(CT|hnsf)"):
        Recipe.from_json(json.dumps(said))


def test_a_recipe_of_before_reads_as_it_was_played(task, drawn):
    recipe = conditional_gan(task, drawn(8), 10.0)
    said = json.loads(recipe.to_json())
    for name in ("rotation", "scale", "noise", "bias", "probability"):
        del said["objective"]["augment"][name]
    del said["objective"]["discriminator"]["norm"]
    assert Recipe.from_json(json.dumps(said)) == recipe
