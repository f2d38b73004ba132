"""A made-up population whose truth is known: an ellipse with organs, seen through noise."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from vesalius.evidence.assess import assess
from vesalius.evidence.record import Evidence
from vesalius.training.stream import Stacked

SIDE = 32


def people(first: int, count: int, visits: int = 1) -> Stacked:
    """People `first` to `first + count` of one population, two classes, `visits` pictures each."""
    pictures = [_person(index, visit) for index in range(first, first + count) for visit in range(visits)]
    labels = np.repeat(np.arange(first, first + count) % 2, visits)
    names = tuple(f"p{index}" for index in range(first, first + count) for _ in range(visits))
    keys = tuple(f"{name}/{place}" for place, name in enumerate(names))
    return Stacked(np.stack(pictures)[:, None, None].astype(np.float32), labels, names, keys)


def of(stack: np.ndarray, labels: np.ndarray) -> Stacked:
    """Pictures as a made set."""
    keys = tuple(f"m{index}" for index in range(len(stack)))
    return Stacked(np.clip(stack, -1, 1).astype(np.float32), labels, keys, keys)


def _person(index: int, visit: int) -> np.ndarray:
    rng = np.random.default_rng(index)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    width, height, tilt = rng.uniform(0.6, 0.9), rng.uniform(0.7, 0.95), rng.uniform(-0.2, 0.2)
    picture = np.full((SIDE, SIDE), -0.95)
    picture[((x + tilt * y) / width) ** 2 + (y / height) ** 2 < 1] = rng.uniform(-0.3, 0.1)
    for _ in range(8):
        cx, cy, r = rng.uniform(-0.5, 0.5), rng.uniform(-0.6, 0.6), rng.uniform(0.08, 0.25)
        picture[(x - cx) ** 2 + (y - cy) ** 2 < r**2] += rng.uniform(-0.5, 0.5)
    if index % 2:
        cx, cy = rng.uniform(-0.3, 0.3, 2)
        picture[(x - cx) ** 2 + (y - cy) ** 2 < 0.05] = 0.9
    noise = np.random.default_rng([index, visit]).normal(0, 0.03, picture.shape)
    return np.clip(picture + noise, -1, 1)


@pytest.fixture(scope="session")
def train() -> Stacked:
    """Those the generator learnt from."""
    return people(0, 160)


@pytest.fixture(scope="session")
def test_people() -> Stacked:
    """Those it never saw."""
    return people(1000, 120)


@pytest.fixture(scope="session")
def judged(train: Stacked, test_people: Stacked) -> Callable[[Stacked], Evidence]:
    """Assess a made set in quick mode against the same people, all of one class."""

    def judge(made: Stacked) -> Evidence:
        return assess(
            train=one_class(train),
            test=one_class(test_people),
            made=one_class(made),
            classes=("all",),
            quick=True,
        )

    return judge


def one_class(people: Stacked) -> Stacked:
    """The same pictures without their labels."""
    return replace(people, labels=np.zeros_like(people.labels))


@pytest.fixture(scope="session")
def copied(judged: Callable[[Stacked], Evidence], train: Stacked) -> Evidence:
    """The evidence on training pictures with one per cent noise."""
    noise = np.random.default_rng(0).normal(0, 0.02, train.stack.shape)
    return judged(of(train.stack + noise, train.labels))


@pytest.fixture(scope="session")
def honest(train: Stacked, test_people: Stacked) -> Evidence:
    """The evidence on other real people given as made ones, both classes."""
    others = people(2000, 120)
    made = of(others.stack, others.labels)
    return assess(train=train, test=test_people, made=made, classes=("healthy", "lesion"), quick=True)


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """What tests need to make sets of their own."""
    return SimpleNamespace(people=people, of=of, one_class=one_class)
