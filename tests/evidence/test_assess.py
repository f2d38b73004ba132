"""Golden cases: sets whose verdict is known beforehand; and sets that must be refused."""

from dataclasses import replace

import numpy as np
import pytest

from vesalius.errors import EvidenceError, LeakageError
from vesalius.evidence.assess import assess
from vesalius.evidence.baselines import blurred
from vesalius.evidence.contract import subset
from vesalius.evidence.report import report


def test_other_real_people_are_close_varied_and_no_copies(honest):
    codes = {verdict.area: verdict.code for verdict in honest.verdicts}
    assert codes == {
        "Fidelity": "CLOSE",
        "Diversity": "COVERED",
        "Copying": "NONE DETECTED",
        "Membership": "NOT TESTED",
        "Utility": "SUBSTITUTE",
    }
    assert all(0.9 < ratio.value < 1.1 for ratio in honest.utility.ratios)


def test_training_pictures_with_noise_are_copies(copied):
    assert copied.verdict("Copying").code == "COPIES FOUND"
    assert copied.copying.copied.value > 0.95
    assert copied.copying.patients_copied > 150


def test_blurred_training_pictures_are_different_and_copies(judged, train, make):
    evidence = judged(make.of(blurred(train.stack, 1.0), train.labels))
    assert evidence.verdict("Fidelity").code == "DIFFERENT"
    assert evidence.verdict("Copying").code == "COPIES FOUND"
    assert evidence.copying.search.near_duplicates > 0


def test_ten_pictures_repeated_are_a_collapse(judged, make):
    others = make.people(2000, 10)
    evidence = judged(make.of(np.repeat(others.stack, 12, axis=0), np.repeat(others.labels, 12)))
    assert evidence.verdict("Diversity").code == "COLLAPSE"


def test_few_training_people_give_no_verdict_on_absence(make):
    train, test, made = (make.one_class(make.people(first, 40)) for first in (0, 1000, 2000))
    evidence = assess(train=train, test=test, made=made, classes=("all",), quick=True)
    assert evidence.verdict("Copying").code == "INSUFFICIENT DATA"
    assert evidence.verdict("Fidelity").code == "INSUFFICIENT DATA"
    assert evidence.utility is None


def _refused(make, **changes):
    sets = {
        "train": make.one_class(make.people(0, 40)),
        "test": make.one_class(make.people(1000, 40)),
        "made": make.one_class(make.people(2000, 40)),
    }
    return assess(**(sets | changes), classes=("all",), quick=True)


def test_a_patient_on_both_sides_is_refused(make):
    with pytest.raises(LeakageError, match="'train' and 'test'"):
        _refused(make, test=make.one_class(make.people(30, 40)))


def test_a_set_with_holes_is_refused(make):
    made = make.people(2000, 40)
    made.stack[3, 0, 0, 5, 5] = np.nan
    with pytest.raises(EvidenceError, match="made set: values from nan"):
        _refused(make, made=made)


def test_sets_of_different_shape_are_refused(make):
    made = make.one_class(make.people(2000, 40))
    with pytest.raises(EvidenceError, match=r"made set: pictures of .*wanted"):
        _refused(make, made=replace(made, stack=made.stack[..., :16]))


def test_too_few_are_refused(make):
    with pytest.raises(EvidenceError, match="made set: 5 pictures, wanted at least 12"):
        _refused(make, made=make.one_class(make.people(2000, 5)))


def test_constant_real_pictures_are_refused(make):
    test = make.one_class(make.people(1000, 40))
    with pytest.raises(EvidenceError, match="all 40 pictures are the same"):
        _refused(make, test=replace(test, stack=np.zeros_like(test.stack)))


def test_a_real_picture_under_two_names_is_set_aside(make):
    train, test = make.one_class(make.people(0, 40)), make.one_class(make.people(1000, 40))
    test.stack[0] = train.stack[0]
    evidence = _refused(make, train=train, test=test)
    assert any(
        "1 picture(s) of the holdout set equal a training picture" in note for note in evidence.data.notes
    )
    assert {one.role: one.images for one in evidence.data.sets}["holdout"] == 39


def test_without_anybody_kept_aside_only_copies_are_looked_for(train):
    few = subset(train, np.arange(len(train)) < 60)
    few = replace(few, patients=tuple("ab"[int(label)] for label in few.labels))
    nobody = subset(few, np.zeros(60, bool))
    noise = np.random.default_rng(0).normal(0, 0.01, few.stack[:20].shape)
    copies = replace(
        subset(few, np.arange(60) < 20), stack=np.clip(few.stack[:20] + noise, -1, 1).astype(np.float32)
    )
    found = assess(train=few, test=nobody, made=copies, classes=("a", "b"), quick=True)
    assert found.likeness is None
    assert [found.verdict(area).code for area in ("Fidelity", "Diversity")] == ["INSUFFICIENT DATA"] * 2
    assert found.verdict("Utility").code == "NOT TESTED"
    assert found.verdict("Copying").code == "COPIES FOUND"
    assert (found.copying.search.calibration, found.copying.search.closeness) == ("none", 0.3)
    assert "may be near somebody" in report(found)
    assert "holdout, linear model" not in report(found)
    assert "Nobody, or too few people, could be kept aside" in report(found)
