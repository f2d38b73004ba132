"""A margin of 1 is where a loss has nothing left to win, whatever the loss."""

from dataclasses import fields
from typing import get_args

import pytest
import torch
from torch.nn.functional import relu, softplus

from vesalius.objectives import AnyObjective
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.margin import Refereed, by_distance, by_hinges, by_odds

APART = torch.ones(64)


def scores(mean, spread=0.0):
    """Sixty-four scores about a mean."""
    return mean + spread * torch.randn(64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("game", get_args(AnyObjective))
def test_every_game_with_a_critic_has_a_margin_and_no_other(game):
    has_critic = "discriminator" in {each.name for each in fields(game)}
    assert isinstance(game(), Refereed) == has_critic
    if has_critic:
        assert game().margin(scores(0.0, 1.0), scores(0.0, 1.0), APART) == pytest.approx(0.0, abs=1e-6)
        assert game().margin(scores(3.0), scores(-3.0), APART) > 1
        assert game().margin(scores(-3.0), scores(3.0), APART) < -1


def test_where_both_hinges_are_kept_the_margin_is_one_and_costs_nothing():
    on_real, on_made = scores(1.0), scores(-1.0)
    assert by_hinges(on_real, on_made, APART) == 1.0
    assert float(relu(1 - on_real).mean() + relu(1 + on_made).mean()) == 0.0
    assert Hinge().margin(on_real, on_made, APART) == 1.0


def test_where_pairs_are_told_apart_by_odds_of_a_hundred_and_fifty_the_margin_is_one():
    on_real, on_made = scores(7.0), scores(2.0)
    assert by_odds(on_real, on_made, APART) == 1.0
    assert float(softplus(on_made - on_real).mean()) == pytest.approx(0.0067, abs=1e-4)


def test_a_critic_whose_slope_is_one_cannot_have_a_margin_above_one():
    rng = torch.Generator().manual_seed(0)
    real, made = torch.randn(64, 9, generator=rng) + 1, torch.randn(64, 9, generator=rng)
    apart = (real - made).norm(dim=1)
    for direction in torch.randn(20, 9, generator=rng):
        unit = direction / direction.norm()
        assert by_distance(real @ unit, made @ unit, apart) < 1
        assert by_distance(10 * real @ unit, 10 * made @ unit, apart) == pytest.approx(
            10 * by_distance(real @ unit, made @ unit, apart), rel=1e-4
        )


def test_the_margin_is_one_where_the_critic_measures_just_how_far_pictures_lie_apart():
    real, made = torch.zeros(64, 3), torch.tensor([[0.0, 3.0, 4.0]]).repeat(64, 1)
    unit = torch.tensor([0.0, -0.6, -0.8])
    assert by_distance(real @ unit, made @ unit, (real - made).norm(dim=1)) == pytest.approx(1.0)
