"""Games as a reader of their papers would write them down: float32, and a pass for each side."""

import torch
from race import Step
from torch.nn.functional import relu, softplus

from vesalius.cohort.cohort import Case, Cohort, Held
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import ARBITRARY, Image
from vesalius.networks.blocks import seeded
from vesalius.objectives.adaptive import augmented, watched
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.penalties import steepness
from vesalius.objectives.relativistic import Relativistic
from vesalius.objectives.turn import Players
from vesalius.recipes.recipe import Recipe
from vesalius.recipes.synthesis import conditional_gan
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.stream import Stacked

_PEOPLE = 128
_MINUTES = 10.0


def relativistic(objective: Relativistic, stacked: Stacked, batch: int, device: str = "cpu") -> Step:
    """A step of the relativistic game with both penalties."""
    players = objective.players(stacked.shape, 2).to(device)
    made_by, critic = players["generator"], players["discriminator"]
    for_maker, for_critic = _optimizers(players, 2e-4, (0.0, 0.99))
    latent = objective.generator.latent

    def step() -> None:
        real, classes = _drawn(stacked, batch, device)
        with torch.no_grad():
            made = made_by(torch.randn(batch, latent, device=device), classes)
        real, made = real.requires_grad_(), made.requires_grad_()
        on_real, on_made = critic(real, classes), critic(made, classes)
        flat = (steepness(on_real, real) + steepness(on_made, made)) / 2
        for_critic.zero_grad()
        (softplus(on_made - on_real).mean() + flat).backward()
        for_critic.step()
        made = made_by(torch.randn(batch, latent, device=device), classes)
        loss = softplus(critic(real.detach(), classes) - critic(made, classes)).mean()
        for_maker.zero_grad()
        loss.backward()
        for_maker.step()

    return step


def hinge(recipe: Recipe, stacked: Stacked, device: str = "cpu") -> Step:
    """A step of a recipe's hinge game: its players, augmentation and lazy penalty, but no averages."""
    game, batch = recipe.objective, recipe.batch
    if not isinstance(game, Hinge):
        raise TypeError(f"objective is {game.kind}, wanted hinge")
    players = game.players(stacked.shape, recipe.task.conditions)
    game.prepare(players, stacked.at(torch.arange(len(stacked)).numpy()))
    players = players.to(device)
    made_by, critic = players["generator"], players["discriminator"]
    for_maker, for_critic = _optimizers(players, game.learning_rate, game.betas)
    latent, rng, played = game.generator.latent, seeded(recipe.seed), 0

    def step() -> None:
        nonlocal played
        real, classes = _drawn(stacked, batch, device)
        with torch.no_grad():
            made = made_by(torch.randn(batch, latent, device=device), classes)
        on_real = critic(augmented(game, players, real, rng), classes)
        on_made = critic(augmented(game, players, made, rng), classes)
        watched(players, on_real)
        for_critic.zero_grad()
        (relu(1 - on_real).mean() + relu(1 + on_made).mean()).backward()
        for_critic.step()
        if played % game.lazy == 0:
            real, classes = _drawn(stacked, batch, device)
            steep = augmented(game, players, real, rng).detach().requires_grad_()
            for_critic.zero_grad()
            (game.lazy * game.gamma / 2 * steepness(critic(steep, classes), steep)).backward()
            for_critic.step()
        made = made_by(torch.randn(batch, latent, device=device), classes)
        for_maker.zero_grad()
        (-critic(augmented(game, players, made, rng), classes).mean()).backward()
        for_maker.step()
        played += 1

    return step


def _optimizers(
    players: Players, rate: float, betas: tuple[float, float]
) -> tuple[torch.optim.Adam, torch.optim.Adam]:
    both = (players[name].parameters() for name in ("generator", "discriminator"))
    maker, critic = (torch.optim.Adam(each, rate, betas, fused=False, foreach=False) for each in both)
    return maker, critic


def _drawn(stacked: Stacked, batch: int, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    index = torch.randint(len(stacked), (batch,)).numpy()
    real, classes = torch.from_numpy(stacked.stack[index]), torch.from_numpy(stacked.labels[index])
    return real.to(device), classes.to(device)


def default_recipe(size: int, is_framed: bool, pace: float = 1.0) -> Recipe:
    """What the default recipe plays on people whose pictures have a common frame, or have none.

    Args:
        size: Rows and columns.
        is_framed: Whether all pictures are of one smooth kind; bright cells lie anywhere otherwise.
        pace: Of the machine.

    Raises:
        ValueError: The recipe takes them for what they are not.
    """
    cases = [_case(index, size, is_framed) for index in range(_PEOPLE)]
    people = Cohort(tuple(cases), "framed" if is_framed else "frameless")
    recipe = conditional_gan(synthesis_of(people, size, "label"), people, _MINUTES, pace=pace)
    if (recipe.objective.generator.kind == "convnet.generator") is not is_framed:
        raise ValueError(f"{people.name} pictures are given {recipe.objective.generator.kind}")
    return recipe


def _case(index: int, size: int, is_framed: bool) -> Case:
    rng, rows = seeded(index), torch.arange(size)
    if is_framed:
        # A few waves, of which only the strength goes from person to person.
        waves = torch.stack([torch.cos(torch.pi * count * rows / size) for count in range(1, 5)])
        values = 20 * torch.einsum("kl,ky,lx->yx", torch.randn(4, 4, generator=rng), waves, waves) + 120
    else:
        y, x = torch.rand(2, 10, 1, generator=rng) * size
        along = [torch.exp(-(((rows - place) * 32 / size) ** 2) / 2) for place in (y, x)]
        values = 200 * torch.einsum("ny,nx->yx", *along).clamp(max=1)
    image = Image(values[None, None].round().clamp(0, 255), Geometry.plain((1, size, size)), ARBITRARY)
    return Case(
        key=str(index),
        patient=str(index),
        pictures={"image": Held(image)},
        facts={"label": ("a", "b")[index % 2]},
    )
