"""A recipe equals its photograph, and a wrong one is refused by field."""

import json
from dataclasses import replace
from functools import cache
from math import inf

import pytest

from vesalius.cohort.cohort import Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import RecipeError
from vesalius.imaging.image import HOUNSFIELD
from vesalius.objectives.adaptive import Adaptive
from vesalius.objectives.relativistic import Relativistic
from vesalius.recipes import derived
from vesalius.recipes.augmentation import augment_for
from vesalius.recipes.derived import derive, grown
from vesalius.recipes.recipe import Recipe, read_recipe
from vesalius.recipes.rivals import (
    dcgan,
    fastgan,
    hinge_diffaugment,
    nonsaturating_gan,
    r3gan,
    stylegan,
    wasserstein_gan,
)
from vesalius.recipes.synthesis import RECIPES, conditional_gan
from vesalius.tasks.synthesis import synthesis_of

drawn = cache(phantom_cohort)  # each cohort once: it takes seconds under the checks of shapes


def crowd(people: int) -> Cohort:
    """As many people as are asked for, who look like eight."""
    bodies = drawn(8).cases
    cases = [replace(bodies[n % 8], key=f"{n}", patient=f"{n}") for n in range(people)]
    return Cohort(tuple(cases), "crowd")


@pytest.fixture(autouse=True)
def firm(monkeypatch):
    """A firm frame, as phantoms have one: it is looked for where it is tested."""
    monkeypatch.setattr(derived, "foretold_share", lambda task, train: 0.9)


@pytest.fixture(scope="module")
def task():
    return synthesis_of(drawn(8), 32, "label")


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_survives_its_photograph(name, task):
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
def test_a_wrong_field_is_named(change, message, task):
    said = json.loads(conditional_gan(task, drawn(8), 10.0).to_json())
    change(said)
    with pytest.raises(RecipeError, match=message):
        Recipe.from_json(json.dumps(said))


@pytest.mark.parametrize("name", ["steps", "batch"])
def test_a_budget_of_nothing_is_refused(name, task):
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
def test_a_number_that_cannot_be_is_refused_by_name(where, name, value, message, task):
    said = json.loads(conditional_gan(task, drawn(8), 10.0).to_json())
    place = said
    for part in where:
        place = place[part]
    place[name] = value
    with pytest.raises(RecipeError, match=message):
        Recipe.from_json(json.dumps(said))


def test_an_average_that_forgets_nothing_has_no_photograph_and_is_refused(task):
    with pytest.raises(RecipeError, match="half_life is inf, wanted a number"):
        replace(conditional_gan(task, drawn(8), 10.0), half_life=inf)


def test_the_other_game_refuses_the_same_numbers():
    with pytest.raises(RecipeError, match=r"gamma is nan, wanted 0 or more"):
        Relativistic(gamma=float("nan"))


def test_a_file_that_is_no_recipe_or_one_of_another_version_is_refused_by_name(task, tmp_path):
    with pytest.raises(RecipeError, match=r"none.json: recipe cannot be read"):
        read_recipe(tmp_path / "none.json")
    said = json.loads(conditional_gan(task, drawn(8), 10.0).to_json())
    (tmp_path / "recipe.json").write_text(json.dumps(said | {"stepz": 3}))
    with pytest.raises(RecipeError, match=r"recipe\.json: stepz: no such field in this version"):
        read_recipe(tmp_path / "recipe.json")


@pytest.mark.parametrize(("name", "value"), [("contrast", 0.1), ("flip", True), ("bias", 0.2)])
def test_a_forbidden_augmentation_is_refused_with_its_reason(name, value, task):
    said = json.loads(conditional_gan(task, drawn(8), 10.0).to_json())
    said["objective"]["augment"][name] = value
    with pytest.raises(RecipeError, match=f"augment.{name} is {value}, wanted it off: .*(CT|hnsf)"):
        Recipe.from_json(json.dumps(said))


def test_a_recipe_of_before_reads_as_it_was_played(task):
    recipe = conditional_gan(task, drawn(8), 10.0)
    said = json.loads(recipe.to_json())
    for name in ("rotation", "scale", "noise", "bias", "probability"):
        del said["objective"]["augment"][name]
    del said["objective"]["discriminator"]["norm"]
    assert Recipe.from_json(json.dumps(said)) == recipe


