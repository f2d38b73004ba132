"""Recipes to compare with: what else the field trains, behind the same loop and the same evidence."""

from dataclasses import replace

from vesalius.cohort.cohort import Cohort
from vesalius.networks import AnyGenerator
from vesalius.networks.autoencoder import Autoencoder
from vesalius.networks.blocks import size_of, stages_of
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.diffusion import Diffusion
from vesalius.networks.fast import FastDiscriminator, FastGenerator
from vesalius.networks.residual import ResidualDiscriminator, ResidualGenerator
from vesalius.objectives.denoising import Denoising
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.minimax import Minimax
from vesalius.objectives.nonsaturating import Nonsaturating
from vesalius.objectives.reconstructing import Reconstructing
from vesalius.objectives.relativistic import Relativistic
from vesalius.objectives.variational import Variational
from vesalius.objectives.wasserstein import Wasserstein
from vesalius.recipes.derived import HALF_LIFE, LONG, Derived, derive, grown
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import Synthesis

_BATCH = 16
_STEPS_OF_HALF = 693
_FORGIVEN = 0.3
_FLAT_AT_64 = 2.0


def nonsaturating_gan(
    task: Synthesis, train: Cohort, minutes: float, seed: int = 0, pace: float = 1.0
) -> Recipe:
    """Logistic losses, lazy R1 and adaptive augmentation: StyleGAN2-ADA's game on the same networks.

    Augmentation is that of the default; see `Derived`. ``benchmarks/synthesis.py`` measures it at equal time
    where it is asked for.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
        pace: Of this machine; see `derive`.

    Source:
        Karras et al., NeurIPS 2020, section 3.1.
    """
    derived = _sized(task, train, minutes, pace)
    game = _nonsaturating(derived, derived.generator, derived.discriminator, derived.gamma)
    return derived.framed(game, seed)


def stylegan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0, pace: float = 1.0) -> Recipe:
    """A style-modulated generator in StyleGAN2-ADA's game.

    The game is that of `nonsaturating_gan`; there is no head start, and so no eased penalty and no detail.
    The generator has half of the width of the others, since it has two layers on each grid.
    ``benchmarks/synthesis.py`` measures it at equal time where it is asked for.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
        pace: Of this machine; see `derive`.

    Source:
        Karras et al., CVPR 2020, sections 2 and 4, for the generator; NeurIPS 2020 for the game.
    """
    derived = _sized(task, train, minutes, pace)
    critic = Discriminator(width=derived.width)
    return derived.played(_nonsaturating(derived, derived.styled, critic, derived.strength), seed)


def _nonsaturating(
    derived: Derived, generator: AnyGenerator, discriminator: Discriminator, gamma: float
) -> Nonsaturating:
    return Nonsaturating(
        generator=generator,
        discriminator=discriminator,
        augment=derived.augment,
        adaptive=derived.adaptive,
        gamma=gamma,
    )


def hinge_diffaugment(
    task: Synthesis, train: Cohort, minutes: float, seed: int = 0, pace: float = 1.0
) -> Recipe:
    """The first engine without its head start: hinge loss, lazy R1 and augmentation on DCGAN shapes.

    The number to beat: in the trials that the engine grew from it was the best from scratch. Its critic is
    not shown detail apart, and its augmentation does not adapt. ``benchmarks/synthesis.py`` measures it.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
        pace: Of this machine; see `derive`.

    Source:
        Zhao et al., NeurIPS 2020, for the augmentation; Lim and Ye, arXiv 1705.02894, for the loss.
    """
    derived = _sized(task, train, minutes, pace)
    game = Hinge(
        generator=Generator(width=derived.width),
        discriminator=Discriminator(width=derived.width),
        augment=derived.augment,
        gamma=derived.strength,
    )
    return derived.played(game, seed)


def r3gan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0, pace: float = 1.0) -> Recipe:
    """R3GAN: a relativistic loss, R1 and R2 at every step, and residual networks without normalisation.

    As published: blocks of 1x1, grouped 3x3 and 1x1, two on each grid; all grids as wide but the finest,
    which is half as wide; 64 latent coordinates; rate and penalty of faces at 64 x 64 (2e-4, 2), the penalty
    in proportion to the pixels; augmentation of three pictures in ten, as far as the modality allows it. The
    published schedules end after 20 million pictures, far beyond minutes on two cores: rate, penalty and
    decay of the second moment (0.9) are those they begin with, and augmentation, which they begin without,
    is that they end with. Sized for the budget: derived batch rather than 256, and twice the derived width
    rather than 768. There is no head start. Not yet measured on a cohort.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
        pace: Of this machine; see `derive`.

    Source:
        Huang et al., NeurIPS 2024, section 4, and the authors' configuration for 64 x 64.
    """
    derived = _sized(task, train, minutes, pace)
    widths = (2 * derived.width,) * stages_of(task.shape) + (derived.width,)
    game = Relativistic(
        generator=ResidualGenerator(widths=widths, blocks=2, form="grouped", latent=64),
        discriminator=ResidualDiscriminator(widths=widths[::-1], blocks=2, form="grouped"),
        augment=replace(derived.augment, probability=_FORGIVEN),
        gamma=_FLAT_AT_64 * task.voxels / 4096,
        betas=(0.0, 0.9),
    )
    return derived.played(game, seed)


