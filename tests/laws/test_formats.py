"""Laws of pictures on disk and on grids, over many inputs."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vesalius.imaging.body import crop_to, pad_to
from vesalius.imaging.dicom_write import write_dicom
from vesalius.imaging.formats import read_image, read_labels, write_image, write_labels
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import ARBITRARY, HOUNSFIELD, Code, Image, LabelMap, Origin
from vesalius.imaging.intensity import Window
from vesalius.imaging.marks import Mark
from vesalius.imaging.resample import resample, resize, to_plane_size
from vesalius.imaging.sidecar import beside, read_sidecar

MOST_MM = 0.01
MOST_LOST, MOST_JPEG_MM = 6.0, 0.05
MOST = 2.0**100

shapes = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
origins = st.sampled_from(Origin)
millimetres = st.floats(0.05, 20)
places = st.floats(-2000, 2000)
turns = st.floats(-np.pi, np.pi)
whole = st.integers(-(2**15), 2**15 - 1)
marks = st.builds(Mark, origins, st.text(max_size=20), st.just("ab12"), st.none() | st.integers(0, 2**63))


def _turned(angles) -> np.ndarray:
    made = np.eye(3)
    for axis, angle in enumerate(angles):
        turn = np.eye(3)
        i, j = [k for k in range(3) if k != axis]
        turn[[i, i, j, j], [i, j, i, j]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        made = made @ turn
    return made


@st.composite
def matrices(draw) -> np.ndarray:
    """The matrix of any grid: turned, mirrored, sheared a little, anywhere."""
    matrix = np.eye(4)
    matrix[:3, :3] = _turned(draw(st.tuples(turns, turns, turns)))[:, draw(st.permutations(range(3)))]
    matrix[:3, 0] += draw(st.floats(0, 0.3)) * matrix[:3, 1]
    matrix[:3, :3] *= draw(st.tuples(millimetres, millimetres, millimetres))
    matrix[:3, 3] = draw(st.tuples(places, places, places))
    return matrix


def pictures(values, dtype, channels=(1, 2, 3), depths=(1, 5)):
    """What any picture is made of; it is put together in the test, where types are checked."""
    shape = st.tuples(st.sampled_from(channels), st.integers(*depths), st.integers(1, 5), st.integers(1, 5))
    voxels = shape.flatmap(lambda shape: arrays(dtype, shape, elements=values))
    units = st.sampled_from([HOUNSFIELD, ARBITRARY, "Bq/mL"])
    return st.tuples(voxels, matrices(), units, origins, st.sampled_from(["CT", "MR", "OT"]))


def _image(parts) -> Image:
    voxels, matrix, *facts = parts
    kept = voxels if voxels.dtype == np.float64 else voxels.astype(np.float32)
    return Image(torch.from_numpy(kept), Geometry.from_matrix(voxels.shape[1:], matrix), *facts)


def _again(image: Image, name: str, mark: Mark | None, with_sidecar: bool) -> Image:
    with tempfile.TemporaryDirectory() as folder:
        path = write_image(image, Path(folder) / name, mark)
        if not with_sidecar:
            beside(path).unlink()
        return read_image([path])


def _facts(image: Image) -> tuple[str, str]:
    return image.unit, image.modality


@given(
    pictures(st.floats(-MOST, MOST, width=32), np.float32)
    | pictures(whole, np.int16)
    | pictures(st.floats(-MOST, MOST), np.float64),
    st.sampled_from(["a.nii", "a.nii.gz"]),
    st.none() | marks,
    st.booleans(),
)
def test_reading_nifti_undoes_writing_it(parts, name, mark, with_sidecar):
    image = _image(parts)
    again = _again(image, name, mark, with_sidecar)
    assert torch.equal(again.voxels.double(), image.voxels.double())
    assert again.geometry.is_close(image.geometry, tolerance=MOST_MM)
    assert _facts(again) == _facts(image)
    assert again.origin is max(image.origin, mark.origin if mark else Origin.ACQUIRED)


@given(
    pictures(st.integers(0, 65535), np.uint16, (1,), depths=(1, 1))
    | pictures(st.integers(0, 255), np.uint8, (1, 3), depths=(1, 1)),
    st.none() | marks,
    st.booleans(),
)
def test_reading_png_undoes_writing_it(parts, mark, with_sidecar):
    image = _image(parts)
    again = _again(image, "a.png", mark, with_sidecar)
    assert torch.equal(again.voxels, image.voxels)
    assert again.geometry == image.geometry
    assert _facts(again) == _facts(image)
    assert again.origin is max(image.origin, mark.origin if mark else Origin.ACQUIRED)


@given(
    pictures(whole, np.int16, (1, 3)) | pictures(st.floats(-MOST, MOST, width=32), np.float32, (1, 3)),
    st.none() | marks,
    st.booleans(),
)
def test_reading_tiff_undoes_writing_it(parts, mark, with_sidecar):
    image = _image(parts)
    again = _again(image, "a.tif", mark, with_sidecar)
    assert torch.equal(again.voxels, image.voxels)
    assert again.geometry == image.geometry
    assert _facts(again) == _facts(image)
    assert again.origin is max(image.origin, mark.origin if mark else Origin.ACQUIRED)


@given(
    st.lists(st.tuples(st.sampled_from(["a.png", "a.tif", "a.nii.gz", "a.jpg"]), origins), max_size=6),
    origins,
)
def test_writing_one_picture_says_nothing_of_another_one_of_that_stem(steps, said):
    image = Image(torch.zeros(1, 1, 2, 3), Geometry.plain((1, 2, 3)))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.json").write_text(f'{{"origin": "{said.name}", "unit": "Bq/mL"}}')
        last = {}
        for name, origin in steps:
            last[name] = write_image(image.derive(image.voxels, origin), Path(folder) / name), origin
        for path, origin in last.values():
            again = read_image([path])
            assert (again.origin, again.unit) == (max(said, origin), ARBITRARY)
        foreign = read_sidecar(Path(folder) / "a.bmp", None)
        assert (foreign.mark.origin, foreign.unit) == (said, "Bq/mL")


@given(
    shapes,
    origins,
    st.integers(1, 65535),
    st.sampled_from(["a.nii.gz", "a.tif", "a.png"]),
    st.integers(0, 99),
)
def test_reading_labels_undoes_writing_them(shape, origin, most, name, seed):
    shape = (1, *shape[1:]) if name == "a.png" else shape
    values = torch.from_numpy(np.random.default_rng(seed).integers(0, most + 1, (1, *shape)))
    codes = {most: Code("1", "99TEST", "thing", Code("2", "99TEST", "kind") if seed % 2 else None)}
    labels = LabelMap(values, Geometry.plain(shape, (3.0, 2.0, 1.0)), codes, max(origin, Origin.DERIVED))
    with tempfile.TemporaryDirectory() as folder:
        again = read_labels([write_labels(labels, Path(folder) / name)])
    assert torch.equal(again.labels, values)
    assert again.geometry.is_close(labels.geometry)
    assert (dict(again.codes), again.origin) == (codes, labels.origin)


def _phantom(geometry: Geometry, at=(14.0, 9.0, 21.0)) -> Image:
    """A blob off the middle: more to the left, the front and the head than anywhere else."""
    places = np.stack([*np.indices(geometry.shape), np.ones(geometry.shape)], -1) @ geometry.matrix.T
    distance = ((places[..., :3] - at) ** 2).sum(-1)
    voxels = np.rint(200 * np.exp(-distance / 8))
    return Image(torch.from_numpy(voxels).float()[None], geometry)


def _centroid(image: Image) -> np.ndarray:
    weights = image.voxels[0].double().numpy()
    weights = weights - weights.min()
    index = np.array([(axis * weights).sum() for axis in np.indices(weights.shape)]) / weights.sum()
    return np.array(image.geometry.position(tuple(index)))


GRIDS = {
    "axial": Geometry.plain((12, 40, 36), (3.0, 1.0, 1.0)),
    "coronal": Geometry.from_matrix(
        (14, 30, 30), np.array([[0, 0, 1, 0], [2, 0, 0, -5], [0, -1, 0, 36], [0, 0, 0, 1.0]])
    ),
    "sagittal": Geometry.from_matrix(
        (30, 24, 26), np.array([[-1, 0, 0, 29], [0, 0, 1, -4], [0, -1.5, 0, 38], [0, 0, 0, 1.0]])
    ),
    "mirrored": Geometry.from_matrix(
        (12, 40, 36), np.array([[0, 0, -1, 33], [0, -1, 0, 31], [3, 0, 0, 3], [0, 0, 0, 1.0]])
    ),
}


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.tif", "a.png", "dicom"])
def test_an_asymmetric_phantom_keeps_left_front_and_head(tmp_path, grid, name):
    image = _phantom(GRIDS[grid])
    if name == "a.png":
        image = image.slice(int(image.voxels.sum((0, 2, 3)).argmax()))
    if name == "dicom":
        paths = write_dicom(image, tmp_path / "series", Mark(Origin.DERIVED), patient="phantom")
        again = read_image(paths[::-1])
    else:
        again = read_image([write_image(image, tmp_path / name)])
    assert np.linalg.norm(_centroid(again) - _centroid(image)) < MOST_MM
    if name != "a.png":
        assert np.linalg.norm(_centroid(again) - (14, 9, 21)) < 0.2


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("with_sidecar", [True, False])
def test_a_jpeg_keeps_left_front_and_head_as_near_as_its_coding_keeps_values(tmp_path, grid, with_sidecar):
    image = _phantom(GRIDS[grid])
    image = image.slice(int(image.voxels.sum((0, 2, 3)).argmax()))
    path = write_image(image, tmp_path / "a.jpg")
    if not with_sidecar:
        beside(path).unlink()
    again = read_image([path])
    lost = float((again.voxels - image.voxels).abs().max())
    assert 0 < lost < MOST_LOST
    # Ringing is no part of the blob: what is fainter than the loss could be does not weigh.
    again = again.derive((again.voxels - MOST_LOST).clamp(min=0))
    bright = image.derive((image.voxels - MOST_LOST).clamp(min=0))
    assert np.linalg.norm(_centroid(again) - _centroid(bright)) < MOST_JPEG_MM
    for axis in (1, 2):
        turned = bright.derive(bright.voxels.flip(axis + 1))
        assert np.linalg.norm(_centroid(turned) - _centroid(bright)) > 4 * MOST_JPEG_MM


@given(origins, st.lists(origins, max_size=4))
def test_nothing_moves_a_picture_closer_to_the_scanner(origin, steps):
    image = Image(torch.rand(1, 2, 4, 6), Geometry.plain((2, 4, 6)), origin=origin)
    for step in steps:
        image = image.derive(image.voxels, step)
    window = Window(low=0.0, high=1.0, unit=ARBITRARY)
    for made in (
        image.derive(window.forward(image.voxels)),
        image.slice(1),
        crop_to(image, (0, 1, 1), (1, 2, 2)),
        pad_to(image, (4, 6, 8)),
        resize(image, (1, 3, 3)),
        to_plane_size(image, (3, 3)),
        to_plane_size(image, (4, 6)),
        image.onto(image.voxels, image.geometry),
    ):
        assert made.origin >= max([origin, *steps])


@given(
    st.tuples(*(st.integers(0, 4) for _ in range(3))),
    st.tuples(*(st.integers(1, 3) for _ in range(3))),
    st.tuples(*(st.integers(0, 5) for _ in range(3))),
    matrices(),
)
def test_crops_pads_and_slices_keep_every_place(start, shape, more, matrix):
    geometry = Geometry.from_matrix((7, 7, 7), matrix)
    voxels = torch.arange(343.0).reshape(1, 7, 7, 7)
    image = Image(voxels, geometry)
    cut = crop_to(image, start, shape)
    wide = pad_to(cut, tuple(np.add(shape, more).tolist()), value=-1.0)
    for made in (cut, wide, wide.slice(more[0] // 2)):
        for index in np.argwhere(made.voxels[0].numpy() >= 0).tolist():
            number = int(made.voxels[0][tuple(index)])
            was = geometry.position((number // 49, number // 7 % 7, number % 7))
            assert np.allclose(made.geometry.position(tuple(index)), was, atol=1e-6)


@given(st.tuples(*(st.integers(9, 40) for _ in range(3))), st.sampled_from(sorted(GRIDS)))
def test_resizing_keeps_the_centroid(shape, grid):
    image = _phantom(GRIDS[grid])
    made = resize(image, shape)
    step = max(*made.geometry.spacing, *image.geometry.spacing)
    assert np.linalg.norm(_centroid(made) - _centroid(image)) < 0.12 * step


@given(st.floats(0.4, 3.0), st.sampled_from(sorted(GRIDS)))
def test_another_spacing_keeps_the_centroid(spacing, grid):
    image = _phantom(GRIDS[grid])
    matrix = image.geometry.matrix
    matrix[:3, :3] *= spacing / np.array(image.geometry.spacing)
    shape = np.ceil(np.multiply(image.geometry.shape, image.geometry.spacing) / spacing).astype(int) + 1
    made = resample(image, Geometry.from_matrix(tuple(shape.tolist()), matrix))
    assert np.linalg.norm(_centroid(made) - _centroid(image)) < 0.12 * max(3.0, spacing)


@given(st.integers(20, 90), st.integers(20, 90), st.sampled_from([(32, 32), (64, 48), (20, 70)]))
def test_a_plane_size_keeps_the_centroid(rows, columns, size):
    y, x = np.indices((rows, columns))
    blob = np.exp(-((y - rows * 0.4) ** 2 + (x - columns * 0.6) ** 2) / (2 * (min(rows, columns) / 9) ** 2))
    image = Image(
        torch.from_numpy(blob).float()[None, None], Geometry.plain((1, rows, columns), (1.0, 0.7, 0.7))
    )
    made = to_plane_size(image, size)
    assert np.linalg.norm(_centroid(made) - _centroid(image)) < 0.1 * max(made.geometry.spacing[1], 0.7)
