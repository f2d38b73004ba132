"""Diffusion against what is known in closed form: unit variances, and the way to a Gaussian."""

import pytest
import torch

from vesalius.errors import RecipeError
from vesalius.networks.blocks import seeded
from vesalius.networks.diffusion import Diffusion, heun, noise_levels, preconditioned

SMALL = Diffusion(width=4, latent=256)
SHAPE = (1, 1, 16, 16)


@pytest.mark.parametrize("sigma", [0.002, 0.1, 0.5, 80.0])
def test_what_the_network_sees_and_answers_has_unit_variance(sigma):
    data = torch.tensor(0.3, dtype=torch.float64)
    clean = data * torch.randn(400_000, generator=seeded(0), dtype=torch.float64)
    noise = sigma * torch.randn(400_000, generator=seeded(1), dtype=torch.float64)
    scale = preconditioned(torch.tensor(sigma, dtype=torch.float64), data)
    target = (clean - scale.skip * (clean + noise)) / scale.out
    assert float((scale.into * (clean + noise)).std()) == pytest.approx(1.0, abs=0.01)
    assert float(target.std()) == pytest.approx(1.0, abs=0.01)
    # The weight of table 1 makes the weighed error that of the network itself.
    weight = (sigma**2 + float(data) ** 2) / (sigma * float(data)) ** 2
    assert weight * float(scale.out) ** 2 == pytest.approx(1.0)
    assert float(scale.noise) == pytest.approx(float(torch.tensor(sigma).log()) / 4)


def test_the_share_of_the_noisy_picture_makes_the_answer_small():
    data = torch.tensor(0.5)
    quiet, loud = preconditioned(torch.tensor(1e-3), data), preconditioned(torch.tensor(1e3), data)
    assert float(quiet.skip) == pytest.approx(1, abs=1e-4)
    assert float(quiet.out) == pytest.approx(1e-3, rel=1e-3)
    assert float(loud.skip) == pytest.approx(0, abs=1e-4)
    assert float(loud.out) == pytest.approx(0.5, rel=1e-3)


def test_noise_levels_fall_from_the_highest_to_the_lowest_to_none():
    levels = noise_levels(18, 0.002, 80.0, 7.0)
    assert len(levels) == 19
    assert levels[[0, 17, 18]].tolist() == pytest.approx([80.0, 0.002, 0.0])
    assert bool((levels.diff() < 0).all())
    roots = levels[:-1] ** (1 / 7)
    assert torch.allclose(roots.diff(), roots.diff().mean())


def _samples(steps, start, mean=0.4, spread=0.5):
    """The way through the denoiser that is best for one Gaussian."""

    def ideal(noisy, level):
        return mean + (noisy - mean) * spread**2 / (spread**2 + level**2)

    return heun(ideal, start, noise_levels(steps, 0.002, 80.0, 7.0))


def test_the_sampler_gives_the_gaussian_that_its_denoiser_is_best_for():
    start = 80 * torch.randn(50_000, generator=seeded(0), dtype=torch.float64)
    made = _samples(200, start)
    assert float(made.mean()) == pytest.approx(0.4, abs=0.02)
    assert float(made.std()) == pytest.approx(0.5, rel=0.02)


def test_the_sampler_spreads_as_much_too_widely_as_is_said_of_it():
    start = torch.tensor([80.0], dtype=torch.float64)
    exact = 80 * 0.5 / (0.5**2 + 80.0**2) ** 0.5
    assert float(_samples(18, start, mean=0.0)) / exact == pytest.approx(1.055, abs=0.001)


def test_twice_the_steps_leave_a_quarter_of_the_error():
    start = torch.tensor([80.4], dtype=torch.float64)
    exact = 0.4 + (80.4 - 0.4) * 0.5 / (0.5**2 + 80.0**2) ** 0.5
    coarse, fine, finer = (abs(float(_samples(steps, start)) - exact) for steps in (36, 72, 144))
    assert coarse / fine == pytest.approx(4, abs=0.5)
    assert fine / finer == pytest.approx(4, abs=0.5)


