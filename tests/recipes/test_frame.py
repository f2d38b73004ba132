"""Whether pictures have a common frame is told by people who were not asked."""

from dataclasses import replace

import pytest
import torch

from vesalius.cohort.cohort import Case, Cohort, Held
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import ARBITRARY, Image
from vesalius.networks.blocks import seeded
from vesalius.networks.convnet import Generator
from vesalius.networks.style import StyleGenerator
from vesalius.recipes import derived
from vesalius.recipes.derived import derive
from vesalius.recipes.frame import foretold_share, frame_of
from vesalius.recipes.recipe import Recipe
from vesalius.recipes.synthesis import RECIPES
from vesalius.tasks.synthesis import synthesis_of


def _scattered(people: int, side: int = 32) -> Cohort:
    """Ten bright cells in each picture, wherever they happen to lie."""
    cases = []
    rows = torch.arange(side)
    for index in range(people):
        y, x = torch.rand(2, 10, 1, generator=seeded(index)) * side
        along = [torch.exp(-((rows - place) ** 2) / 2) for place in (y, x)]
        values = 200 * torch.einsum("ny,nx->yx", *along).clamp(max=1)
        image = Image(values[None, None].round(), Geometry.plain((1, side, side)), ARBITRARY)
        cases.append(Case(key=str(index), patient=str(index), pictures={"image": Held(image)}))
    return Cohort(tuple(cases), "cells")


@pytest.mark.parametrize("people", [16, 40, 120])
def test_bodies_have_a_common_frame_and_scattered_cells_have_none(people, drawn):
    bodies, cells = drawn(people), _scattered(people)
    assert frame_of(foretold_share(synthesis_of(bodies, 32, "label"), bodies)) != "none"
    assert frame_of(foretold_share(synthesis_of(cells, 32, None), cells)) == "none"


def test_brightness_is_no_frame():
    cells = _scattered(40)
    lit = tuple(
        replace(case, pictures={"image": Held(_lit(case.image(), 20.0 * (place % 7)))})
        for place, case in enumerate(cells.cases)
    )
    assert frame_of(foretold_share(synthesis_of(cells, 32, None), replace(cells, cases=lit))) == "none"


def _lit(image: Image, more: float) -> Image:
    return replace(image, voxels=(image.voxels / 2 + more).round())


def test_of_a_few_people_a_frame_is_taken_for_granted():
    cells = _scattered(15)
    assert frame_of(foretold_share(synthesis_of(cells, 32, None), cells)) == "firm"


def test_pictures_without_a_frame_are_made_by_styles_from_scratch(drawn):
    cells, bodies = _scattered(40), drawn(40)
    generator = derive(synthesis_of(cells, 32, None), cells, 1.0).generator
    assert isinstance(generator, StyleGenerator)
    assert generator.head_start == 0
    assert isinstance(derive(synthesis_of(bodies, 32, "label"), bodies, 1.0).generator, Generator)


@pytest.mark.parametrize(
    ("frame", "plenty", "minutes", "kind"),
    [
        ("loose", 40, 2.0, "minimax"),
        ("loose", 41, 2.0, "hinge"),
        ("loose", 40, 1.9, "hinge"),
        ("firm", 40, 2.0, "hinge"),
        ("none", 40, 2.0, "hinge"),
    ],
)
def test_of_a_loose_frame_form_is_learnt_from_scratch_if_pictures_are_many_and_there_is_time(
    frame, plenty, minutes, kind, monkeypatch, drawn
):
    bodies = drawn(40)
    monkeypatch.setattr(derived, "frame_of", lambda *_: frame)
    monkeypatch.setattr(derived, "_PLENTY", plenty)
    game = RECIPES["synthesis.conditional_gan"](
        synthesis_of(bodies, 32, "label"), bodies, minutes, 0, 1.0
    ).objective
    assert game.kind == kind
    if kind == "minimax":
        assert game.generator.head_start == 0
        assert (game.discriminator.norm, game.discriminator.group) == ("batch", 1)
        assert game.discriminator.detail > 0