def test_the_textbook_has_neither_head_start_nor_penalty_nor_augmentation(task):
    game = dcgan(task, drawn(8), 10.0).objective
    assert (game.generator.head_start, game.discriminator.norm, game.discriminator.group) == (0, "batch", 1)
    assert not hasattr(game, "gamma")
    assert not hasattr(game, "augment")


def test_the_number_to_beat_has_no_head_start_sees_no_detail_apart_and_does_not_adapt(task):
    people = crowd(128)
    ours, other = (make(task, people, 10.0).objective for make in (conditional_gan, hinge_diffaugment))
    assert (ours.generator.head_start > 0, other.generator.head_start) == (True, 0)
    assert (ours.discriminator.detail > 0, other.discriminator.detail) == (True, 0)
    assert other.gamma == pytest.approx(10 * ours.gamma)
    assert (ours.adaptive, other.adaptive) == (Adaptive(ramp=10_000), None)
    given = ("generator", "discriminator", "gamma", "adaptive")
    assert replace(other, **{name: getattr(ours, name) for name in given}) == ours


def test_the_style_generator_plays_the_nonsaturating_game_without_head_start(task):
    people = crowd(128)
    usual, style = (make(task, people, 10.0).objective for make in (nonsaturating_gan, stylegan))
    assert (style.generator.kind, style.generator.head_start) == ("style.generator", 0)
    given = {"generator": usual.generator, "discriminator": usual.discriminator, "gamma": usual.gamma}
    assert replace(style, **given) == usual


def test_the_average_of_fastgan_keeps_a_thousandth_less_at_each_step(task):
    recipe = fastgan(task, crowd(128), 10.0)
    assert 0.5 ** (recipe.batch / recipe.half_life) == pytest.approx(0.999, abs=1e-5)
    assert recipe.objective.augment.cutout == 0
    usual = conditional_gan(task, crowd(128), 10.0).objective.generator
    assert recipe.objective.generator.width * 2 == usual.width


def test_the_penalty_of_wasserstein_is_the_published_one_and_that_of_r1_is_derived(task):
    small, many = replace(task, size=(32, 32)), crowd(128)
    published = wasserstein_gan(small, many, 1.0).objective
    assert (published.gamma, published.critic_turns, published.discriminator.group) == (10.0, 5, 1)
    assert published.generator.head_start == 0
    game = nonsaturating_gan(small, many, 1.0).objective
    assert (game.gamma, game.adaptive) == (0.025, Adaptive(ramp=10_000))
    assert game.augment == augment_for("CT", HOUNSFIELD)


def test_contrast_is_not_forgiven_where_values_mean_something(task):
    assert task.made.unit == HOUNSFIELD
    assert conditional_gan(task, drawn(8), 10.0).objective.augment.contrast == 0.0


def test_the_head_start_has_fewer_components_than_people_and_pictures(task):
    many_pictures = drawn(8, pictures_per_patient=3)
    assert derive(task, many_pictures, 1.0).components == 3
    assert derive(task, drawn(2), 1.0).components == 1


def test_the_generator_holds_on_to_the_head_start(task):
    for side, anchor in ((64, 8), (32, 8), (16, 4)):
        generator = derive(replace(task, size=(side, 2 * side)), crowd(40), 1.0).generator
        assert (generator.head_start, generator.anchor) == (5, anchor)


@pytest.mark.parametrize(
    ("people", "share", "centred"),
    [(128, 0.5, "class"), (128, 0.05, "all"), (64, 0.5, "class"), (12, 0.5, "all")],
)
def test_what_is_added_is_centred_by_class_where_each_has_people_and_pictures_enough(
    task, people, share, centred
):
    cohort = drawn(people, lesion_share=share)
    assert derive(task, cohort, 1.0).generator.centred == centred


@pytest.mark.parametrize(("people", "batch"), [(12, 4), (64, 8), (127, 8), (128, 16)])
def test_a_batch_is_never_more_than_an_eighth_of_the_cohort_but_four(task, people, batch):
    assert derive(task, crowd(people), 1.0).batch == batch


def test_the_penalty_goes_with_pixels_and_against_the_batch(task):
    large, small = (replace(task, size=(side, side)) for side in (64, 32))
    few, many = crowd(64), crowd(128)
    assert derive(large, many, 1.0).gamma == 0.1
    assert derive(small, many, 1.0).gamma == 0.025
    assert derive(large, few, 1.0).gamma == 0.2
    assert conditional_gan(small, many, 1.0).objective.gamma == 0.025


