"""The pulse of pictures of known spread and roughness, and of games of known margin and slope."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from vesalius.imaging.intensity import Window
from vesalius.networks.autoencoder import Autoencoder
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.diffusion import Diffusion
from vesalius.networks.style import StyleGenerator
from vesalius.objectives.denoising import Denoising
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.nonsaturating import Nonsaturating
from vesalius.objectives.variational import Variational
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import Synthesis
from vesalius.training.checkpoint import set_rate
from vesalius.training.devices import Machine
from vesalius.training.loop import Pulse, begin, train
from vesalius.training.pulse import Usual, fault_of_made, made_pulse, pulse_of, usual_of
from vesalius.training.stream import Stacked

CPU = Machine("cpu", has_bf16=False)

USUAL = Usual(Pulse(0.2, 0.01, 0.9), np.array([3, 3]), begun=Pulse(0.0, 0.0))
WELL = Pulse(0.2, 0.02, 0.6)


def test_pictures_that_differ_only_between_classes_have_no_spread():
    condition = torch.arange(8) % 2
    image = condition[:, None, None, None, None] * torch.ones(8, 1, 1, 16, 16)
    assert pulse_of(image, condition).spread == 0.0


def test_the_spread_is_the_standard_deviation_within_classes():
    condition = torch.arange(20_000) % 2
    rng = torch.Generator().manual_seed(0)
    level = 0.3 * torch.randn(20_000, 1, 1, 1, 1, generator=rng)
    image = condition[:, None, None, None, None] + level.expand(-1, 1, 1, 8, 8)
    assert pulse_of(image, condition).spread == pytest.approx(0.3, rel=0.02)


def test_a_checkerboard_is_rough_and_a_ramp_is_as_rough_as_its_steps():
    y, x = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    board = ((y + x) % 2 * 2.0 - 1).expand(2, 1, 1, 16, 16)
    ramp = (x * 0.1).expand(2, 1, 1, 16, 16)
    condition = torch.zeros(2, dtype=torch.long)
    assert pulse_of(board, condition).roughness == pytest.approx(4.0)
    assert pulse_of(ramp, condition).roughness == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (WELL, ""),
        (Pulse(0.09, 0.02, 0.6), ""),
        (Pulse(0.07, 0.02, 0.6), "have become alike"),
        (Pulse(0.2, 0.14, 0.6), ""),
        (Pulse(0.2, 0.15, 0.6), "have become rough"),
        (Pulse(0.2, 0.02, 0.25), ""),
        (Pulse(0.2, 0.02, 0.23), "come to add the same"),
        (Pulse(float("nan"), 0.02, 0.6), "are not finite"),
        (Pulse(0.2, 0.02, float("nan")), "are not finite"),
    ],
)
def test_made_pictures_are_faulted_beside_a_good_moment(now, said):
    assert said in fault_of_made(now, WELL, USUAL)
    assert bool(said) == bool(fault_of_made(now, WELL, USUAL))


@pytest.mark.parametrize(
    ("margin", "slope", "said"),
    [
        (3.9, 390.0, ""),
        (4.1, 390.0, "the critic has won: it scores made pictures 4.1 times as far"),
        (-50.0, 390.0, ""),
        (0.5, 410.0, "the game is running away: what pushes the generator has become 41 times as strong"),
        (None, 410.0, "the game is running away"),
        (float("nan"), 10.0, "are not finite"),
        (0.5, float("inf"), "are not finite"),
    ],
)
def test_play_is_faulted_beside_a_good_moment_though_pictures_look_well(margin, slope, said):
    now, safe = (replace(WELL, margin=one, slope=other) for one, other in ((margin, slope), (0.9, 10.0)))
    assert said in fault_of_made(now, safe, USUAL)
    assert bool(said) == bool(fault_of_made(now, safe, USUAL))


def test_a_margin_that_was_wide_when_all_was_well_may_be_four_times_as_wide():
    safe = replace(WELL, margin=2.0)
    assert not fault_of_made(replace(WELL, margin=7.9), safe, USUAL)
    assert "has won: it scores made pictures 8.1 times" in fault_of_made(
        replace(WELL, margin=8.1), safe, USUAL
    )


def test_how_hard_the_generator_is_pushed_says_nothing_before_a_good_moment():
    assert not fault_of_made(replace(WELL, slope=1e6), None, USUAL)
    assert not fault_of_made(replace(WELL, slope=1e6), WELL, USUAL)


def test_before_any_good_moment_pictures_may_be_alike_but_not_much_rougher_than_real_ones():
    assert not fault_of_made(Pulse(0.0, 0.14), None, USUAL)
    assert "rough" in fault_of_made(Pulse(0.0, 0.15), None, USUAL)


def test_a_game_that_begins_with_noise_may_stay_as_rough_until_it_was_well_once():
    usual = Usual(USUAL.pulse, USUAL.shown, begun=Pulse(0.2, 0.4))
    assert not fault_of_made(Pulse(0.2, 0.38), None, usual)
    assert "rough" in fault_of_made(Pulse(0.2, 0.38, 0.6), WELL, usual)


def test_detail_that_all_pictures_share_has_no_variety_however_they_differ_in_brightness():
    rng = torch.Generator().manual_seed(0)
    level = torch.randn(64, 1, 1, 1, 1, generator=rng)
    shared, own = (torch.randn(count, 1, 1, 32, 32, generator=rng) for count in (1, 64))
    condition = torch.arange(64) % 2
    assert pulse_of(level + shared, condition).variety < 1e-3
    assert pulse_of(level + own, condition).variety == pytest.approx(1.0, abs=0.02)
    assert pulse_of(level + shared + own, condition).variety == pytest.approx(0.5**0.5, abs=0.02)


def test_variety_is_the_same_of_volumes_and_of_faint_detail():
    rng = torch.Generator().manual_seed(0)
    detail = torch.randn(1, 1, 16, 16, 16, generator=rng) + torch.randn(32, 1, 16, 16, 16, generator=rng)
    condition = torch.zeros(32, dtype=torch.long)
    assert pulse_of(detail, condition).variety == pytest.approx(0.5**0.5, abs=0.03)
    assert pulse_of(detail / 100, condition).variety == pytest.approx(pulse_of(detail, condition).variety)
    assert pulse_of(torch.zeros_like(detail), condition).variety == 0.0


def test_where_a_linear_base_differs_only_what_is_added_to_it_counts():
    rng = torch.Generator().manual_seed(0)
    base, shared = torch.randn(64, 1, 1, 32, 32, generator=rng), torch.randn(1, 1, 1, 32, 32, generator=rng)
    condition = torch.zeros(64, dtype=torch.long)
    assert pulse_of(base + shared, condition).variety > 0.6
    assert pulse_of(base + shared, condition, shared.expand(64, -1, -1, -1, -1)).variety < 1e-3


def test_what_is_added_may_be_the_same_until_it_was_not_once():
    assert not fault_of_made(Pulse(0.2, 0.02, 0.0), None, USUAL)
    assert not fault_of_made(Pulse(0.2, 0.02, 0.06), Pulse(0.2, 0.02, 0.1), USUAL)


def waves():
    """Forty smooth pictures of two classes."""
    line = np.sin(np.linspace(0, 3, 16) + np.arange(40)[:, None] / 9)
    values = (line[:, :, None] * line[::-1, None, :])[:, None, None].astype(np.float32)
    names = tuple(map(str, range(40)))
    return Stacked(values, np.arange(40) % 2, names, names)


def begun(objective, stacked):
    """A game on small pictures."""
    window = Window(low=0.0, high=255.0, unit="1")
    task = Synthesis(
        size=(16, 16), channels=1, classes=("a", "b"), fact="label", intensity=window, made=window
    )
    return begin(Recipe(task=task, objective=objective, steps=40, batch=8, half_life=100.0), stacked, CPU)


class Painter(nn.Module):
    """A network that adds a pattern to its base: its own for each latent, or one for all."""

    def __init__(self, base, listens):
        super().__init__()
        self.base, self.listens = base, listens
        self.pattern = nn.Parameter(torch.randn(8, 256, generator=torch.Generator().manual_seed(1)) / 10)

    def forward(self, latents, condition):
        weights = latents if self.listens else torch.ones_like(latents)
        return self.base(latents, condition) + (weights @ self.pattern).reshape(-1, 1, 1, 16, 16)


def test_a_collapse_on_a_varied_base_is_seen_and_a_sound_network_is_left_alone():
    generator = Generator(width=4, latent=8, head_start=2)
    stacked = waves()
    game = begun(Hinge(generator=generator, discriminator=Discriminator(width=4)), stacked)
    usual = usual_of(game, stacked)
    base = game.players["generator"].base
    game.players["generator"] = Painter(base, listens=True)
    well = made_pulse(game, stacked)
    assert well.variety > 0.9
    assert not fault_of_made(well, well, usual)
    game.players["generator"] = Painter(base, listens=False)
    collapsed = made_pulse(game, stacked)
    assert collapsed.spread > 0.9 * well.spread
    assert "come to add the same to every picture" in fault_of_made(collapsed, well, usual)


def test_a_network_that_has_added_nothing_yet_is_left_alone():
    stacked = waves()
    generator = Generator(width=4, latent=8, head_start=2)
    game = begun(Hinge(generator=generator, discriminator=Discriminator(width=4)), stacked)
    usual = usual_of(game, stacked)
    assert usual.begun.variety == 0.0
    assert not fault_of_made(usual.begun, usual.begun, usual)


def test_the_margin_is_that_of_the_pictures_the_pulse_is_of():
    stacked = waves()
    game = begun(Hinge(generator=Generator(width=4, latent=8), discriminator=Discriminator(width=4)), stacked)
    with torch.no_grad():
        for name, parameter in game.players["discriminator"].named_parameters():
            parameter.fill_(6.0 if name == "score.bias" else 0.0)
    assert made_pulse(game, stacked).margin == 0.0
    before = {name: value.clone() for name, value in game.players.state_dict().items()}
    brightness = Brightness()
    game.players["discriminator"] = brightness
    now = made_pulse(game, stacked)
    assert brightness.training
    assert sorted(map(len, brightness.seen)) == [64, 64]
    assert now.margin == pytest.approx(float(brightness.seen[0].mean() - brightness.seen[1].mean()) / 2)
    for name, value in game.players["generator"].state_dict().items():
        assert torch.equal(value, before[f"generator.{name}"])


class Brightness(nn.Module):
    """A critic for whom brighter is more real, and who remembers what he said."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, image, condition):
        self.seen.append(image.flatten(1).mean(1))
        return self.seen[-1]


