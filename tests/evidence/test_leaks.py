"""Sets that inherit an augmentation are caught, by its name; others are cleared, however unlike they are."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vesalius.errors import EvidenceError
from vesalius.evidence.baselines import blurred, linear_samples
from vesalius.evidence.leaks import leaks, learn_detector
from vesalius.networks.blocks import seeded
from vesalius.objectives.augment import Augment

OFF = {"shift": 0.0, "cutout": 0.0, "brightness": 0.0, "contrast": 0.0}
USUAL = {"shift": 0.125, "cutout": 0.5, "brightness": 0.5, "contrast": 0.9}
RARE = {"flip": True, "rotation": 20.0, "scale": 0.2, "elastic": 0.1, "noise": 0.2, "bias": 1.0}


@pytest.fixture(scope="session")
def sided(make):
    """People with a mark on one side, so that it can be seen which is left."""

    def people(first, count):
        there = make.people(first, count)
        marked = there.stack.copy()
        marked[..., 2:6, 2:5] = 0.8
        return replace(there, stack=marked)

    return people


@pytest.fixture(scope="session")
def train(sided):
    return sided(0, 160)


@pytest.fixture(scope="session")
def held(sided):
    return sided(1000, 120)


@pytest.fixture(scope="session")
def others(sided):
    """What a generator without faults would make."""
    return sided(2000, 200)


@pytest.fixture(scope="session")
def usual(train):
    return learn_detector(train, Augment(**USUAL), steps=250)


@pytest.fixture(scope="session")
def rare(train):
    return learn_detector(train, Augment(**OFF | RARE), steps=300)


def changed(others, name, strength):
    """Real pictures that all went through one operation."""
    operation = Augment(**OFF | {name: strength})
    stack = operation(torch.from_numpy(others.stack), seeded(5)).clamp(-1, 1).numpy()
    return replace(others, stack=stack)


@pytest.mark.parametrize(("name", "strength"), (USUAL | RARE).items())
def test_a_set_that_inherits_an_operation_is_caught_by_its_name(name, strength, usual, rare, held, others):
    detector = usual if name in USUAL else rare
    found = {leak.operation: leak for leak in leaks(detector, held, changed(others, name, strength))}
    assert found[name].is_seen
    assert found[name].is_leak
    all_of_them = 0.5 if name == "flip" else 1.0
    assert found[name].share.low - 0.05 < all_of_them < found[name].share.high + 0.1


@pytest.mark.parametrize(("probability", "share"), [(1.0, 0.9), (0.5, 0.5)])
def test_operations_that_are_inherited_together_are_caught_together(probability, share, usual, held, others):
    augment = Augment(**USUAL, probability=probability)
    stack = augment(torch.from_numpy(others.stack), seeded(5)).clamp(-1, 1).numpy()
    found = {leak.operation: leak for leak in leaks(usual, held, replace(others, stack=stack))}
    assert all(leak.is_leak for leak in found.values())
    for name in ("shift", "cutout"):
        assert found[name].share.value == pytest.approx(share, abs=0.2)


@pytest.mark.parametrize("what", ["people", "linear", "slightly blurred", "blurred"])
def test_a_set_that_inherits_nothing_is_cleared(what, usual, rare, train, held, others):
    stacks = {
        "people": lambda: others.stack,
        "linear": lambda: linear_samples(train.stack, train.labels, np.arange(160), others.labels, 7),
        "slightly blurred": lambda: blurred(others.stack, 1.0),
        "blurred": lambda: blurred(others.stack, 2.0),
    }
    made = replace(others, stack=stacks[what]())
    every = (*leaks(usual, held, made), *leaks(rare, held, made))
    assert [leak.operation for leak in every if leak.is_leak] == []
    assert {leak.operation for leak in every} == set(USUAL | RARE)


def test_the_share_says_how_many_pictures_inherit(usual, held, others):
    inherits = changed(others, "cutout", 0.5).stack
    half = np.where(np.arange(200)[:, None, None, None, None] % 4 < 2, inherits, others.stack)
    (cutout,) = [one for one in leaks(usual, held, replace(others, stack=half)) if one.operation == "cutout"]
    assert cutout.share.low < 0.5 < cutout.share.high
    assert cutout.is_leak


def test_the_floor_is_what_halves_of_real_people_reach(usual, held, others):
    few = [np.flatnonzero(np.arange(120) < count) for count in (24, 120)]
    kept = [
        replace(
            held,
            stack=held.stack[rows],
            labels=held.labels[rows],
            patients=tuple(held.patients[row] for row in rows),
            keys=tuple(held.keys[row] for row in rows),
        )
        for rows in few
    ]
    small, large = (np.array([leak.floor for leak in leaks(usual, some, others)]) for some in kept)
    assert ((large > 0) & (large < 0.5)).all()
    assert small.mean() > large.mean()  # fewer people differ more from as few others
    inherited = {leak.operation: leak for leak in leaks(usual, held, changed(others, "cutout", 0.5))}[
        "cutout"
    ]
    assert inherited.share.low > inherited.floor


def test_a_class_that_is_made_more_often_is_no_leak(usual, held, others):
    """Held-out people of a brighter class count for more where that class is made more."""
    real, all_made = (
        replace(
            one,
            stack=np.clip(
                one.stack + 0.4 * (one.labels[:, None, None, None, None] == 1), -1, 1, dtype=np.float32
            ),
        )
        for one in (held, others)
    )
    one_class = all_made.labels == 1
    made = replace(all_made, stack=all_made.stack[one_class], labels=all_made.labels[one_class])
    assert not [leak for leak in leaks(usual, real, made) if leak.is_leak]
    assert "brightness" in [leak.operation for leak in leaks(usual, held, made) if leak.is_leak]


def test_what_cannot_be_seen_is_not_judged(make, others):
    """People without a side look alike in a mirror."""
    detector = learn_detector(make.people(0, 160), Augment(**OFF | {"flip": True}), steps=40)
    plain = make.people(1000, 120)
    (flip,) = leaks(detector, plain, changed(make.people(2000, 100), "flip", True))
    assert not flip.is_seen
    assert not flip.is_leak


def test_volumes_are_looked_at_in_their_middle_slice(train, held, others):
    deep = [replace(one, stack=np.repeat(one.stack, 3, axis=2)) for one in (train, held, others)]
    detector = learn_detector(deep[0], Augment(**OFF | {"cutout": 0.5}), steps=60)
    (cutout,) = leaks(detector, deep[1], changed(deep[2], "cutout", 0.5))
    assert cutout.is_leak


def test_a_seed_is_a_result(usual, held, others):
    assert leaks(usual, held, others, seed=1) == leaks(usual, held, others, seed=1)


def test_too_few_pictures_are_refused_by_name(usual, train, held, others):
    few = replace(held, stack=held.stack[:5], labels=held.labels[:5], patients=held.patients[:5])
    with pytest.raises(EvidenceError, match="held-out pictures: 5 of 5 people, wanted 12 of 3 or more"):
        leaks(usual, few, others)
    with pytest.raises(EvidenceError, match="made pictures: 5, wanted 12 or more"):
        leaks(usual, held, few)
    with pytest.raises(EvidenceError, match="none of the classes that were made"):
        leaks(usual, held, replace(others, labels=others.labels + 2))
    with pytest.raises(EvidenceError, match="no operation is on"):
        learn_detector(train, Augment(**OFF))