def test_wide_networks_are_given_time(task):
    large, people = replace(task, size=(64, 64)), drawn(8)
    assert [derive(large, people, minutes).width for minutes in (10.0, 30.0)] == [32, 64]


def test_the_diffusion_begins_at_as_much_noise_as_a_picture_has_values(task):
    for side, fold, batch in ((16, 1, 64), (32, 1, 64), (64, 2, 64), (128, 2, 16)):
        recipe = RECIPES["synthesis.diffusion"](replace(task, size=(side, side)), drawn(8), 10.0, 0)
        assert recipe.objective.generator.latent == side * side
        assert (recipe.objective.generator.fold, recipe.batch) == (fold, batch)


@pytest.mark.parametrize("name", ["variational", "diffusion"])
def test_competitors_are_given_the_width_of_the_games(name, task):
    people, large = drawn(8), replace(task, size=(64, 64))
    for minutes in (10.0, 30.0):
        recipe = RECIPES[f"synthesis.{name}"](large, people, minutes, 0)
        assert recipe.objective.generator.width == derive(large, people, minutes).width


@pytest.mark.parametrize(("people", "latent"), [(8, 8), (320, 20)])
def test_the_autoencoder_has_few_coordinates_for_few_people(people, latent, task):
    recipe = RECIPES["synthesis.variational"](task, crowd(people), 10.0, 0)
    assert recipe.objective.generator.latent == latent


@pytest.mark.parametrize("name", ["hinge_diffaugment", "relativistic_gan"])
def test_adaptive_strength_is_asked_for_in_a_line_and_survives_the_photograph(name, task):
    usual = RECIPES[f"synthesis.{name}"](task, drawn(8), 10.0, 0, 1.0)
    assert usual.objective.adaptive is None
    asked = replace(usual, objective=replace(usual.objective, adaptive=Adaptive(ramp=100_000)))
    assert Recipe.from_json(asked.to_json()) == asked != usual
    said = json.loads(usual.to_json())
    said["objective"]["adaptive"] = {"ramp": 100_000}
    assert Recipe.from_json(json.dumps(said)) == asked
    del said["objective"]["adaptive"]
    assert Recipe.from_json(json.dumps(said)) == usual


def test_r3gan_has_the_published_numbers_in_the_width_of_the_budget(task):
    large, people = replace(task, size=(64, 64)), crowd(128)
    recipe = r3gan(large, people, 10.0)
    game = recipe.objective
    assert (game.gamma, game.lazy, game.learning_rate, game.betas) == (2.0, 1, 2e-4, (0.0, 0.9))
    assert game.generator.widths == (64, 64, 64, 64, 32) == game.discriminator.widths[::-1]
    assert (game.generator.latent, game.generator.head_start, recipe.batch) == (64, 0, 16)
    assert {spec.form for spec in (game.generator, game.discriminator)} == {"grouped"}
    assert game.augment == replace(augment_for("CT", HOUNSFIELD), probability=0.3)
    assert r3gan(task, people, 10.0).objective.gamma == 0.5


def test_two_cores_are_given_what_they_were_and_a_faster_machine_more(task):
    large, people = replace(task, size=(64, 64)), crowd(512)
    for minutes, usual in ((10.0, 32), (30.0, 64)):
        slow, same, fast = (derive(large, people, minutes, pace) for pace in (0.5, 1.0, 16.0))
        assert same == derive(large, people, minutes) == slow
        assert (same.width, same.batch) == (usual, 16)
        assert (fast.width, fast.batch) == (2 * usual, 64)
        assert (fast.gamma, fast.components, fast.anchor) == (same.gamma / 4, same.components, same.anchor)


def test_the_batch_of_a_fast_machine_is_no_more_than_an_eighth_of_the_cohort(task):
    assert [derive(task, crowd(count), 1.0, 66.0).batch for count in (12, 64, 128)] == [4, 8, 16]


def test_a_step_never_costs_more_than_the_machine_is_faster():
    for pace in (1.0, 1.9, 2.0, 15.9, 16.0, 66.0, 1000.0):
        wider, larger = grown(pace)
        assert wider**2 * larger <= pace


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_is_told_the_pace_of_the_machine(name, task):
    people = crowd(128)
    usual, fast = (RECIPES[name](task, people, 10.0, 0, pace).objective.generator for pace in (1.0, 16.0))
    assert usual != fast
