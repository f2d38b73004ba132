"""The pulse of pictures of known spread and roughness."""

import numpy as np
import pytest
import torch

from vesalius.imaging.intensity import Window
from vesalius.networks.diffusion import Diffusion
from vesalius.objectives.denoising import Denoising
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import Synthesis
from vesalius.training.devices import Machine
from vesalius.training.loop import Pulse, begin, train
from vesalius.training.pulse import Usual, fault_of_made, made_pulse, pulse_of, usual_of
from vesalius.training.stream import Stacked

CPU = Machine("cpu", has_bf16=False)

USUAL = Usual(Pulse(0.2, 0.01), np.array([3, 3]), begun=Pulse(0.0, 0.0))
WELL = Pulse(0.2, 0.02)


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
        (Pulse(0.09, 0.02), ""),
        (Pulse(0.07, 0.02), "have become alike"),
        (Pulse(0.2, 0.07), ""),
        (Pulse(0.2, 0.09), "have become rough"),
        (Pulse(float("nan"), 0.02), "are not finite"),
    ],
)
def test_made_pictures_are_faulted_beside_a_good_moment(now, said):
    assert said in fault_of_made(now, WELL, USUAL)
    assert bool(said) == bool(fault_of_made(now, WELL, USUAL))


def test_before_any_good_moment_pictures_may_be_alike_but_not_rougher_than_real_ones():
    assert not fault_of_made(Pulse(0.0, 0.03), None, USUAL)
    assert "rough" in fault_of_made(Pulse(0.0, 0.05), None, USUAL)


def test_a_game_that_begins_with_noise_may_stay_as_rough_until_it_was_well_once():
    usual = Usual(USUAL.pulse, USUAL.shown, begun=Pulse(0.2, 0.4))
    assert not fault_of_made(Pulse(0.2, 0.38), None, usual)
    assert "rough" in fault_of_made(Pulse(0.2, 0.38), WELL, usual)


def test_diffusion_of_smooth_pictures_is_left_alone_from_its_first_step():
    waves = np.sin(np.linspace(0, 3, 16) + np.arange(40)[:, None] / 9)
    values = (waves[:, :, None] * waves[::-1, None, :])[:, None, None].astype(np.float32)
    names = tuple(map(str, range(40)))
    stacked = Stacked(values, np.arange(40) % 2, names, names)
    window = Window(low=0.0, high=255.0, unit="1")
    task = Synthesis(
        size=(16, 16), channels=1, classes=("a", "b"), fact="label", intensity=window, made=window
    )
    objective = Denoising(generator=Diffusion(width=4, latent=256, steps=4))
    game = begin(Recipe(task=task, objective=objective, steps=9, batch=8, half_life=100.0), stacked, CPU)
    usual = usual_of(game, stacked)
    for _ in train(game, stacked):
        pass
    now = made_pulse(game, stacked)
    assert now.roughness > 4 * usual.pulse.roughness
    assert not fault_of_made(now, None, usual)
