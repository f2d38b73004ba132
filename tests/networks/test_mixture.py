"""Coefficients of a cohort that differs in more ways than one Gaussian says."""

import pytest
import torch

from vesalius.errors import RecipeError
from vesalius.networks.blocks import seeded
from vesalius.networks.convnet import Generator
from vesalius.networks.head_start import HeadStart
from vesalius.networks.linear import LinearBase
from vesalius.networks.mixture import Mixture, clusters_of


def _kinds(people: int, seed: int = 0, apart: float = 6.0) -> torch.Tensor:
    """Rows of unit variance, of which one in three lies on the far side, and is calm there."""
    rng = seeded(seed)
    rows = torch.randn(people, 6, generator=rng)
    far = torch.arange(people) % 3 == 0
    rows[far, 1:] *= 0.3
    rows[:, 0] += torch.where(far, apart, 0.0)
    return (rows - rows.mean(0)) / rows.std(0)


def test_kinds_of_people_are_found_and_drawn_as_often_as_they_are():
    rows = _kinds(300)
    found = clusters_of(rows, torch.arange(300), 8, least=8)
    assert found is not None
    mixture = Mixture(1, 8, 6)
    mixture.learn(0, found)
    made = mixture(torch.randn(6000, 9, generator=seeded(1)), torch.zeros(6000, dtype=torch.long))
    edge = float(rows[::3, 0].min() + rows[torch.arange(300) % 3 > 0, 0].max()) / 2
    far = made[:, 0] > edge
    assert float(far.float().mean()) == pytest.approx(1 / 3, abs=0.05)
    assert float(made[far, 2].std() / made[~far, 2].std()) == pytest.approx(0.3, abs=0.1)
    assert made.mean(0).abs().max() < 0.1
    assert made.std(0).sub(1).abs().max() < 0.15


def test_one_kind_of_people_stays_what_it_is():
    rows = torch.randn(400, 6, generator=seeded(5))
    found = clusters_of(rows, torch.arange(400), 16, least=8)
    mixture = Mixture(1, 16, 6)
    if found is not None:
        mixture.learn(0, found)
    made = mixture(torch.randn(8000, 7, generator=seeded(1)), torch.zeros(8000, dtype=torch.long))
    assert (made.T.cov() - rows.T.cov()).abs().max() < 0.2
    assert ((made**4).mean(0) / (made**2).mean(0) ** 2).sub(3).abs().max() < 0.6


def test_no_cluster_is_of_fewer_people_than_hide_one():
    found = clusters_of(_kinds(300), torch.arange(300), 32, least=30)
    assert found is not None
    assert int(found.people.min()) >= 30
    assert len(found.share) < 16
    assert clusters_of(_kinds(14), torch.arange(14), 32, least=8) is None


def test_a_person_of_many_pictures_is_no_kind_of_people():
    one = 9 + 0.01 * torch.randn(400, 6, generator=seeded(2))
    rows = torch.cat([_kinds(60, apart=0.0), one])
    who = torch.cat([torch.arange(60), torch.full((400,), 60)])
    found = clusters_of(rows, who, 8, least=8)
    assert found is None or float(found.centre.max()) < 5.0


def test_slices_of_one_person_with_one_of_each_of_some_others_are_no_kind_of_people():
    rng = seeded(9)
    who = torch.arange(40).repeat_interleave(30)
    rows = torch.randn(1200, 6, generator=rng)
    rows[:30] = 6 + 0.05 * torch.randn(30, 6, generator=rng)
    rows[30:240:30] = 6 + 0.05 * torch.randn(7, 6, generator=rng)
    found = clusters_of(rows, who, 8, least=8)
    assert found is None or float(found.people.min()) >= 8
    assert found is None or float(found.centre.max()) < 4.0


def test_until_clusters_are_learnt_coefficients_are_the_coordinates():
    latents = torch.randn(5, 8, generator=seeded(0))
    classes = torch.tensor([0, 1, 0, 1, 1])
    assert torch.equal(Mixture(2, 4, 3)(latents, classes), latents[:, :3])


def test_coefficients_that_clusters_do_not_know_stay_gaussian():
    found = clusters_of(_kinds(300), torch.arange(300), 4, least=8)
    assert found is not None
    mixture = Mixture(2, 8, 9)
    mixture.learn(1, found)
    latents = torch.randn(50, 12, generator=seeded(0))
    ones = torch.ones(50, dtype=torch.long)
    assert torch.equal(mixture(latents, ones)[:, 6:], latents[:, 6:9])
    assert torch.equal(mixture(latents, 0 * ones), latents[:, :9])
    assert mixture.counts == [1, len(found.share)]
    mixture.forget(1)
    assert torch.equal(mixture(latents, ones), latents[:, :9])


def test_a_base_of_a_cohort_of_two_kinds_makes_both_and_nothing_between():
    rng = seeded(7)
    x = torch.linspace(-1, 1, 16)
    place = torch.where(torch.arange(240) % 2 == 0, -0.5, 0.5) + 0.05 * torch.randn(240, generator=rng)
    bright = 0.1 * torch.randn(240, 1, 1, generator=rng)
    pictures = torch.exp(-((x[None, None] - place[:, None, None]) ** 2) / 0.02) + bright
    pictures = pictures.expand(240, 16, 16)[:, None, None].contiguous()
    classes = torch.zeros(240, dtype=torch.long)

    def between(clusters: int) -> float:
        """Share of pictures whose two places are neither one bright and one dark."""
        base = LinearBase((1, 1, 16, 16), 1, HeadStart(8, clusters=clusters))
        base.fit(pictures, classes, kept="foreseen")
        made = base.sample(classes, seeded(1))[:, 0, 0].mean(1)
        left, right = made[:, 3:5].mean(1), made[:, 11:13].mean(1)
        return float(((left - right).abs() < 0.3).float().mean())

    assert between(1) > 0.15
    assert between(8) < 0.05


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"clusters": 3, "head_start": 4}, "wanted 1, 2, 4, 8"),
        ({"clusters": 0, "head_start": 4}, "wanted 1, 2, 4, 8"),
        ({"clusters": 4}, "wanted 1, or a head start"),
        ({"clusters": 4, "head_start": 16}, "fewer components than latent 16"),
    ],
)
def test_clusters_that_cannot_be_had_are_refused(numbers, said):
    with pytest.raises(RecipeError, match=rf"generator\.clusters is {numbers['clusters']}, .*{said}"):
        Generator(width=4, latent=16, **numbers)
