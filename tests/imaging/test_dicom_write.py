"""Pictures written as DICOM come back as they were, and say where they come from."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pydicom
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vesalius.errors import DicomError, GeometryError, StorageError, UnitError
from vesalius.imaging.dicom import find_series, read_dicom
from vesalius.imaging.dicom_write import write_dicom
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import ARBITRARY, HOUNSFIELD, Image, Origin
from vesalius.imaging.marks import Mark

MADE = Mark(Origin.SYNTHETIC, "A generator drew it from noise.", "a" * 64, 7, "b" * 64, "0.1.0")


def rotation(angles: tuple[float, float, float]) -> np.ndarray:
    """A right-handed turn by three Euler angles in radians."""
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        i, j = [n for n in range(3) if n != axis]
        step = np.eye(3)
        step[i, i] = step[j, j] = np.cos(angle)
        step[i, j], step[j, i] = -np.sin(angle), np.sin(angle)
        turn = turn @ step
    return turn


def oblique(shape, spacing, angles, corner, lean=(0.0, 0.0)) -> Geometry:
    """A grid turned in space; columns z, y, x of the matrix are right-handed in the order x, y, z.

    Slices lean by parts of a millimetre along y and x for each millimetre, as under a tilted gantry.
    """
    matrix = np.eye(4)
    turned = rotation(angles)[:, ::-1]
    turned[:, 0] += turned[:, 1:] @ lean
    matrix[:3, :3] = turned * np.array(spacing)
    matrix[:3, 3] = corner
    return Geometry.from_matrix(shape, matrix)


lengths = st.floats(0.05, 20)

shapes = st.tuples(st.integers(1, 4), st.integers(1, 7), st.integers(1, 7))

angles = st.tuples(*[st.floats(-3, 3)] * 3)

corners = st.tuples(*[st.floats(-1000, 1000)] * 3)

leans = st.tuples(*[st.sampled_from([0.0, 0.3, -0.2])] * 2)

grids = st.builds(oblique, shapes, st.tuples(lengths, lengths, lengths), angles, corners, leans)

values = st.sampled_from(["bits", "signed", "large", "real", "tiny", "flat"])

units = st.sampled_from([ARBITRARY, HOUNSFIELD, "mm2/s", "Bq/ml"])

origins = st.sampled_from(list(Origin))


def voxels(kind: str, shape: tuple[int, ...], seed: int) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    noise = torch.rand((1, *shape), generator=rng)
    return {
        "bits": (noise * 65535).round(),
        "signed": (noise * 60000 - 30000).round(),
        "large": (noise * 60000).round() + 1_000_000,
        "real": noise * 3000 - 1024,
        "tiny": noise * 1e-7,
        "flat": torch.full_like(noise, 0.1),
    }[kind]


@given(
    grid=grids, kind=values, unit=units, origin=origins, modality=st.sampled_from(["CT", "MR", "DX", "OT"])
)
def test_what_is_written_is_read_back(grid, kind, unit, origin, modality):
    image = Image(voxels(kind, grid.shape, 0), grid, unit, origin, modality)
    with TemporaryDirectory() as folder:
        paths = write_dicom(image, Path(folder) / "out", Mark(Origin.ACQUIRED), patient="7")
        again = read_dicom(paths[::-1])
    assert (again.unit, again.origin, again.modality) == (unit, origin, modality)
    assert again.geometry.is_close(grid, 1e-6)
    step = float(image.voxels.max() - image.voxels.min()) / 65535
    is_whole = kind in ("bits", "signed", "large")
    allowed = 0 if is_whole else step * 0.5001 + float(image.voxels.abs().max()) * 2**-24
    assert float((again.voxels - image.voxels).abs().max()) <= allowed


@given(grid=grids, seed=st.integers(0, 99), top=st.sampled_from([255, 65535]))
def test_colours_are_read_back(grid, seed, top):
    rng = torch.Generator().manual_seed(seed)
    image = Image(torch.randint(0, top + 1, (3, *grid.shape), generator=rng).float(), grid)
    with TemporaryDirectory() as folder:
        again = read_dicom(write_dicom(image, Path(folder) / "out", Mark(Origin.DERIVED), patient="7"))
    assert torch.equal(again.voxels, image.voxels)


def test_the_slices_of_a_tilted_gantry_come_back_leaning(tmp_path):
    grid = oblique((4, 6, 5), (5.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), lean=(0.3, 0.0))
    image = Image(torch.arange(120.0).reshape(1, 4, 6, 5), grid, HOUNSFIELD, modality="CT")
    again = read_dicom(write_dicom(image, tmp_path / "out", Mark(Origin.ACQUIRED), patient="7")[::-1])
    assert torch.equal(again.voxels, image.voxels)
    assert again.geometry.position((3, 0, 0)) == pytest.approx((0.0, 4.5, 15.0))
    assert again.notes == ("slices are stacked at 16.7 degrees to their normal (gantry tilt)",)


def test_a_mirrored_grid_comes_back_in_the_other_order_where_it_lies(tmp_path):
    matrix = np.diag([1.0, 1.0, 1.0, 1.0])[:, [2, 1, 0, 3]] * [-2, 1, 1, 1]
    grid = Geometry.from_matrix((3, 4, 5), matrix)
    image = Image(torch.arange(60.0).reshape(1, 3, 4, 5), grid)
    again = read_dicom(write_dicom(image, tmp_path / "out", Mark(Origin.ACQUIRED), patient="7"))
    assert torch.equal(again.voxels, image.voxels.flip(1))
    assert again.geometry.position((0, 0, 0)) == pytest.approx(grid.position((2, 0, 0)))


def centroid(image: Image) -> np.ndarray:
    """Centre of mass in patient space, millimetres."""
    weight = image.voxels[0].double().numpy()
    where = np.indices(weight.shape).reshape(3, -1)
    index = (where * weight.ravel()).sum(1) / weight.sum()
    return (image.geometry.matrix @ [*index, 1])[:3]


def test_an_asymmetric_phantom_keeps_left_front_and_head(tmp_path):
    grid = Geometry.plain((12, 20, 16), (3.0, 0.9, 0.7), (-5.0, -9.0, 40.0))
    body = torch.zeros(1, 12, 20, 16)
    body[0, 10:, 1:4, 12:15] = 500  # towards the head, the front and the left
    body[0, 3, 10, 8] = 100
    image = Image(body, grid, HOUNSFIELD, modality="CT")
    again = read_dicom(write_dicom(image, tmp_path / "out", Mark(Origin.ACQUIRED), patient="7"))
    assert np.abs(centroid(again) - centroid(image)).max() < 0.01
    left, back, head = centroid(again) - np.array(grid.position((5.5, 9.5, 7.5)))
    assert left > 2
    assert back < -4
    assert head > 10
    first = pydicom.dcmread(tmp_path / "out" / "0001.dcm")
    assert [float(v) for v in first.ImageOrientationPatient] == [1, 0, 0, 0, 1, 0]
    assert [float(v) for v in first.PixelSpacing] == [0.9, 0.7]


def made(shape=(2, 8, 8)) -> Image:
    grid = Geometry.plain(shape)
    return Image(torch.rand(1, *shape) * 1000, grid, HOUNSFIELD, Origin.SYNTHETIC, "CT")


def test_the_same_content_has_the_same_uids_and_any_other_has_not(tmp_path):
    image = made()

    def uids(name: str, picture: Image, mark: Mark, patient: str = "1") -> tuple[str, ...]:
        said = pydicom.dcmread(write_dicom(picture, tmp_path / name, mark, patient=patient)[0])
        return said.StudyInstanceUID, said.SeriesInstanceUID, said.SOPInstanceUID, said.FrameOfReferenceUID

    first = uids("a", image, MADE)
    assert len(set(first)) == 4
    assert uids("b", image, MADE) == first
    others = [
        uids("c", image.derive(image.voxels + 1), MADE),
        uids("d", image, replace(MADE, seed=8)),
        uids("e", image, MADE, "2"),
    ]
    assert len({uid for group in (first, *others) for uid in group}) == 16


def test_a_survey_finds_what_was_written(tmp_path):
    write_dicom(made((5, 8, 8)), tmp_path / "out", MADE, patient="1")
    (series,) = find_series(tmp_path).series
    assert (series.patient, series.modality, series.slices, series.warnings) == ("SYN-1", "CT", 5, ())


@pytest.mark.parametrize(
    ("image", "error", "named"),
    [
        (Image(torch.full((1, 1, 2, 2), torch.nan), Geometry.plain((1, 2, 2))), DicomError, "not finite"),
        (Image(torch.zeros(2, 1, 2, 2), Geometry.plain((1, 2, 2))), DicomError, "2 channels"),
        (Image(torch.full((3, 1, 2, 2), -1.0), Geometry.plain((1, 2, 2))), DicomError, "-1"),
        (Image(torch.zeros(3, 1, 2, 2), Geometry.plain((1, 2, 2)), HOUNSFIELD), UnitError, "hnsf"),
        (Image(torch.zeros(1, 1, 2, 2), Geometry.plain((1, 2, 2)), "m" * 17), UnitError, "16 characters"),
    ],
)
def test_what_dicom_cannot_hold_is_refused_and_nothing_is_left(image, error, named, tmp_path):
    with pytest.raises(error, match=named):
        write_dicom(image, tmp_path / "out", Mark(Origin.ACQUIRED), patient="1")
    assert list(tmp_path.iterdir()) == []


def test_rows_and_columns_must_be_at_right_angles(tmp_path):
    matrix = np.eye(4)[:, [2, 1, 0, 3]]
    matrix[0, 1] = 0.3
    image = Image(torch.zeros(1, 2, 3, 3), Geometry.from_matrix((2, 3, 3), matrix))
    with pytest.raises(GeometryError, match="right angles"):
        write_dicom(image, tmp_path / "out", Mark(Origin.ACQUIRED), patient="1")


@pytest.mark.parametrize("patient", ["", "a\\b", "x" * 70, "line\nbreak"])
def test_a_patient_must_be_dicom_text(patient, tmp_path):
    with pytest.raises(DicomError, match="patient is"):
        write_dicom(made(), tmp_path / "out", MADE, patient=patient)


def test_a_folder_that_exists_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(StorageError, match="exists already"):
        write_dicom(made(), tmp_path / "out", MADE, patient="1")
