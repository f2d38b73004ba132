"""What a modality allows, and why not the rest."""

import pytest

from vesalius.errors import RecipeError
from vesalius.imaging.image import ARBITRARY, HOUNSFIELD
from vesalius.objectives.augment import Augment
from vesalius.recipes.augmentation import augment_for, forbidden, refuse_forbidden


@pytest.mark.parametrize(
    ("modality", "unit", "names"),
    [
        ("CT", HOUNSFIELD, {"brightness", "contrast", "bias", "flip"}),
        ("PT", "Bq/mL", {"brightness", "contrast", "bias", "flip"}),
        ("MR", "ms", {"brightness", "contrast", "bias", "flip"}),
        ("MR", ARBITRARY, {"flip"}),
        ("DX", ARBITRARY, {"bias", "flip"}),
        ("MG", ARBITRARY, {"bias", "flip"}),
        ("SM", ARBITRARY, {"bias"}),
        ("OT", ARBITRARY, set()),
        ("OT", HOUNSFIELD, {"brightness", "contrast", "bias"}),
    ],
)
def test_what_is_forbidden_follows_modality_and_unit(modality, unit, names):
    assert set(forbidden(modality, unit)) == names
    assert all(reason.strip() for reason in forbidden(modality, unit).values())


@pytest.mark.parametrize("unit", [ARBITRARY, HOUNSFIELD])
@pytest.mark.parametrize("modality", ["CT", "DX", "MR", "OT", "SM"])
def test_the_augmentation_of_a_modality_has_nothing_forbidden(modality, unit):
    refuse_forbidden(augment_for(modality, unit), modality, unit)


def test_the_strengths_of_the_first_engine_stand():
    assert augment_for("DX", ARBITRARY) == Augment()
    assert augment_for("CT", HOUNSFIELD) == Augment(brightness=0.0, contrast=0.0)


def test_a_flip_of_a_radiograph_is_refused_with_its_reason():
    with pytest.raises(RecipeError, match=r"augment.flip is True, wanted it off: left and right"):
        refuse_forbidden(Augment(flip=True), "DX", ARBITRARY)
    refuse_forbidden(Augment(flip=True), "SM", ARBITRARY)
