"""The linear model recovers what it was drawn from."""

import pytest
import torch

from vesalius.networks.blocks import seeded
from vesalius.networks.coarse import components_of
from vesalius.networks.head_start import HeadStart
from vesalius.networks.learnt import FEWEST
from vesalius.networks.linear import LinearBase


def test_samples_have_the_mean_and_variance_of_each_class():
    rng = seeded(2)
    labels = torch.arange(600) % 2
    pictures = torch.randn(600, 1, 1, 4, 4, generator=rng) * (1 + labels).view(-1, 1, 1, 1, 1)
    pictures = pictures + 5.0 * labels.view(-1, 1, 1, 1, 1)
    base = LinearBase((1, 1, 4, 4), 2, HeadStart(15))
    base.fit(pictures, labels)
    made = base.sample(labels, seeded(3))
    for index in (0, 1):
        assert abs(float(made[labels == index].mean()) - 5.0 * index) < 0.3
        assert 0.6 < float(made[labels == index].std() / (1 + index)) < 1.1


def test_each_sample_is_the_mean_of_its_class_and_what_its_own_components_add():
    base, _, labels = _fitted([90, 60])
    latents = torch.randn(150, 8, generator=seeded(9))
    made = base.sample(labels, seeded(9)).flatten(1)
    for index in (0, 40, 149):
        label = labels[index]
        assert torch.allclose(made[index], base.mean[label] + latents[index] @ base.weight[label], atol=1e-5)
    assert base.sample(labels[:0], seeded(9)).shape == (0, 1, 1, 4, 4)


@pytest.mark.parametrize("classes", [1, 2, 3, 12, 31])
@pytest.mark.parametrize("side", [32, 64, 96, 128])
def test_components_of_all_classes_together_have_256_mib(classes, side):
    count = components_of([1000] * classes, 500, side**3)
    assert classes * count * side**3 * 4 <= 2**28
    assert count == min(64, 2**26 // (max(classes, 2) * side**3))
    assert components_of([1000] * classes, 500, side**2) == 64


def _fitted(counts: list[int], components: int = 8) -> tuple[LinearBase, torch.Tensor, torch.Tensor]:
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    pictures = torch.randn(len(labels), 1, 1, 4, 4, generator=seeded(4)) + 9 * labels.view(-1, 1, 1, 1, 1)
    base = LinearBase((1, 1, 4, 4), len(counts), HeadStart(components))
    base.fit(pictures, labels)
    return base, pictures, labels


def test_a_class_of_few_pictures_borrows_components_but_keeps_its_mean():
    base, pictures, labels = _fitted([90, FEWEST])
    assert torch.allclose(base.mean[1], pictures[labels == 1].mean(0).flatten(), atol=1e-5)
    assert not torch.equal(base.weight[1], base.weight[0])
    assert float(base.weight[1].norm()) > 0


@pytest.mark.parametrize("components", [1, 8])
@pytest.mark.parametrize("few", [1, 3, FEWEST - 1])
def test_of_a_class_of_very_few_pictures_nothing_is_kept(few, components):
    base = _fitted([90, 60, few], components)[0]
    without = _fitted([90, 60, 0], components)[0]
    assert torch.equal(base.mean, without.mean)
    assert torch.equal(base.weight, without.weight)
    assert torch.allclose(base.mean[2], (90 * base.mean[0] + 60 * base.mean[1]) / 150, atol=1e-4)


def test_where_every_class_has_very_few_pictures_they_share_one_mean():
    base, pictures, _ = _fitted([5, 4], components=2)
    assert torch.allclose(base.mean[0], pictures.mean(0).flatten(), atol=1e-5)
    assert torch.equal(base.mean[0], base.mean[1])


@pytest.mark.parametrize("people", [1, FEWEST - 1])
def test_of_a_class_of_few_people_nothing_is_kept_however_many_their_pictures(people):
    rng = seeded(5)
    labels = torch.repeat_interleave(torch.arange(2), torch.tensor([100, 60]))
    who = torch.cat([torch.arange(100), 100 + torch.arange(60) % people])
    hers = torch.randn(people, 1, 1, 4, 4, generator=rng)[torch.arange(60) % people]
    pictures = torch.cat([torch.randn(100, 1, 1, 4, 4, generator=rng), hers])
    base, without = LinearBase((1, 1, 4, 4), 2, HeadStart(8)), LinearBase((1, 1, 4, 4), 2, HeadStart(8))
    base.fit(pictures, labels, who)
    without.fit(pictures[:100], labels[:100], who[:100])
    assert torch.equal(base.mean, without.mean)
    assert torch.equal(base.weight, without.weight)


def test_a_class_has_fewer_components_of_its_own_than_people():
    rng = seeded(6)
    labels = torch.repeat_interleave(torch.arange(2), torch.tensor([100, 90]))
    who = torch.cat([torch.arange(100), 100 + torch.arange(90) % 9])
    base = LinearBase((1, 1, 8, 8), 2, HeadStart(12))
    base.fit(torch.randn(190, 1, 1, 8, 8, generator=rng), labels, who)
    assert not torch.equal(base.weight[1], base.weight[0])
    only = LinearBase((1, 1, 8, 8), 1, HeadStart(12))
    only.fit(torch.randn(90, 1, 1, 8, 8, generator=rng), torch.zeros(90, dtype=torch.int64), who[100:])
    assert int((only.weight[0].norm(dim=1) > 1e-3).sum()) <= 8


def test_a_person_of_many_pictures_counts_once():
    rng = seeded(7)
    people = torch.randn(10, 1, 1, 4, 4, generator=rng)
    who = torch.cat([torch.arange(10), torch.zeros(90, dtype=torch.int64)])
    once, often = LinearBase((1, 1, 4, 4), 1, HeadStart(3)), LinearBase((1, 1, 4, 4), 1, HeadStart(3))
    once.fit(people, torch.zeros(10, dtype=torch.int64))
    often.fit(people[who], torch.zeros(100, dtype=torch.int64), who)
    assert torch.allclose(once.mean, often.mean, atol=1e-5)
    spread = [base.weight[0].T @ base.weight[0] for base in (once, often)]
    assert torch.corrcoef(torch.stack(spread).flatten(1))[0, 1] > 0.99


def test_only_components_that_speak_of_others_are_kept():
    rng = seeded(8)
    labels = torch.arange(240) % 2
    patterns = torch.randn(2, 1, 1, 8, 8, generator=rng)
    strength = torch.randn(240, 1, 1, 1, 1, generator=rng)
    pictures = strength * patterns[labels] + 0.1 * torch.randn(240, 1, 1, 8, 8, generator=rng)
    base = LinearBase((1, 1, 8, 8), 2, HeadStart(16, anchor=2))
    base.fit(pictures, labels)
    assert base.kept == [16, 16]
    assert base.grasp.tolist() == [0.0, 0.0]
    base.fit(pictures, labels, kept="foreseen")
    assert base.kept == [1, 1]
    assert base.grasp.min() > 0.9
    assert not base.weight[:, 1:].any()


def test_a_base_without_an_anchor_is_stored_as_it_was_before_there_were_anchors():
    assert set(LinearBase((1, 1, 8, 8), 2, HeadStart(4)).state_dict()) == {"mean", "weight"}
    assert set(LinearBase((1, 1, 8, 8), 2, HeadStart(4, anchor=2)).state_dict()) == {
        "mean",
        "weight",
        "grasp",
    }
