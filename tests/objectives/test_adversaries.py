"""The losses against closed forms: critics whose scores and slopes are known by hand."""

from math import exp, log

import pytest
import torch
from torch import nn

from vesalius.errors import RecipeError
from vesalius.example import Single
from vesalius.networks.blocks import seeded
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.fast import FastDiscriminator
from vesalius.objectives.augment import Augment
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.minimax import Minimax
from vesalius.objectives.nonsaturating import Nonsaturating
from vesalius.objectives.relativistic import Relativistic
from vesalius.objectives.turn import Players
from vesalius.objectives.wasserstein import Wasserstein

NOTHING = Augment(shift=0.0, cutout=0.0, brightness=0.0, contrast=0.0)
SLOPE = 0.25
VOXELS = 64


class Painter(nn.Module):
    """Makes grey pictures."""

    def __init__(self, grey):
        super().__init__()
        self.grey = nn.Parameter(torch.tensor(grey))
        self.base = None

    def forward(self, latents, condition):
        return self.grey.expand(len(latents), 1, 1, 8, 8)


class Linear(nn.Module):
    """Scores the sum of a picture, and counts its passes."""

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(SLOPE))
        self.passes = []

    def forward(self, image, condition):
        self.passes.append(len(image))
        return self.slope * image.sum((1, 2, 3, 4))


REAL, MADE = 0.1, -0.05
ON_REAL, ON_MADE = (SLOPE * VOXELS * grey for grey in (REAL, MADE))
"""1.6 and -0.8."""


@pytest.fixture
def players():
    return Players({"generator": Painter(MADE), "discriminator": Linear()})


@pytest.fixture
def real():
    return Single(torch.full((4, 1, 1, 8, 8), REAL), torch.zeros(4, dtype=torch.int64))


def told(terms):
    return {name: value.item() for name, value in terms.items()}


def test_logistic_losses_are_logarithms_of_odds(players, real):
    wanted = {"real": log(1 + exp(-ON_REAL)), "made": log(1 + exp(ON_MADE))}
    for game in (Nonsaturating(augment=NOTHING), Minimax()):
        assert told(game.discriminator_loss(players, real, seeded(0))) == pytest.approx(wanted)
        raised = told(game.generator_loss(players, real, seeded(0)))
        assert raised == pytest.approx({"adversarial": log(1 + exp(-ON_MADE))})


def test_the_minimax_losses_are_binary_cross_entropies(players, real):
    terms = Minimax().discriminator_loss(players, real, seeded(0))
    entropy = nn.functional.binary_cross_entropy_with_logits
    assert terms["real"].item() == pytest.approx(entropy(torch.tensor(ON_REAL), torch.tensor(1.0)).item())
    assert terms["made"].item() == pytest.approx(entropy(torch.tensor(ON_MADE), torch.tensor(0.0)).item())


def test_real_and_made_pictures_meet_only_a_critic_without_normalisation(players, real):
    Minimax().discriminator_loss(players, real, seeded(0))
    Nonsaturating(augment=NOTHING).discriminator_loss(players, real, seeded(0))
    assert players["discriminator"].passes == [4, 4, 8]


def test_wasserstein_is_the_difference_of_scores_with_its_penalty_and_drift(players, real):
    game = Wasserstein(gamma=10.0, drift=0.001)
    wanted = {
        "distance": ON_MADE - ON_REAL,
        "penalty": 10 * (SLOPE * VOXELS**0.5 - 1) ** 2,
        "drift": 0.001 * ON_REAL**2,
    }
    assert told(game.discriminator_loss(players, real, seeded(0))) == pytest.approx(wanted, rel=1e-5)
    assert told(game.generator_loss(players, real, seeded(0))) == pytest.approx({"adversarial": -ON_MADE})
    assert "drift" not in Wasserstein().discriminator_loss(players, real, seeded(0))


def test_the_wasserstein_critic_has_several_turns_before_the_generator():
    assert [turn.player for turn in Wasserstein(critic_turns=3).turns()] == ["discriminator"] * 3 + [
        "generator"
    ]
    assert len(Wasserstein().turns()) == 6


