"""The record, its page, and the gate."""

import re
from dataclasses import replace

import pytest
from markupsafe import escape

from vesalius.errors import EvidenceError, ReleaseError
from vesalius.evidence.record import Curve, from_json, read_evidence, to_json
from vesalius.evidence.release import gate
from vesalius.evidence.report import number, report, write_evidence


def test_the_page_says_what_the_record_says(honest):
    page = report(honest)
    for verdict in honest.verdicts:
        assert verdict.code in page
    assert "research and decision support only" in page
    assert "Contains real images: internal" in page
    assert all(line in page.replace("&#39;", "'") for line in honest.not_tested)
    assert honest.sha256 in page


def test_the_baselines_of_copying_stand_beside_the_made_pictures(honest):
    linear, augmented = honest.copying.baselines
    assert (linear.name, augmented.name) == ("linear", "augmented")
    assert linear.n == augmented.n == honest.copying.copied.n
    assert linear.found == 0 < augmented.found
    told = f"{augmented.found} of {augmented.n} training images after classical augmentation"
    assert told in report(honest)


def test_variety_and_both_classifiers_stand_beside_augmentation_and_the_linear_model(honest):
    likeness, page = honest.likeness, report(honest)
    assert set(likeness.vendi_anchors) == set(likeness.cluster_anchors) == {"augmented", "linear"}
    assert likeness.vendi_anchors["augmented"].value != likeness.vendi.value
    assert f"linear model {number(likeness.vendi_anchors['linear'].value)}" in page
    kinds = {arm.architecture for arm in honest.utility.arms}
    assert len(kinds) == 2
    for kind in kinds:
        names = {arm.name for arm in honest.utility.arms if arm.architecture == kind}
        assert names == {"real", "real, augmented", "made", "linear"}


def test_each_shown_synthetic_picture_stands_beside_its_nearest_training_picture(honest):
    shown = [re.search(r"synthetic, (\d+) of", one.caption) for one in honest.pictures]
    correlations = [
        value
        for one in honest.pictures
        if one.name.startswith("nearest")
        for value in one.caption.split("Correlation: ")[1].rstrip(".").split(" · ")
    ]
    assert len(correlations) == sum(int(found[1]) for found in shown if found) == 64
    assert len(to_json(honest)) < 3_000_000


@pytest.mark.parametrize("word", ["<script>alert(1)</script>", "a & b", '"><img src=x onerror=y>'])
def test_words_of_a_cohort_cannot_become_markup(word, honest):
    sets = tuple(
        replace(one, per_class={word: 3, **dict(list(one.per_class.items())[1:])}) for one in honest.data.sets
    )
    data = replace(honest.data, classes=(word, *honest.data.classes[1:]), sets=sets, notes=(word,))
    curve = Curve(word, (0.0, 1.0), (1.0, 2.0))
    subject = replace(
        honest.subject,
        name=word,
        generator=word,
        recipe=word,
        remarks=(word,),
        cohorts={word: word},
        curves=(curve,),
    )
    verdicts = (replace(honest.verdicts[0], text=word, limits=word), *honest.verdicts[1:])
    pictures = tuple(replace(one, caption=word) for one in honest.pictures)
    told = replace(honest, data=data, subject=subject, verdicts=verdicts, pictures=pictures)
    page = report(told)
    assert word not in page
    assert str(escape(word)) in page


def test_the_page_needs_nothing_from_elsewhere(honest):
    page = report(honest)
    assert "<script" not in page
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page)
    assert "@import" not in page
    assert page.count("<svg") == page.count("</svg>") >= 2


def test_the_same_record_gives_the_same_page(honest):
    assert report(honest) == report(honest)


def test_the_public_page_shows_synthetic_images_only(honest):
    page = report(honest, public=True)
    assert {picture.contains_real for picture in honest.pictures} == {True, False}
    for picture in honest.pictures:
        assert (picture.png in page) != picture.contains_real


def test_the_public_page_shows_no_copy_and_names_nobody(copied):
    page, record = report(copied, public=True), to_json(copied.public())
    assert all(picture.png not in page for picture in copied.pictures)
    for pair in copied.copying.pairs:
        assert pair.patient not in page
        assert pair.patient not in record
    assert copied.copying.pairs[0].patient in report(copied)


def test_the_public_record_has_the_same_fingerprint(copied):
    assert copied.public().sha256 == copied.sha256
    assert copied.public() != copied


def test_the_name_of_the_study_stands_in_no_public_file(honest, tmp_path):
    named = replace(honest, subject=replace(honest.subject, name="Grace-Hopper-1906"))
    write_evidence(named, tmp_path / "inside")
    write_evidence(named, tmp_path / "outside", public=True)
    assert all(b"Grace-Hopper-1906" in path.read_bytes() for path in (tmp_path / "inside").iterdir())
    for path in (tmp_path / "outside").iterdir():
        assert b"hopper" not in path.read_bytes().lower(), path.name
    inside, outside = (read_evidence(tmp_path / side) for side in ("inside", "outside"))
    assert inside.sha256 == outside.sha256
    assert inside.sha256 in (tmp_path / "outside" / "report.html").read_text()


def test_learning_curves_are_drawn(honest):
    curve = Curve("critic/r1", (0.0, 1.0, 2.0), (3.0, 2.0, 1.0))
    page = report(replace(honest, subject=replace(honest.subject, curves=(curve,))))
    assert "critic/r1" in page


def test_evidence_is_written_whole_and_read_back(honest, tmp_path):
    write_evidence(honest, tmp_path / "out")
    assert read_evidence(tmp_path / "out") == honest
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["evidence.json", "report.html"]


def test_a_foreign_record_is_refused_naming_the_field(honest, tmp_path):
    with pytest.raises(EvidenceError, match="schema"):
        from_json(to_json(honest).replace("vesalius.evidence/1", "vesalius.evidence/9"))
    with pytest.raises(EvidenceError, match="wanted an evidence record"):
        read_evidence(tmp_path / "none.json")


def test_the_gate_is_closed_by_copies(copied):
    with pytest.raises(ReleaseError, match=r"\d+ of 160 synthetic pictures are near copies of \d+ .*m\d+ ~"):
        gate(copied)


def test_the_gate_warns_of_what_was_not_tested(honest):
    warnings = gate(honest)
    assert any(line.startswith("Membership: NOT TESTED") for line in warnings)
    assert any("Exploratory" in line for line in warnings)
