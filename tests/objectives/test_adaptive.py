"""Strength follows the critic, and survives a restart to the last bit."""

import pytest
import torch

from vesalius.errors import RecipeError
from vesalius.objectives.adaptive import Adaptive, watched
from vesalius.objectives.turn import Players

KNOWN, UNSURE = torch.ones(8), torch.tensor([1.0, -1.0] * 4)


def followed(spec, *batches):
    strength = spec.build()
    for scores in batches:
        strength.follow(scores)
    return strength


def test_strength_begins_at_nothing_and_waits_for_its_turn():
    spec = Adaptive(every=4, ramp=320)
    values = [float(followed(spec, *[KNOWN] * count).value) for count in range(5)]
    assert values == pytest.approx([0, 0, 0, 0, 32 / 320])


def test_strength_rises_above_the_target_and_falls_below_it():
    strength = followed(Adaptive(every=2, ramp=160), *[KNOWN] * 6)
    assert float(strength.value) == pytest.approx(0.3)
    for _ in range(2):
        strength.follow(UNSURE)
    assert float(strength.value) == pytest.approx(0.2)


def test_the_mean_sign_of_all_batches_since_the_last_move_decides():
    spec = Adaptive(every=2, ramp=160, target=0.6)
    assert float(followed(spec, KNOWN, KNOWN, KNOWN, UNSURE).value) == 0, "up, then down: 0.5 is below 0.6"
    assert float(followed(spec, KNOWN, UNSURE * 5).value) == 0
    assert float(followed(spec, KNOWN, torch.tensor([9.0] * 7 + [-0.1])).value) == pytest.approx(0.1)


def test_strength_neither_passes_its_most_nor_falls_under_nothing():
    spec = Adaptive(every=1, ramp=10, most=0.8)
    assert float(followed(spec, *[KNOWN] * 5).value) == pytest.approx(0.8)
    assert float(followed(spec, UNSURE).value) == 0


def test_a_strength_taken_up_goes_on_as_if_nothing_had_happened():
    spec = Adaptive(every=4, ramp=1000)
    batches = [KNOWN, UNSURE, KNOWN, KNOWN, KNOWN, -KNOWN, KNOWN, KNOWN]
    stopped, taken_up = followed(spec, *batches[:6]), spec.build()
    taken_up.load_state_dict(stopped.state_dict())
    for scores in batches[6:]:
        taken_up.follow(scores)
    whole = followed(spec, *batches)
    assert all(torch.equal(value, taken_up.state_dict()[name]) for name, value in whole.state_dict().items())


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"target": 1.0}, "adaptive.target is 1.0, wanted more than -1 and less than 1"),
        ({"every": 0}, "adaptive.every is 0, wanted 1 or more"),
        ({"ramp": 0}, "adaptive.ramp is 0, wanted 1 or more"),
        ({"most": 1.5}, "adaptive.most is 1.5, wanted more than 0 and at most 1"),
    ],
)
def test_numbers_that_steer_nothing_are_refused(said, message):
    with pytest.raises(RecipeError, match=message):
        Adaptive(**said)


def test_of_two_judges_the_first_is_followed():
    spec = Adaptive(every=1, ramp=80)
    players = Players({"strength": spec.build()})
    signal = torch.stack([torch.full((8,), 1.0), torch.full((8,), -1.0)], dim=1)
    terms = watched(players, signal)
    assert (float(terms["r_t"]), float(terms["strength"])) == (1.0, pytest.approx(0.1))
