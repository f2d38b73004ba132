"""The pulse of a game: a few cheap numbers that tell early whether it is going wrong."""

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from vesalius.example import Single
from vesalius.model.model import together, undamped
from vesalius.networks.blocks import flat, without_coarse
from vesalius.networks.diffusion import Denoiser
from vesalius.networks.linear import LinearBase
from vesalius.objectives.margin import Refereed
from vesalius.recipes.recipe import Recipe
from vesalius.shapes import Batch, Classes, Scores
from vesalius.training.loop import Game, Pulse
from vesalius.training.stream import Stacked, batch

_SEEN = 64
_COARSE = 8
_TURN = 97
_NOTHING = 1e-12
_LEAST_SPREAD = 0.4
_LEAST_SHOWN = 0.1
_MOST_ROUGH = 4.0  # times a good moment
_NOISE = 2.0  # roughness of pixels that are -1 or 1 by chance
_MOST_WON = 4.0  # times what a loss asks for, or what a good moment had; sound games stay below 1.8
_HIGHEST = 2.0  # a critic that wins slowly does not raise its own limit beyond this
_MOST_PUSHED = 40.0  # times a good moment; sound games stay below 18, one that runs away slowly goes to 60


@torch.no_grad()
def pulse_of(image: Batch, condition: Classes, added: Batch | None = None) -> Pulse:
    """The pulse of some pictures.

    Args:
        image: Pictures scaled to [-1, 1].
        condition: Class of each.
        added: What a network added to its linear base to make them; None where there is no base.
    """
    image = image.float()
    coarse = adaptive_avg_pool2d(image.flatten(1, 2), _COARSE).flatten(1)
    steps = [image.diff(dim=axis).square().mean() for axis in (-3, -2, -1) if image.shape[axis] > 1]
    return Pulse(
        spread=float(_within(coarse, condition).sqrt()),
        roughness=float(sum(steps) / len(steps)),
        variety=float(_variety(image if added is None else added.float(), condition)),
    )


def _variety(image: Batch, condition: Classes) -> Float[Tensor, ""]:
    """The linear base is left out by whoever calls: its components vary at every scale, not only coarsely."""
    detail = without_coarse(flat(image, 2 if image.shape[2] == 1 else 3), _COARSE).flatten(1)
    return (_within(detail, condition) / (detail.square().mean() + _NOTHING)).sqrt()


def _within(rows: Float[Tensor, "b d"], condition: Classes) -> Float[Tensor, ""]:
    """Mean variance of the columns within classes."""
    apart, freedom = torch.zeros(()), 0
    for index in condition.unique():
        some = rows[condition == index]
        apart = apart + (some - some.mean(0)).square().mean(1).sum()
        freedom += len(some) - 1
    return apart / max(freedom, 1)


@dataclass(frozen=True, eq=False)
class Usual:
    """What the training pictures, and the made ones, were like before the game began.

    Args:
        pulse: Of some training pictures.
        shown: How many of each class there were.
        begun: Of what the generator makes before its first step: diffusion begins with noise.
    """

    pulse: Pulse
    shown: Int[np.ndarray, "_"]
    begun: Pulse


def real_pulse(recipe: Recipe, stacked: Stacked) -> Pulse:
    """The pulse of some training pictures.

    Args:
        recipe: For its seed.
        stacked: Training pictures.
    """
    real = batch(stacked, recipe.seed, 0, _TURN, 4 * _SEEN)
    return pulse_of(real.image, real.condition)


def usual_of(game: Game, stacked: Stacked) -> Usual:
    """What the training pictures are like, and what the generator begins with.

    Args:
        game: Freshly begun.
        stacked: Training pictures.
    """
    return Usual(real_pulse(game.recipe, stacked), _counts(game, stacked), made_pulse(game, stacked))


