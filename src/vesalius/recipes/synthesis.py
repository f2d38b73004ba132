"""Recipes for synthesis: what worked, as functions of a cohort and a budget."""

from collections.abc import Callable
from types import MappingProxyType

from vesalius.cohort.cohort import Cohort
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.relativistic import Relativistic
from vesalius.recipes.derived import derive
from vesalius.recipes.recipe import Recipe
from vesalius.recipes.rivals import (
    dcgan,
    diffusion,
    fastgan,
    hinge_diffaugment,
    nonsaturating_gan,
    stylegan,
    variational,
    wasserstein_gan,
)
from vesalius.tasks.synthesis import Synthesis


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
    derived = derive(task, train, minutes)
    game = Hinge(
        generator=derived.generator,
        discriminator=derived.discriminator,
        augment=derived.augment,
        gamma=derived.gamma,
    )
    return derived.played(game, task, seed)


def relativistic_gan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0) -> Recipe:
    """The R3GAN objective on the same networks, at nearly twice the cost of a step.

    Measured once, on phantoms (see the experiment log): far behind the hinge loss after 500 steps.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
    """
    derived = derive(task, train, minutes)
    game = Relativistic(
        generator=derived.generator,
        discriminator=derived.discriminator,
        augment=derived.augment,
        gamma=derived.gamma,
    )
    return derived.played(game, task, seed)


RecipeOf = Callable[[Synthesis, Cohort, float, int], Recipe]
"""What every recipe is: a function of task, training cases, minutes and seed."""

RECIPES: MappingProxyType[str, RecipeOf] = MappingProxyType(
    {
        "synthesis.conditional_gan": conditional_gan,
        "synthesis.relativistic_gan": relativistic_gan,
        "synthesis.nonsaturating_gan": nonsaturating_gan,
        "synthesis.stylegan": stylegan,
        "synthesis.wasserstein_gan": wasserstein_gan,
        "synthesis.dcgan": dcgan,
        "synthesis.hinge_diffaugment": hinge_diffaugment,
        "synthesis.fastgan": fastgan,
        "synthesis.variational": variational,
        "synthesis.diffusion": diffusion,
    }
)
"""Recipes by the name that the command line knows them by."""
