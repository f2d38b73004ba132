"""Principal components, and how many of them are no accident."""

import pytest
import torch

from vesalius.networks.blocks import seeded
from vesalius.networks.principal import evened, foresee, foretold, principal


def test_components_carry_the_variance_above_the_noise():
    rng = seeded(1)
    direction = torch.nn.functional.normalize(torch.randn(1, 50, generator=rng), dim=1)
    rows = 3.0 * torch.randn(4000, 1, generator=rng) @ direction + 0.1 * torch.randn(4000, 50, generator=rng)
    found = principal(rows - rows.mean(0), 1)
    assert abs(float(found.weight.norm()) - 3.0) < 0.15
    assert abs(float((found.weight @ direction.T).abs() / found.weight.norm()) - 1) < 1e-3
    assert abs(found.noise - 0.01) < 0.001


def _drawn(people: int, directions: int, noise: float, features: int = 200) -> torch.Tensor:
    rng = seeded(people, directions)
    basis = torch.linalg.qr(torch.randn(features, features, generator=rng))[0][:directions]
    rows = 2 * torch.randn(people, directions, generator=rng) @ basis
    return rows + noise * torch.randn(people, features, generator=rng)


@pytest.mark.parametrize("true", [1, 4, 16])
def test_as_many_components_are_kept_as_the_pictures_share(true):
    rows = _drawn(300, true, noise=0.1)
    assert foresee(rows - rows.mean(0), torch.arange(300), 64).components == true


def test_of_pictures_that_share_nothing_nothing_is_kept():
    rows = _drawn(120, 1, noise=3.0)
    assert foresee(rows - rows.mean(0), torch.arange(120), 30).components <= 1


def test_pictures_of_one_person_do_not_speak_for_others():
    person = _drawn(24, 1, noise=1.0)
    who = torch.arange(240) % 24
    rows = person[who] + 0.01 * torch.randn(240, 200, generator=seeded(3))
    rows = rows - rows.mean(0)
    assert foresee(rows, who, 16).components <= 2
    assert foresee(rows, torch.arange(240), 16).components == 16


def test_what_is_left_is_what_the_components_do_not_explain():
    rows = _drawn(200, 4, noise=0.1)
    found = foresee(rows - rows.mean(0), torch.arange(200), 16)
    assert len(found.aside) == 50
    assert found.left.square().sum() < 0.2 * found.aside.square().sum()


def test_equal_rows_have_no_components_to_speak_of():
    found = foresee(torch.zeros(40, 9), torch.arange(40), 4)
    assert float(principal(torch.zeros(40, 9), found.components).weight.norm()) == 0


def test_every_person_counts_the_same():
    rows = torch.ones(5, 3)
    evenly = evened(rows, torch.tensor([0, 0, 0, 0, 1]))
    assert torch.allclose(evenly[:4].square().sum(), evenly[4].square().sum())


def test_what_people_share_is_foretold_and_what_they_do_not_is_not():
    who = torch.arange(120)
    shared, alone = _drawn(120, 4, noise=0.05), _drawn(120, 1, noise=3.0)
    assert foretold(shared - shared.mean(0), who, 30) > 0.9
    assert foretold(alone - alone.mean(0), who, 30) < 0.5
    assert foretold(torch.zeros(120, 9), who, 4) == 0.0
