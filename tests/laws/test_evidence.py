"""Laws of evidence: what holds for every record."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from vesalius.evidence.assess import assess
from vesalius.evidence.estimate import Estimate
from vesalius.evidence.record import Evidence, from_json, to_json
from vesalius.training.stream import Stacked


def _population(first: int, count: int) -> Stacked:
    """Smooth random pictures of `count` people."""
    y, x = np.mgrid[0:1:16j, 0:1:16j]
    pictures = []
    for index in range(first, first + count):
        rng = np.random.default_rng(index)
        waves = [
            rng.normal() * np.sin(rng.uniform(2, 9) * x + rng.uniform(2, 9) * y + rng.uniform(0, 6))
            for _ in range(6)
        ]
        pictures.append(np.tanh(np.sum(waves, axis=0) / 2 + 0.05 * rng.normal(size=x.shape)))
    names = tuple(f"p{index}" for index in range(first, first + count))
    stack = np.stack(pictures)[:, None, None].astype(np.float32)
    return Stacked(stack, np.zeros(count, dtype=int), names, names)


def _shuffled(one: Stacked, seed: int) -> Stacked:
    order = np.random.default_rng(seed).permutation(len(one))
    names = tuple(one.patients[row] for row in order)
    return Stacked(one.stack[order], one.labels[order], names, tuple(one.keys[row] for row in order))


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    train, test, made = _population(0, 60), _population(1000, 50), _population(2000, 50)
    return assess(train=train, test=test, made=made, classes=("all",), quick=True)


def _estimates(value: object) -> Iterator[Estimate]:
    if isinstance(value, Estimate):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _estimates(one)
    elif is_dataclass(value):
        for one in fields(value):
            yield from _estimates(getattr(value, one.name))


def test_every_number_says_its_count_its_method_and_its_interval_or_why_there_is_none(evidence):
    found = list(_estimates(evidence))
    assert len(found) > 30
    for one in found:
        assert one.n > 0
        assert one.method
        assert one.low is None or one.low <= one.high
        assert one.low is not None or one.method.startswith("none claimed")


def test_fidelity_never_stands_without_floor_and_anchors(evidence):
    for one in evidence.likeness.fidelity + evidence.likeness.diversity:
        assert {anchor.name for anchor in one.anchors} == {"train", "augmented", "linear", "blur"}
        assert one.estimate.name == "C2ST" or one.floor is not None


def test_a_record_equals_its_json(evidence):
    assert from_json(to_json(evidence)) == evidence
    assert from_json(to_json(evidence)).sha256 == evidence.sha256


def test_fingerprints_of_sets_do_not_depend_on_order(evidence):
    train, test, made = (
        _shuffled(_population(first, n), 1) for first, n in ((0, 60), (1000, 50), (2000, 50))
    )
    other = assess(train=train, test=test, made=made, classes=("all",), quick=True)
    assert other.data.sets == evidence.data.sets


def test_all_five_areas_have_a_verdict(evidence):
    assert [v.area for v in evidence.verdicts] == [
        "Fidelity",
        "Diversity",
        "Copying",
        "Membership",
        "Utility",
    ]
