"""What runs are begun from: a few phantoms and a small recipe for them."""

import pytest

from vesalius.cohort.phantom import phantom_cohort
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.objectives.hinge import Hinge
from vesalius.recipes.augmentation import augment_for
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.devices import find_machine
from vesalius.training.loop import begin, train


def small_recipe(cohort, steps=30):
    task = synthesis_of(cohort, 16, "label")
    return Recipe(
        task=task,
        objective=Hinge(
            generator=Generator(width=4, latent=8, head_start=2),
            discriminator=Discriminator(width=4),
            augment=augment_for(task.modality, task.made.unit),
        ),
        steps=steps,
        batch=4,
        half_life=100.0,
        seed=1,
    )


@pytest.fixture(scope="session")
def recipe_for():
    return small_recipe


@pytest.fixture(scope="session")
def people():
    return phantom_cohort(12, size=16)


@pytest.fixture(scope="session")
def played():
    """Play a recipe with pictures, to its end or to a step: the game, and what every step says."""

    def play(recipe, pictures, steps=None):
        game, numbers = begin(recipe, pictures, find_machine()), []
        for tick in train(game, pictures):
            numbers.append(tick.numbers())
            if tick.step == steps:
                break
        return game, numbers

    return play
