"""Recipes for synthesis: what worked, as functions of a cohort and a budget."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
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

_HALF_LIFE = 10_000.0


@dataclass(frozen=True, kw_only=True)
class Derived:
    """What nobody is asked for, because cohort and budget say it.

    Args:
        width: Channels of the finest layer: wide networks need minutes that a short budget has not.
        components: Principal components of the head start, as many as the linear model has that
            judges it.
        batch: Pictures of a turn: 16; 8 or 4 where they would be more than an eighth of the cohort.
        gamma: Weight of the gradient penalties: in proportion to the pixels, in inverse proportion
            to the batch, 1 at 64 x 64 and 16.
        augment: What the critic must forgive. No change of brightness or contrast where values have
            a meaning; left and right are never exchanged: laterality is anatomy.

    Source:
        Karras et al., NeurIPS 2020, appendix C, for how the penalty goes with pixels and batch; 1 at
        64 x 64 is what was tried, see the experiment log.
    """

    width: int
    components: int
    batch: int
    gamma: float
    augment: Augment


def derive(task: Synthesis, train: Cohort, minutes: float) -> Derived:
    """All derived numbers of a recipe, in one place.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
    """
    pixels = task.size[0] * task.size[1]
    counts = Counter(train.fact(task.fact)) if task.fact else {"": len(train)}
    batch = next((size for size in (16, 8) if size * 8 <= len(train)), 4)
    return Derived(
        width=32 if minutes * 4096 / pixels < 20 else 64,
        components=components_of(list(counts.values()), len(train.patients)),
        batch=batch,
        gamma=pixels / 4096 * 16 / batch,
        augment=Augment(brightness=0.0, contrast=0.0) if task.made.unit == HOUNSFIELD else Augment(),
    )


def conditional_gan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0) -> Recipe:
    """Hinge loss, lazy R1 and differentiable augmentation on DCGAN shapes: the first engine.

    Measured on 1,195 chest X-rays at 64 x 64, ten minutes on two cores (AMD EPYC), 2026-11-21, three
    seeds, ``benchmarks/expand.py --cohorts chest``: KID texture 2.3 to 5.1 (linear model 61 to 64),
    KID ssl 0.051 to 0.065 (linear model 0.041 to 0.049), coverage 0.87 (linear model 0.86 to 0.89), AUC of a
    network trained on its pictures 0.92 to 0.95 (on those of the linear model 0.98, on real ones 0.99), 0 of
    500 copied.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
    """
    return _played(Hinge, task, derive(task, train, minutes), seed)


def relativistic_gan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0) -> Recipe:
    """The R3GAN objective on the same networks, at nearly twice the cost of a step.

    Measured once, on phantoms (see the experiment log): far behind the hinge loss after 500 steps.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
    """
    return _played(Relativistic, task, derive(task, train, minutes), seed)


def _played(game: type[Hinge] | type[Relativistic], task: Synthesis, derived: Derived, seed: int) -> Recipe:
    objective = game(
        generator=Generator(width=derived.width, head_start=derived.components),
        discriminator=Discriminator(width=derived.width),
        augment=derived.augment,
        gamma=derived.gamma,
    )
    return Recipe(
        task=task, objective=objective, steps=LONG, batch=derived.batch, half_life=_HALF_LIFE, seed=seed
    )


RecipeOf = Callable[[Synthesis, Cohort, float, int], Recipe]
"""What every recipe is: a function of task, training cases, minutes and seed."""

RECIPES: MappingProxyType[str, RecipeOf] = MappingProxyType(
    {"synthesis.conditional_gan": conditional_gan, "synthesis.relativistic_gan": relativistic_gan}
)
"""Recipes by the name that the command line knows them by."""