def test_a_way_of_some_steps_costs_the_passes_that_are_stated():
    asked = []

    def count(noisy, level):
        asked.append(level)
        return torch.zeros_like(noisy)

    heun(count, torch.ones(1), noise_levels(18, 0.002, 80.0, 7.0))
    assert len(asked) == Diffusion(steps=18).passes == 35


def test_a_fresh_denoiser_makes_the_gaussian_of_what_it_measured():
    denoiser = Diffusion(width=4, latent=256, steps=60).build(SHAPE, classes=2)
    denoiser.measure(0.25 * torch.randn(64, *SHAPE, generator=seeded(0)) - 0.3)
    with torch.no_grad():
        made = denoiser(torch.randn(32, 256, generator=seeded(1)), torch.zeros(32, dtype=torch.long))
    assert float(made.mean()) == pytest.approx(-0.3, abs=0.02)
    assert float(made.std()) == pytest.approx(0.25, rel=0.04)


def test_a_hurried_way_is_of_the_same_network_in_few_passes():
    denoiser, passes = SMALL.build(SHAPE, 2), []
    denoiser.unet.register_forward_hook(lambda *_: passes.append(1))
    latents, labels = torch.randn(4, 256, generator=seeded(0)), torch.tensor([0, 1, 0, 1])
    before = denoiser(latents, labels)
    assert len(passes) == SMALL.passes == 35
    quick = denoiser.hurried()
    quick(latents, labels)
    assert len(passes) == 35 + 5
    assert [id(one) for one in quick.parameters()] == [id(one) for one in denoiser.parameters()]
    assert torch.equal(denoiser(latents, labels), before)


def test_pictures_of_one_value_do_not_divide_by_nothing():
    denoiser = SMALL.build(SHAPE, classes=1)
    denoiser.measure(torch.full((4, *SHAPE), -1.0))
    made = denoiser(torch.randn(2, 256, generator=seeded(1)), torch.zeros(2, dtype=torch.long))
    assert bool(made.isfinite().all())


def test_pictures_of_three_axes_come_out_whole():
    shape = (1, 16, 16, 16)
    denoiser = Diffusion(width=4, latent=16**3, fold=2, steps=2).build(shape, classes=1)
    made = denoiser(torch.randn(1, 16**3, generator=seeded(0)), torch.zeros(1, dtype=torch.long))
    assert made.shape == (1, *shape)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 6}, "width is 6, wanted a multiple of 4, more than 0"),
        ({"width": 0}, "width is 0, wanted a multiple of 4"),
        ({"latent": 0}, "latent is 0, wanted more than 0"),
        ({"fold": 3}, "fold is 3, wanted 1, 2, 4 or another power of 2"),
        ({"steps": 1}, "steps is 1, wanted 2 or more"),
        ({"sigma_min": 0.0}, "sigma_min is 0.0, wanted more than 0"),
        ({"sigma_max": 0.001}, "sigma_max is 0.001, wanted more than 0.002"),
        ({"rho": float("nan")}, "rho is nan, wanted more than 0"),
    ],
)
def test_a_number_that_cannot_be_is_refused_by_name(change, message):
    with pytest.raises(RecipeError, match=f"diffusion.{message}"):
        Diffusion(**change)


def test_latents_and_folds_that_do_not_fit_the_pictures_are_refused():
    with pytest.raises(RecipeError, match=r"diffusion.latent is 256, wanted 1024, the values of a picture"):
        SMALL.build((1, 1, 32, 32), classes=1)
    with pytest.raises(RecipeError, match=r"diffusion.fold is 8, wanted 2 or less for pictures of this size"):
        Diffusion(width=4, latent=256, fold=8).build(SHAPE, classes=1)
