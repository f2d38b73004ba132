"""Cohorts as they come: what fits is learnt, what is changed or left out is said, the rest is refused."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from vesalius import cli


def picture(rng, lesion=False, size=(16, 16)):
    """A bright or dim disc somewhere, in noise."""
    y, x = np.mgrid[0 : 1 : size[0] * 1j, 0 : 1 : size[1] * 1j]
    centre = rng.uniform(0.35, 0.65, 2)
    disc = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < 0.05
    return (disc * (150 if lesion else 80) + rng.normal(40, 8, size)).clip(0, 255).astype(np.uint8)


@pytest.fixture
def train(tmp_path, capsys):
    """Train for a moment on pictures with a person and a label each; exit code and what was said."""

    def trained(rows, minutes="0.003"):
        lines = ["file,patient,label"]
        for index, (values, person, label) in enumerate(rows):
            Image.fromarray(values).save(tmp_path / f"{index}.png")
            lines.append(f"{index}.png,{person},{label}")
        (tmp_path / "metadata.csv").write_text("\n".join(lines))
        words = ["train", "synthesis.conditional_gan", str(tmp_path), "--out", str(tmp_path / "run")]
        code = cli.main([*words, "--size", "16", "--minutes", minutes])
        said = capsys.readouterr()
        return code, " ".join((said.out + said.err).split())

    return trained


def people(count, rare=2, size=lambda _: (16, 16)):
    """One picture each; every `rare`-th has a lesion."""
    rng = np.random.default_rng(0)
    made = []
    for index in range(count):
        is_ill = index % rare == 0
        made.append((picture(rng, is_ill, size(index)), f"p{index}", "ill" if is_ill else "well"))
    return made


def test_pictures_of_several_sizes_are_brought_to_one(train):
    code, said = train(people(24, size=lambda index: (16 + index % 5 * 7, 20 + index % 3 * 9)))
    assert code == 0
    assert "learning from 24 pictures of 24 people (ill 12, well 12)" in said


def test_one_constant_picture_does_not_harm(train):
    rows = people(24)
    rows[7] = (np.full((16, 16), 9, np.uint8), *rows[7][1:])
    assert train(rows)[0] == 0


def test_a_cohort_of_constant_pictures_is_refused(train, tmp_path):
    code, said = train([(np.full((16, 16), 9, np.uint8), *rest) for _, *rest in people(24)])
    assert code == 1
    assert "no two of the 24 usable training pictures of a class differ, wanted some variety" in said
    assert not (tmp_path / "run" / "model").exists()


def test_of_one_person_there_is_a_model_chosen_by_nobody(train):
    code, said = train([(values, "p", label) for values, _, label in people(24)])
    assert code == 0
    assert "learning from 24 pictures of 1 person (ill 12, well 12)" in said
    assert "the last: too few people, or too little time, to choose a better one by" in said
    assert "note: 1 patient(s) are too few to keep some aside: everybody is learnt from" in said


def test_three_pictures_a_class_are_learnt_from_in_small_batches(train):
    code, said = train(people(6))
    assert code == 0
    assert "(ill 3, well 3) game: hinge, batch 4," in " ".join(said.split())


def test_a_class_of_one_in_fifty_is_learnt_beside_the_rest_and_counted(train):
    code, said = train(people(51, rare=50))
    assert code == 0
    assert re.search(r"people \(ill [12], well \d\d\)", said)


def test_pictures_of_other_channels_are_left_out_by_name(train):
    rows = [
        (np.stack([values, values // 2, values], axis=2) if index % 6 == 0 else values, *rest)
        for index, (values, *rest) in enumerate(people(24))
    ]
    code, said = train(rows)
    assert code == 0
    assert "left out: 0.png: picture has 3 channel(s), wanted 1" in said
    assert "warning: 4 of 24 pictures are left out; the first: 0.png: picture has 3 channel(s)" in said
    assert "learning from 20 pictures of 20 people (ill 8, well 12)" in said


def test_where_all_that_is_left_out_is_named_is_said(train, tmp_path):
    rows = [
        (np.stack([values, values // 2, values], axis=2) if index % 5 < 2 else values, *rest)
        for index, (values, *rest) in enumerate(people(24))
    ]
    _, said = train(rows)
    kept = json.loads((tmp_path / "run" / "pictures.json").read_text())
    assert f"left out: {len(kept['problems']) - 5} more; " in said
    assert f"{tmp_path / 'run' / 'pictures.json'} names them all" in said


def test_a_budget_below_one_pass_over_the_pictures_is_said(train):
    code, said = train(people(24), minutes="0.0001")
    assert code == 0
    assert "warning: the budget bought 1 steps of 4 pictures, less than one pass over the" in said


def test_which_generator_was_chosen_and_what_it_starts_from_is_said(train):
    said = " ".join(train(people(24))[1].split())
    assert re.search(r"generator: convnet, width \d+, .*anchor 4,.* critic: width", said)
    assert re.search(r"components kept of ill \d, components kept of well \d", said)