def wasserstein_gan(
    task: Synthesis, train: Cohort, minutes: float, seed: int = 0, pace: float = 1.0
) -> Recipe:
    """WGAN-GP on DCGAN shapes from scratch, with the published penalty, rates and five critic turns.

    A competitor: only width and batch are derived. As published, there is no augmentation, and the critic is
    not shown the spread of its batch: its penalty is about single pictures. On the linear head start the
    game is no competitor but a part of this engine in other losses; what it does there stands in the
    experiment log. ``benchmarks/synthesis.py`` measures it at equal time on four cohorts.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
        pace: Of this machine; see `derive`.

    Source:
        Gulrajani et al., NeurIPS 2017, algorithm 1.
    """
    derived = _sized(task, train, minutes, pace)
    critic = Discriminator(width=derived.width, group=1)
    return derived.played(Wasserstein(generator=Generator(width=derived.width), discriminator=critic), seed)


def dcgan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0, pace: float = 1.0) -> Recipe:
    """The DCGAN of the textbooks: cross-entropy, batch normalisation, no penalty, augmentation or head start.

    A competitor, not a proposal: only width and batch are derived. ``benchmarks/synthesis.py`` measures it at
    equal time on four cohorts.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
        pace: Of this machine; see `derive`.

    Source:
        Radford, Metz and Chintala, ICLR 2016, section 4.
    """
    derived = _sized(task, train, minutes, pace)
    game = Minimax(
        generator=Generator(width=derived.width),
        discriminator=Discriminator(width=derived.width, norm="batch", group=1),
    )
    return derived.played(game, seed)


def fastgan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0, pace: float = 1.0) -> Recipe:
    """FastGAN, made for few pictures: skips over many grids, and a critic that redraws real pictures.

    Rates, number of latent coordinates and average (0.999 of it stays at each step) as published, and so is
    augmentation without holes, as far as the modality allows it. Batch is derived, and so is width: a
    quarter of the published one and half of what the other games have, since gated layers are twice as
    wide as they look. ``benchmarks/synthesis.py`` measures it at equal time on four cohorts.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
        pace: Of this machine; see `derive`.

    Source:
        Liu et al., ICLR 2021, section 3 and the authors' code for the rates.
    """
    derived = _sized(task, train, minutes, pace)
    game = Reconstructing(
        generator=FastGenerator(width=derived.width // 2),
        discriminator=FastDiscriminator(width=derived.width // 2),
        augment=replace(derived.augment, cutout=0.0),
    )
    return replace(derived.played(game, seed), half_life=float(_STEPS_OF_HALF * derived.batch))


def variational(task: Synthesis, train: Cohort, minutes: float, seed: int = 0, pace: float = 1.0) -> Recipe:
    """A class-conditional variational autoencoder on the DCGAN shapes: covers much, draws smoothly.

    A competitor of the games, with their width and batch. Adam's own rate, as its decoder has batch
    normalisation and no opponent. One latent coordinate for sixteen people, from 8 to 64: with more, each
    person is a place of his own that the standard Gaussian hardly meets, and variety is lost (see the
    experiment log). ``benchmarks/synthesis.py`` measures it at equal time where it is asked for.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
        pace: Of this machine; see `derive`.

    Source:
        Kingma and Welling, ICLR 2014; Kingma and Ba, ICLR 2015, algorithm 1, for rate and betas.
    """
    derived = _sized(task, train, minutes, pace)
    latent = max(8, min(64, len(train.patients) // 16))
    objective = Variational(generator=Autoencoder(width=derived.width, latent=latent))
    return derived.played(objective, seed)


def diffusion(task: Synthesis, train: Cohort, minutes: float, seed: int = 0, pace: float = 1.0) -> Recipe:
    """Class-conditional EDM diffusion with a small U-Net: the most careful to learn, the slowest to sample.

    A competitor of the games, with their width. Above 32 x 32 pixels cells of two by two are folded into
    channels, which divides the cost of a pass by four. The batch is 64 at 64 x 64 and goes against the
    pixels, from 16 to 64 on two cores, whatever the cohort: every picture of it has noise of its own, and a
    step learns little from few strengths of noise. The average is as long as the paper's; early on a
    twentieth of what was seen rules it. ``benchmarks/synthesis.py`` measures it at equal time on four
    cohorts.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
        pace: Of this machine; see `derive`.

    Source:
        Karras et al., NeurIPS 2022, tables 1 and 7 (CIFAR-10: rate 1e-3, half-life of half a million
        pictures); Hoogeboom, Heek and Salimans, ICML 2023, section 3.3, for folding.
    """
    pixels, width = task.voxels, derive(task, train, minutes, pace).width
    generator = Diffusion(width=width, latent=size_of(task.shape), fold=2 if pixels > 1024 else 1)
    return Recipe(
        task=task,
        objective=Denoising(generator=generator),
        steps=LONG,
        batch=max(16, min(64, 64 * 4096 // pixels)) * grown(pace)[1],
        half_life=HALF_LIFE,
        seed=seed,
    )


def _sized(task: Synthesis, train: Cohort, minutes: float, pace: float) -> Derived:
    """What is derived, of the batch that competitors were measured with; 8 is no better for them."""
    return derive(task, train, minutes, pace, _BATCH)