@pytest.mark.parametrize(("people", "is_posed"), [(99, False), (100, True)])
def test_pictures_of_few_people_are_not_laid_alike(people, is_posed, drawn):
    bodies = drawn(people, size=32)
    generator = derive(synthesis_of(bodies, 32, "label"), bodies, 1.0).generator
    assert isinstance(generator, Generator)
    assert (generator.pose, generator.shown) == (is_posed, True)
    assert generator.clusters > 1
    assert generator.refining > 0


@pytest.mark.parametrize(("size", "refining"), [((32, 32), 64), ((16, 16, 16), 0)])
def test_pictures_are_refined_and_volumes_are_not(size, refining, drawn):
    bodies = drawn(12, size=32, slices=17)
    generator = derive(synthesis_of(bodies, size, "label"), bodies, 1.0).generator
    assert isinstance(generator, Generator)
    assert generator.refining == refining


def test_the_penalty_is_eased_and_detail_is_shown_where_there_is_a_frame(drawn):
    cells, bodies = _scattered(40), drawn(40)
    loose, framed = (
        derive(synthesis_of(cells, 32, None), cells, 1.0),
        derive(synthesis_of(bodies, 32, "label"), bodies, 1.0),
    )
    assert (loose.strength, loose.discriminator.detail) == (framed.strength, 0.0)
    assert framed.discriminator.detail > 0
    assert loose.gamma == loose.strength == pytest.approx(10 * framed.gamma)


def test_augmentation_adapts_where_there_is_a_frame_and_is_fixed_where_there_is_none(drawn):
    for people, label, adapts in ((_scattered(40), None, False), (drawn(40), "label", True)):
        recipe = RECIPES["synthesis.conditional_gan"](synthesis_of(people, 32, label), people, 1.0, 0, 1.0)
        assert (recipe.objective.adaptive is not None) is adapts


def test_a_picture_that_cannot_be_read_is_left_to_the_reading_of_all():
    cells = _scattered(40)
    task = synthesis_of(cells, 32, None)
    volume = Image(torch.zeros(1, 4, 32, 32), Geometry.plain((4, 32, 32)), ARBITRARY)
    wrong = replace(cells.cases[0], pictures={"image": Held(volume)})
    assert frame_of(foretold_share(task, replace(cells, cases=(wrong, *cells.cases[1:])))) == "none"
    assert frame_of(foretold_share(task, replace(cells, cases=(wrong,)))) == "firm"


@pytest.mark.parametrize(
    "name", ["dcgan", "hinge_diffaugment", "stylegan", "wasserstein_gan", "fastgan", "diffusion"]
)
def test_who_does_not_ask_for_a_frame_does_not_look_for_one(name, monkeypatch):
    cells = _scattered(16)
    task = synthesis_of(cells, 32, None)

    def looked(*_) -> str:
        raise AssertionError

    monkeypatch.setattr(derived, "foretold_share", looked)
    assert RECIPES[f"synthesis.{name}"](task, cells, 1.0, 0).task == task
    with pytest.raises(AssertionError):
        RECIPES["synthesis.conditional_gan"](task, cells, 1.0, 0)


def test_a_recipe_says_what_its_game_was_chosen_by_and_is_no_other_for_that():
    cells = _scattered(40)
    task = synthesis_of(cells, 32, None)
    recipe = RECIPES["synthesis.conditional_gan"](task, cells, 1.0, 0, 1.0)
    assert recipe.foretold == foretold_share(task, cells)
    assert frame_of(recipe.foretold) == "none"
    untold = replace(recipe, foretold=None)
    assert (untold, untold.unlike(recipe)) == (recipe, "")
    assert Recipe.from_json(recipe.to_json()).foretold == recipe.foretold
    assert RECIPES["synthesis.dcgan"](task, cells, 1.0, 0, 1.0).foretold is None
