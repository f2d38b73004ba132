"""People of known truth are what they claim to be."""

import numpy as np
import pytest
import torch

from vesalius.cohort.anatomy import person
from vesalius.cohort.phantom import phantom, phantom_cohort
from vesalius.cohort.scanner import MATTER, signal


def pictures(cohort) -> np.ndarray:
    return np.stack([case.image().voxels.numpy().ravel() for case in cohort.cases])


def test_a_person_is_the_same_however_many_there_are():
    few, many = phantom_cohort(3, size=32), phantom_cohort(9, size=32)
    assert [case.key for case in few.cases] == [case.key for case in many.cases[:3]]
    assert np.array_equal(pictures(few), pictures(many)[:3])
    assert few.cases[2].facts == many.cases[2].facts


def test_another_seed_gives_other_people():
    assert not np.array_equal(
        pictures(phantom_cohort(2, size=32)), pictures(phantom_cohort(2, size=32, seed=1))
    )


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_the_share_of_lesions_is_met_by_the_first_n_for_every_n(share: float):
    for n in (1, 7, 40):
        ill = sum(person(3, i, lesion_share=share).lesion is not None for i in range(n))
        assert abs(ill - share * n) <= 1.5


def test_the_mask_is_the_lesion_and_the_label_says_so():
    for case in phantom_cohort(20, size=64).cases:
        assert bool((case.mask().labels == 1).any()) == (case.facts["label"] == "lesion")


def test_hounsfield_units_are_true():
    seen = phantom(0, 0, size=128, noise=0.0)
    voxels, lesion = seen.image.voxels[0, 0], seen.mask.labels[0, 0] == 1
    assert seen.image.unit == "[hnsf'U]"
    assert voxels[:4].eq(-1000).all()
    inner = torch.nn.functional.avg_pool2d(lesion[None].float(), 3, 1, 1)[0] == 1
    assert voxels[inner].numpy() == pytest.approx(MATTER["lesion"].hounsfield, abs=1)
    for tissue in ("lung", "fat", "soft", "blood"):
        assert (voxels - MATTER[tissue].hounsfield).abs().lt(0.5).sum() > 20, tissue
    assert voxels.max() <= MATTER["bone"].hounsfield + 1e-3


def test_noise_has_the_strength_of_the_scanner():
    clean, noisy = (phantom(0, 0, noise=level).image.voxels for level in (0.0, 1.0))
    assert float((noisy - clean).std()) == pytest.approx(25, rel=0.05)
    magnitude = phantom(0, 0, modality="MR").image.voxels
    assert float(magnitude.min()) >= 0
    air = magnitude[0, 0, :3].flatten()
    assert float(air.mean()) == pytest.approx(25 * np.sqrt(np.pi / 2), rel=0.1)


def test_two_contrasts_lie_on_one_grid_and_follow_from_the_tissue():
    seen = phantom(1, 4, modality="MR", noise=0.0, size=96)
    first, second = seen.images["t1"], seen.images["t2"]
    assert first.geometry == second.geometry
    assert first.unit == "1"
    assert seen.image is first
    for tissue in ("fat", "soft", "blood"):
        pure = (first.voxels - signal(tissue, "t1")).abs() < 1e-2
        assert pure.sum() > 20
        assert second.voxels[pure].numpy() == pytest.approx(signal(tissue, "t2"), abs=0.5)


def test_the_heart_lies_left_in_front_and_the_spine_behind():
    voxels = phantom(0, 1, size=128, noise=0.0, lesion_share=0.0).image.voxels[0, 0]
    rows, columns = torch.nonzero((voxels - MATTER["blood"].hounsfield).abs() < 1, as_tuple=True)
    assert columns.float().mean() > 66
    assert rows.float().mean() < 66
    marrow = torch.nonzero((voxels - MATTER["marrow"].hounsfield).abs() < 1)
    assert marrow[:, 0].float().mean() > 80


def test_the_liver_lies_right_and_towards_the_feet():
    seen = phantom(0, 1, size=64, slices=24, noise=0.0, lesion_share=0.0)
    index = torch.nonzero((seen.image.voxels[0] - MATTER["liver"].hounsfield).abs() < 1).float().mean(0)
    left, _, head = seen.image.geometry.position((float(index[0]), float(index[1]), float(index[2])))
    assert left < -20
    assert head < -60


def test_a_radiograph_hangs_as_it_should():
    seen = phantom(0, 1, modality="DX", noise=0.0, lesion_share=0.0)
    assert seen.image.geometry.position((0, 0, 0))[2] > 0 > seen.image.geometry.position((0, 63, 0))[2]
    lungs = seen.image.voxels[0, 0, 20:44]
    assert lungs[:, 40:48].mean() > lungs[:, 16:24].mean()


def test_edges_are_smooth():
    voxels = phantom(0, 1, noise=0.0).image.voxels.flatten()
    pure = torch.tensor([matter.hounsfield for matter in MATTER.values()])
    mixed = (voxels[:, None] - pure).abs().amin(1) > 1
    assert 0.05 < mixed.float().mean() < 0.5


def test_pictures_of_one_person_differ_less_than_people_do():
    cohort = phantom_cohort(12, size=32, pictures_per_patient=2)
    rows = pictures(cohort)
    rows = rows - rows.mean(1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    alike = rows @ rows.T
    own = alike[np.arange(0, 24, 2), np.arange(1, 24, 2)]
    others = alike[::2, 1::2][~np.eye(12, dtype=bool)]
    assert own.max() < 0.9999
    assert np.median(own) > np.median(others)
    assert len(cohort.patients) == 12


def test_women_are_smaller_than_men():
    bodies = {"F": [], "M": []}
    for i in range(60):
        somebody = person(0, i)
        bodies[somebody.sex].append(somebody.cavity.radii[0])
    assert np.mean(bodies["F"]) < np.mean(bodies["M"])


@pytest.mark.parametrize("modality", ["CT", "MR", "DX"])
def test_a_lesion_stands_out_from_the_noise(modality):
    healthy, ill = (phantom(2, 5, modality=modality, lesion_share=share) for share in (0.0, 1.0))
    where = ill.mask.labels[0] == 1
    noise = (
        phantom(2, 5, modality=modality, noise=0.0, lesion_share=0.0).image.voxels - healthy.image.voxels
    ).std()
    assert where.sum() > 10
    assert (ill.image.voxels - healthy.image.voxels)[0][where].mean() > 4 * noise


def test_a_radiograph_of_several_slices_is_refused():
    with pytest.raises(ValueError, match="3 slice"):
        phantom(0, slices=3, modality="DX")