@pytest.mark.parametrize("game", [Nonsaturating(gamma=3.0, lazy=4), Hinge(gamma=3.0, lazy=4)])
def test_the_lazy_penalty_is_r1_as_many_times_as_it_was_left_out(game, players, real):
    assert game.turns()[1].every == 4
    assert told(game.penalty(players, real, seeded(0))) == pytest.approx(
        {"r1": 4 * 3 / 2 * SLOPE**2 * VOXELS}
    )


def test_relativistic_losses_compare_the_pictures_of_a_pair(players, real):
    terms = told(Relativistic(gamma=2.0, augment=NOTHING).discriminator_loss(players, real, seeded(0)))
    wanted = {"adversarial": log(1 + exp(ON_MADE - ON_REAL)), "r1+r2": 2 * SLOPE**2 * VOXELS}
    assert terms == pytest.approx(wanted)


def test_lazy_penalties_of_pairs_are_as_many_times_as_they_were_left_out(players, real):
    game = Relativistic(gamma=2.0, lazy=3, augment=NOTHING)
    assert [turn.every for turn in game.turns()] == [1, 3, 1]
    assert list(told(game.discriminator_loss(players, real, seeded(0)))) == ["adversarial"]
    wanted = {"r1+r2": 3 * 2 * SLOPE**2 * VOXELS}
    assert told(game.penalty(players, real, seeded(0))) == pytest.approx(wanted)


def test_a_step_moves_every_player_the_right_way(players, real):
    for game in (Minimax(), Nonsaturating(augment=NOTHING), Wasserstein(gamma=0.0)):
        players.zero_grad()
        sum(game.discriminator_loss(players, real, seeded(0)).values()).backward()
        assert players["discriminator"].slope.grad < 0, game.kind
        assert players["generator"].grey.grad is None, game.kind
        sum(game.generator_loss(players, real, seeded(0)).values()).backward()
        assert players["generator"].grey.grad < 0, game.kind


@pytest.mark.parametrize(
    ("game", "said", "message"),
    [
        (Wasserstein, {"critic_turns": 0}, "critic_turns is 0, wanted 1 or more"),
        (Wasserstein, {"drift": -1.0}, "drift is -1.0, wanted 0 or more"),
        (Wasserstein, {"gamma": -1.0}, "gamma is -1.0, wanted 0 or more"),
        (Nonsaturating, {"lazy": 0}, "lazy is 0, wanted 1 or more"),
        (Relativistic, {"lazy": 0}, "lazy is 0, wanted 1 or more"),
        (Nonsaturating, {"learning_rate": 0.0}, "learning_rate is 0.0, wanted more than 0"),
        (Minimax, {"betas": (1.0, 0.9)}, r"betas are \(1.0, 0.9\), wanted two numbers"),
    ],
)
def test_a_number_that_no_game_can_be_played_with_is_refused(game, said, message):
    with pytest.raises(RecipeError, match=message):
        game(**said)


@pytest.mark.parametrize("game", [Hinge, Nonsaturating, Relativistic, Wasserstein])
def test_a_penalty_and_batch_normalisation_do_not_meet(game):
    with pytest.raises(RecipeError, match=r"discriminator.norm is 'batch', wanted 'none'"):
        game(discriminator=Discriminator(norm="batch"))
    with pytest.raises(RecipeError, match=r"discriminator is fast.discriminator, wanted one without batch"):
        game(discriminator=FastDiscriminator())


def test_batch_normalisation_makes_a_score_depend_on_its_neighbours():
    image, classes = torch.randn(4, 1, 1, 16, 16, generator=seeded(1)), torch.zeros(4, dtype=torch.int64)
    for norm, depends in (("none", False), ("batch", True)):
        critic = Discriminator(width=4, group=1, norm=norm).build((1, 1, 16, 16), 1)
        together, alone = critic(image, classes)[:2], critic(image[:2], classes[:2])
        assert torch.allclose(together, alone, atol=1e-5) is not depends


def test_games_in_three_dimensions():
    shape = (1, 16, 16, 16)
    real = Single(torch.rand(4, *shape, generator=seeded(1)), torch.zeros(4, dtype=torch.int64))
    spec = {"generator": Generator(width=2, latent=4), "discriminator": Discriminator(width=2)}
    for game in (Nonsaturating(**spec), Wasserstein(**spec), Minimax(generator=spec["generator"])):
        players = game.players(shape, 1)
        for turn in game.turns()[-2:]:
            assert all(value.isfinite() for value in turn.loss(players, real, seeded(0)).values())