def test_the_slope_is_the_length_of_the_last_gradients_and_of_a_game_of_one_too():
    stacked = waves()
    game = begun(Variational(generator=Autoencoder(width=4, latent=8)), stacked)
    assert made_pulse(game, stacked).slope is None
    next(train(game, stacked))
    squares = [each.grad.square().sum() for each in game.players["generator"].parameters()]
    now = made_pulse(game, stacked)
    assert now.margin is None
    assert now.slope == pytest.approx(float(torch.stack(squares).sum().sqrt()), rel=1e-3)


@pytest.mark.parametrize("loss", [Hinge, Nonsaturating])
def test_a_game_that_runs_away_is_seen_though_the_moment_has_passed(loss):
    stacked = waves()
    players = {"generator": StyleGenerator(width=4, latent=8), "discriminator": Discriminator(width=4)}
    game = begun(loss(**players, gamma=0.5), stacked)
    usual, safe = usual_of(game, stacked), None
    for tick in train(game, stacked):
        if tick.step == 20:
            safe = made_pulse(game, stacked)
            assert not fault_of_made(safe, None, usual)
            wild = replace(game.recipe.objective, gamma=0.0, learning_rate=0.1)
            game.recipe = replace(game.recipe, objective=wild)
            set_rate(game)
    now = made_pulse(game, stacked)
    assert now.slope > 100 * safe.slope
    as_before = replace(now, spread=safe.spread, roughness=safe.roughness, variety=safe.variety)
    assert fault_of_made(as_before, safe, usual).startswith(
        ("the game is running away", "the critic has won")
    )


@pytest.mark.parametrize(
    "objective",
    [
        Variational(generator=Autoencoder(width=4, latent=8)),
        Denoising(generator=Diffusion(width=4, latent=256, steps=4)),
    ],
)
def test_blurred_pictures_are_left_alone_whatever_moment_they_are_held_against(objective):
    stacked = waves()
    game = begun(objective, stacked)
    usual = usual_of(game, stacked)
    safe = None
    for tick in train(game, stacked):
        if tick.step % 10 == 0:
            now = made_pulse(game, stacked)
            assert "to add the same" not in fault_of_made(now, safe, usual)
            safe = safe or now


def test_diffusion_of_smooth_pictures_is_left_alone_from_its_first_step():
    stacked = waves()
    game = begun(Denoising(generator=Diffusion(width=4, latent=256, steps=4)), stacked)
    usual = usual_of(game, stacked)
    for tick in train(game, stacked):
        if tick.step == 9:
            break
    now = made_pulse(game, stacked)
    assert now.roughness > 4 * usual.pulse.roughness
    assert not fault_of_made(now, None, usual)
