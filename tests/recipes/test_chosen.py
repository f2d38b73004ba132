"""What recipes choose for a cohort and a budget."""

import json
from dataclasses import replace

import pytest

from vesalius.imaging.image import HOUNSFIELD
from vesalius.objectives.adaptive import Adaptive
from vesalius.recipes.augmentation import augment_for
from vesalius.recipes.derived import derive, grown
from vesalius.recipes.recipe import Recipe
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

pytestmark = pytest.mark.usefixtures("firm")


def test_the_textbook_has_neither_head_start_nor_penalty_nor_augmentation(task, drawn):
    game = dcgan(task, drawn(8), 10.0).objective
    assert (game.generator.head_start, game.discriminator.norm, game.discriminator.group) == (0, "batch", 1)
    assert not hasattr(game, "gamma")
    assert not hasattr(game, "augment")


def test_the_number_to_beat_has_no_head_start_sees_no_detail_apart_and_does_not_adapt(task, crowd):
    people = crowd(128)
    recipes = [make(task, people, 10.0) for make in (conditional_gan, hinge_diffaugment)]
    (ours, our_batch), (other, other_batch) = ((recipe.objective, recipe.batch) for recipe in recipes)
    assert (our_batch, other_batch) == (8, 16)
    assert (ours.generator.head_start > 0, other.generator.head_start) == (True, 0)
    assert (ours.discriminator.detail > 0, other.discriminator.detail) == (True, 0)
    assert other.gamma * other_batch == pytest.approx(10 * ours.gamma * our_batch)
    assert (ours.adaptive, other.adaptive) == (Adaptive(ramp=10_000), None)
    given = ("generator", "discriminator", "gamma", "adaptive")
    assert replace(other, **{name: getattr(ours, name) for name in given}) == ours


def test_the_style_generator_plays_the_nonsaturating_game_without_head_start(task, crowd):
    people = crowd(128)
    usual, style = (make(task, people, 10.0).objective for make in (nonsaturating_gan, stylegan))
    assert (style.generator.kind, style.generator.head_start) == ("style.generator", 0)
    given = {"generator": usual.generator, "discriminator": usual.discriminator, "gamma": usual.gamma}
    assert replace(style, **given) == usual


def test_the_average_of_fastgan_keeps_a_thousandth_less_at_each_step(task, crowd):
    recipe = fastgan(task, crowd(128), 10.0)
    assert 0.5 ** (recipe.batch / recipe.half_life) == pytest.approx(0.999, abs=1e-5)
    assert recipe.objective.augment.cutout == 0
    usual = conditional_gan(task, crowd(128), 10.0).objective.generator
    assert recipe.objective.generator.width * 2 == usual.width


def test_the_penalty_of_wasserstein_is_the_published_one_and_that_of_r1_is_derived(task, crowd):
    small, many = replace(task, size=(32, 32)), crowd(128)
    published = wasserstein_gan(small, many, 1.0).objective
    assert (published.gamma, published.critic_turns, published.discriminator.group) == (10.0, 5, 1)
    assert published.generator.head_start == 0
    game = nonsaturating_gan(small, many, 1.0).objective
    assert (game.gamma, game.adaptive) == (0.025, Adaptive(ramp=10_000))
    assert game.augment == augment_for("CT", HOUNSFIELD)


def test_contrast_is_not_forgiven_where_values_mean_something(task, drawn):
    assert task.made.unit == HOUNSFIELD
    assert conditional_gan(task, drawn(8), 10.0).objective.augment.contrast == 0.0


def test_the_head_start_has_fewer_components_than_people_and_pictures(task, drawn):
    many_pictures = drawn(8, pictures_per_patient=3)
    assert derive(task, many_pictures, 1.0).components == 3
    assert derive(task, drawn(2), 1.0).components == 1


def test_the_generator_holds_on_to_the_head_start(task, crowd):
    for side, anchor in ((64, 8), (32, 8), (16, 4)):
        generator = derive(replace(task, size=(side, 2 * side)), crowd(40), 1.0).generator
        assert (generator.head_start, generator.anchor) == (5, anchor)


@pytest.mark.parametrize(
    ("people", "share", "centred"),
    [(128, 0.5, "class"), (128, 0.05, "all"), (64, 0.5, "class"), (12, 0.5, "all")],
)
def test_what_is_added_is_centred_by_class_where_each_has_people_and_pictures_enough(
    task, people, share, centred, drawn
):
    cohort = drawn(people, lesion_share=share)
    assert derive(task, cohort, 1.0).generator.centred == centred


@pytest.mark.parametrize(("people", "batch"), [(12, 4), (63, 4), (64, 8), (4096, 8)])
def test_a_batch_is_never_more_than_an_eighth_of_the_cohort_but_four(task, people, batch, crowd):
    assert derive(task, crowd(people), 1.0).batch == batch


