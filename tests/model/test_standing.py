"""A model that was found to copy carries it, until it is another model."""

from dataclasses import replace

import pytest

from vesalius.errors import ModelError, ReleaseError
from vesalius.model.standing import Standing, leave_standing, read_standing, refuse_copier

CLEAN = Standing(model="a1" * 32, copying="NONE DETECTED", evidence="e" * 64, report="out/report.html")
COPIER = replace(CLEAN, copying="COPIES FOUND", evidence="f" * 64, report="proof/report.html")


def test_a_model_that_was_never_assessed_stands_under_no_verdict(tmp_path):
    assert read_standing(tmp_path) is None
    refuse_copier(tmp_path, CLEAN.model)


def test_a_verdict_reads_back(tmp_path):
    leave_standing(CLEAN, tmp_path)
    assert read_standing(tmp_path) == CLEAN
    assert [file.name for file in tmp_path.iterdir()] == ["verdict.json"]
    refuse_copier(tmp_path, CLEAN.model)


def test_a_copier_is_refused_naming_the_report(tmp_path):
    leave_standing(CLEAN, tmp_path)
    leave_standing(COPIER, tmp_path)
    with pytest.raises(ReleaseError, match=r"model a1a1a1a1a1a1 was found to copy .* see proof/report.html"):
        refuse_copier(tmp_path, CLEAN.model)


def test_copies_stay_found_when_other_pictures_of_the_model_have_none(tmp_path):
    leave_standing(COPIER, tmp_path)
    leave_standing(CLEAN, tmp_path)
    assert read_standing(tmp_path) == COPIER


def test_other_weights_do_not_stand_under_the_verdict(tmp_path):
    leave_standing(COPIER, tmp_path)
    refuse_copier(tmp_path, "b2" * 32)
    other = replace(CLEAN, model="b2" * 32)
    leave_standing(other, tmp_path)
    assert read_standing(tmp_path) == other


@pytest.mark.parametrize("text", ["", "[]", '{"model": "a1"}'])
def test_a_verdict_that_cannot_be_read_lets_nothing_out_and_gives_way_to_another(text, tmp_path):
    (tmp_path / "verdict.json").write_text(text)
    with pytest.raises(ModelError, match=r"verdict.json: verdict cannot be read .*, assess anew"):
        refuse_copier(tmp_path, CLEAN.model)
    leave_standing(CLEAN, tmp_path)
    assert read_standing(tmp_path) == CLEAN