def made_pulse(game: Game, stacked: Stacked) -> Pulse:
    """The pulse of what the generator makes now; a function of the game alone.

    Args:
        game: Left as it is.
        stacked: Training pictures, for the shares of the classes.
    """
    recipe, generator = game.recipe, game.players["generator"]
    # All passes of all pictures would cost as much as ten steps.
    many = isinstance(generator, Denoiser)
    shown_by = generator.hurried() if many else generator
    real = batch(stacked, recipe.seed, game.step, _TURN, _SEEN // 2 if many else _SEEN)
    generator.eval()
    with game.machine.precision(False):
        made = undamped(shown_by, recipe, real.condition.tolist(), recipe.seed)
        added = _added(made, generator, recipe, real.condition)
    generator.train()
    shown = pulse_of(made.clamp(-1, 1), real.condition, added)
    return replace(shown, margin=margin_of(game, real, made), slope=slope_of(game))


@torch.no_grad()
def margin_of(game: Game, real: Single, made: Batch) -> float | None:
    """How far the critic of a game scores made pictures below real ones; None where there is no critic.

    Nothing is augmented: what a critic must forgive would only blur how far it tells them apart.

    Args:
        game: Left as it is.
        real: Training pictures.
        made: As many, of the same classes, as the critic is shown them: not cut off at the ends of the scale.
    """
    objective = game.objective
    if not isinstance(objective, Refereed):
        return None
    critic = game.players["discriminator"].eval()
    with game.machine.precision(False):
        on_real, on_made = (_scored(game, critic, each, real.condition) for each in (real.image, made))
    critic.train()
    apart = (real.image - made.float()).flatten(1).norm(dim=1)
    return objective.margin(on_real, on_made, apart)


def _scored(game: Game, critic: nn.Module, image: Batch, condition: Classes) -> Scores:
    """Scores, in parts that fit into memory and are whole groups of those whose spread a critic is shown."""
    group: int = getattr(critic, "group", 1)
    size = max(group, together(game.recipe) // group * group)
    parts = zip(image.split(size), condition.split(size), strict=True)
    to = game.machine.device
    return torch.cat([critic(some.to(to), labels.to(to)).float().cpu() for some, labels in parts])


def slope_of(game: Game) -> float | None:
    """Length of the gradients that have lately moved the generator; None before the first.

    Adam remembers their mean squares, and a checkpoint keeps them: a resumed run sees the same.

    Args:
        game: Left as it is.

    Source:
        Kingma and Ba, ICLR 2015, algorithm 1 and section 3, for the estimate that is not biased to zero.
    """
    optimizer = game.optimizers["generator"]
    forgets: float = optimizer.param_groups[0]["betas"][1]
    squares = [
        each["exp_avg_sq"].double().sum() / (1 - forgets ** float(each["step"]))
        for each in optimizer.state.values()
    ]
    return float(torch.stack(squares).sum().sqrt()) if squares else None


def _added(made: Batch, generator: nn.Module, recipe: Recipe, condition: Classes) -> Batch:
    """What a network added to its linear base; all of the pictures where it has none."""
    base = getattr(generator, "base", None)
    if not isinstance(base, LinearBase):
        return made
    return made - undamped(base, recipe, condition.tolist(), recipe.seed)


def fault_of_pictures(game: Game, stacked: Stacked, usual: Usual) -> str:
    """What is wrong with the training pictures that are shown now; nothing when all is well.

    Args:
        game: For seed, step and classes.
        stacked: Training pictures.
        usual: What they were like.
    """
    gone = np.flatnonzero((usual.shown > 0) & (_counts(game, stacked) == 0))
    if len(gone):
        return f"class {game.recipe.task.classes[gone[0]]!r} is no longer among the training pictures"
    real = batch(stacked, game.recipe.seed, game.step, _TURN, _SEEN)
    if not bool(real.image.isfinite().all()):
        return fault_of_one(stacked)
    now = pulse_of(real.image, real.condition)
    if now.spread < _LEAST_SHOWN * usual.pulse.spread:
        return (
            f"the training pictures have become nearly equal: they differ by {now.spread:.2g}, "
            f"not by {usual.pulse.spread:.2g} as at the start"
        )
    return ""


def fault_of_one(stacked: Stacked) -> str:
    """Which training picture holds values that are not finite; nothing when none does.

    Args:
        stacked: Training pictures; all of them are read.
    """
    for key, picture in zip(stacked.keys, stacked.stack, strict=True):
        if not np.isfinite(picture).all():
            return f"training picture {key} holds values that are not finite"
    return ""


def fault_of_made(now: Pulse, safe: Pulse | None, usual: Usual) -> str:
    """What is wrong with made pictures, beside a moment when all was well; nothing when all is well.

    Args:
        now: Of what the generator makes.
        safe: Of what it made when it was last well; None when it never was yet: then pictures, and what
            is added to them, may be alike, and as rough as those that it began with, and nobody knows how
            hard it is pushed.
        usual: What training pictures are like.
    """
    safe = safe or Pulse(0.0, usual.begun.roughness)
    if not np.isfinite([now.spread, now.roughness, now.variety]).all():
        return "the made pictures are not finite"
    if now.spread < _LEAST_SPREAD * min(safe.spread, usual.pulse.spread):
        return (
            f"the made pictures have become alike: they differ by {now.spread:.2g}, "
            f"before by {safe.spread:.2g}, real ones by {usual.pulse.spread:.2g}"
        )
    if now.variety < _LEAST_SPREAD * min(safe.variety, usual.pulse.variety):
        return (
            f"the network has come to add the same to every picture: {now.variety:.2g} of the detail that it "
            f"adds differs, before {safe.variety:.2g}, of the detail of real ones {usual.pulse.variety:.2g}"
        )
    # A network that begins to draw is rough for a while: half way, in powers, to noise is too much.
    if now.roughness > max(_MOST_ROUGH * safe.roughness, sqrt(_NOISE * usual.pulse.roughness)):
        return (
            f"the made pictures have become rough: their neighbouring pixels differ by {now.roughness:.2g}, "
            f"before by {safe.roughness:.2g}, those of real ones by {usual.pulse.roughness:.2g} (squared)"
        )
    return _fault_of_play(now, safe)


def _fault_of_play(now: Pulse, safe: Pulse) -> str:
    """What is wrong with how the players push each other, whatever the pictures still look like."""
    if not np.isfinite([now.margin or 0.0, now.slope or 0.0]).all():
        return "the critic's scores, or what the generator learns from them, are not finite"
    if now.margin is not None and now.margin > _MOST_WON * min(max(1.0, safe.margin or 0.0), _HIGHEST):
        return (
            f"the critic has won: it scores made pictures {now.margin:.3g} times as far below real ones as "
            f"its loss asks for{_before(safe.margin)}, so that nothing is learnt from it any more"
        )
    # A generator that nothing pushed yet tells nothing.
    if now.slope is not None and safe.slope and now.slope > _MOST_PUSHED * safe.slope:
        return (
            "the game is running away: what pushes the generator has become "
            f"{now.slope / safe.slope:.0f} times as strong as it was when all was well"
        )
    return ""


def _before(value: float | None) -> str:
    return "" if value is None else f", before {value:.2g} times"


def _counts(game: Game, stacked: Stacked) -> Int[np.ndarray, "_"]:
    return np.bincount(stacked.labels, minlength=len(game.recipe.task.classes))