def test_the_penalty_goes_with_pixels_and_against_the_batch(task, crowd):
    large, small = (replace(task, size=(side, side)) for side in (64, 32))
    few, many = crowd(32), crowd(64)
    assert derive(large, many, 1.0).gamma == 0.2
    assert derive(small, many, 1.0).gamma == 0.05
    assert derive(large, few, 1.0).gamma == 0.4
    assert conditional_gan(small, many, 1.0).objective.gamma == 0.05


def test_wide_networks_are_given_time(task, drawn):
    large, people = replace(task, size=(64, 64)), drawn(8)
    assert [derive(large, people, minutes).width for minutes in (10.0, 30.0)] == [32, 64]


def test_the_diffusion_begins_at_as_much_noise_as_a_picture_has_values(task, drawn):
    for side, fold, batch in ((16, 1, 64), (32, 1, 64), (64, 2, 64), (128, 2, 16)):
        recipe = RECIPES["synthesis.diffusion"](replace(task, size=(side, side)), drawn(8), 10.0, 0)
        assert recipe.objective.generator.latent == side * side
        assert (recipe.objective.generator.fold, recipe.batch) == (fold, batch)


@pytest.mark.parametrize("name", ["variational", "diffusion"])
def test_competitors_are_given_the_width_of_the_games(name, task, drawn):
    people, large = drawn(8), replace(task, size=(64, 64))
    for minutes in (10.0, 30.0):
        recipe = RECIPES[f"synthesis.{name}"](large, people, minutes, 0)
        assert recipe.objective.generator.width == derive(large, people, minutes).width


@pytest.mark.parametrize(("people", "latent"), [(8, 8), (320, 20)])
def test_the_autoencoder_has_few_coordinates_for_few_people(people, latent, task, crowd):
    recipe = RECIPES["synthesis.variational"](task, crowd(people), 10.0, 0)
    assert recipe.objective.generator.latent == latent


@pytest.mark.parametrize("name", ["hinge_diffaugment", "relativistic_gan"])
def test_adaptive_strength_is_asked_for_in_a_line_and_survives_the_photograph(name, task, drawn):
    usual = RECIPES[f"synthesis.{name}"](task, drawn(8), 10.0, 0, 1.0)
    assert usual.objective.adaptive is None
    asked = replace(usual, objective=replace(usual.objective, adaptive=Adaptive(ramp=100_000)))
    assert Recipe.from_json(asked.to_json()) == asked != usual
    said = json.loads(usual.to_json())
    said["objective"]["adaptive"] = {"ramp": 100_000}
    assert Recipe.from_json(json.dumps(said)) == asked
    del said["objective"]["adaptive"]
    assert Recipe.from_json(json.dumps(said)) == usual


def test_r3gan_has_the_published_numbers_in_the_width_of_the_budget(task, crowd):
    large, people = replace(task, size=(64, 64)), crowd(128)
    recipe = r3gan(large, people, 10.0)
    game = recipe.objective
    assert (game.gamma, game.lazy, game.learning_rate, game.betas) == (2.0, 1, 2e-4, (0.0, 0.9))
    assert game.generator.widths == (64, 64, 64, 64, 32) == game.discriminator.widths[::-1]
    assert (game.generator.latent, game.generator.head_start, recipe.batch) == (64, 0, 16)
    assert {spec.form for spec in (game.generator, game.discriminator)} == {"grouped"}
    assert game.augment == replace(augment_for("CT", HOUNSFIELD), probability=0.3)
    assert r3gan(task, people, 10.0).objective.gamma == 0.5


def test_two_cores_are_given_what_they_were_and_a_faster_machine_more(task, crowd):
    large, people = replace(task, size=(64, 64)), crowd(512)
    for minutes, usual in ((10.0, 32), (30.0, 64)):
        slow, same, fast = (derive(large, people, minutes, pace) for pace in (0.5, 1.0, 16.0))
        assert same == derive(large, people, minutes) == slow
        assert (same.width, same.batch) == (usual, 8)
        assert (fast.width, fast.batch) == (2 * usual, 32)
        assert (fast.gamma, fast.components, fast.anchor) == (same.gamma / 4, same.components, same.anchor)


def test_the_batch_of_a_fast_machine_is_no_more_than_an_eighth_of_the_cohort(task, crowd):
    assert [derive(task, crowd(count), 1.0, 66.0).batch for count in (12, 64, 128)] == [4, 8, 16]


def test_a_step_never_costs_more_than_the_machine_is_faster():
    for pace in (1.0, 1.9, 2.0, 15.9, 16.0, 66.0, 1000.0):
        wider, larger = grown(pace)
        assert wider**2 * larger <= pace


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_is_told_the_pace_of_the_machine(name, task, crowd):
    people = crowd(128)
    usual, fast = (RECIPES[name](task, people, 10.0, 0, pace).objective.generator for pace in (1.0, 16.0))
    assert usual != fast
