"""Recipes for synthesis: what worked, as functions of a cohort and a budget."""

from collections import Counter
from collections.abc import Callable
from types import MappingProxyType

from vesalius.cohort.cohort import Cohort
from vesalius.imaging.image import HOUNSFIELD
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.linear import components_of
from vesalius.objectives.augment import Augment
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.relativistic import Relativistic
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import Synthesis

LONG = 1_000_000
"""More steps than any budget of minutes buys: the clock ends such a run; see `training.fit.open_run`."""


def conditional_gan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0) -> Recipe:
    """Hinge loss, lazy R1 and differentiable augmentation on DCGAN shapes: the first engine.

    Args:
        task: What is made.
        train: Training cases; their number sets how much of the linear model is used.
        minutes: Budget of training on this machine; sets how wide the networks are.
        seed: Of everything random.
    """
    width = width_for(task, minutes)
    game = Hinge(
        generator=Generator(width=width, head_start=components_for(task, train)),
        discriminator=Discriminator(width=width),
        augment=augment_for(task),
    )
    return Recipe(task=task, objective=game, steps=LONG, batch=16, half_life=10_000.0, seed=seed)


def relativistic_gan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0) -> Recipe:
    """The R3GAN objective on the same networks: fewer steps in the same time, steadier.

    Args:
        task: What is made.
        train: Training cases; their number sets how much of the linear model is used.
        minutes: Budget of training on this machine; sets how wide the networks are.
        seed: Of everything random.
    """
    width = width_for(task, minutes)
    game = Relativistic(
        generator=Generator(width=width, head_start=components_for(task, train)),
        discriminator=Discriminator(width=width),
        augment=augment_for(task),
    )
    return Recipe(task=task, objective=game, steps=LONG, batch=16, half_life=10_000.0, seed=seed)


def width_for(task: Synthesis, minutes: float) -> int:
    """Channels of the finest layer: wide networks need minutes that a short budget has not.

    Args:
        task: What is made.
        minutes: Budget of training.
    """
    pixels = task.size[0] * task.size[1]
    return 32 if minutes * 4096 / pixels < 20 else 64


def components_for(task: Synthesis, train: Cohort) -> int:
    """Principal components of the head start: as many as the linear model has that judges it.

    Args:
        task: What is made.
        train: Training cases.
    """
    counts = Counter(train.fact(task.fact)) if task.fact else {"": len(train)}
    return components_of(list(counts.values()), len(train.patients))


def augment_for(task: Synthesis) -> Augment:
    """What the critic must forgive: no change of contrast where values have a meaning.

    Left and right are never exchanged: laterality is anatomy.

    Args:
        task: What is made.
    """
    if task.made.unit == HOUNSFIELD:
        return Augment(brightness=0.0, contrast=0.0)
    return Augment()


RecipeOf = Callable[[Synthesis, Cohort, float, int], Recipe]
"""What every recipe is: a function of task, training cases, minutes and seed."""

RECIPES: MappingProxyType[str, RecipeOf] = MappingProxyType(
    {"synthesis.conditional_gan": conditional_gan, "synthesis.relativistic_gan": relativistic_gan}
)
"""Recipes by the name that the command line knows them by."""
