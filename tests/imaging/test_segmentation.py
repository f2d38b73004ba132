"""Label maps written as DICOM SEG come back on their grid, with their meaning and origin."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest
import torch

from vesalius.errors import DicomError, GeometryError
from vesalius.imaging.dicom_write import read_mark, write_dicom
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import HOUNSFIELD, Code, Image, LabelMap, Origin
from vesalius.imaging.marks import Mark
from vesalius.imaging.segmentation import read_segmentation, write_segmentation

LIVER = Code("10200004", "SCT", "Liver structure")
MASS = Code("4147007", "SCT", "Mass")
BONE = Code("3138006", "SCT", "Bone")
DRAWN = Mark(Origin.DERIVED, "Drawn by a reader.")


def oblique(shape: tuple[int, int, int]) -> Geometry:
    """A grid turned by 30 degrees about the long axis of the patient."""
    cosine, sine = np.cos(np.pi / 6), 0.5
    matrix = np.array([[0, -sine, cosine, -10], [0, cosine, sine, 5], [2.5, 0, 0, 40], [0, 0, 0, 1]])
    matrix[:3, 1:3] *= (0.9, 0.7)
    return Geometry.from_matrix(shape, matrix)


def sources(folder, geometry: Geometry, origin: Origin = Origin.ACQUIRED):
    image = Image(torch.rand(1, *geometry.shape) * 100, geometry, HOUNSFIELD, origin, "CT")
    return write_dicom(image, folder / "ct", Mark(origin), patient="P1")


def drawn(geometry: Geometry) -> LabelMap:
    labels = torch.zeros(1, *geometry.shape, dtype=torch.int64)
    labels[0, -1, 1:3, 2:5] = 1
    labels[0, 0, :2, -2:] = 2
    return LabelMap(labels, geometry, {1: LIVER, 2: MASS})


@pytest.mark.parametrize(
    "geometry", [Geometry.plain((4, 6, 9), (2.0, 0.5, 0.7)), oblique((4, 6, 9)), oblique((1, 6, 9))]
)
def test_what_is_written_is_read_back(geometry, tmp_path):
    labels = drawn(geometry)
    write_segmentation(labels, tmp_path / "seg.dcm", sources(tmp_path, geometry)[::-1], DRAWN)
    again = read_segmentation(tmp_path / "seg.dcm")
    assert torch.equal(again.labels, labels.labels)
    assert again.geometry.is_close(geometry)
    assert again.codes == labels.codes
    assert again.origin is Origin.DERIVED
    assert read_mark(tmp_path / "seg.dcm") == DRAWN


def test_a_map_of_a_synthetic_picture_is_synthetic(tmp_path):
    geometry = Geometry.plain((2, 6, 9))
    paths = sources(tmp_path, geometry, Origin.SYNTHETIC)
    write_segmentation(drawn(geometry), tmp_path / "seg.dcm", paths, DRAWN)
    said = pydicom.dcmread(tmp_path / "seg.dcm")
    assert said.SyntheticData == "YES"
    assert said.SeriesDescription.startswith("SYNTHETIC")
    assert said.PatientID == "SYN-P1"
    assert list(said.ImageType)[:2] == ["DERIVED", "PRIMARY"]
    assert read_segmentation(tmp_path / "seg.dcm").origin is Origin.SYNTHETIC


def test_an_empty_map_and_classes_without_a_code_come_back(tmp_path):
    geometry = Geometry.plain((3, 6, 9))
    paths = sources(tmp_path, geometry)
    empty = LabelMap(torch.zeros(1, 3, 6, 9, dtype=torch.int64), geometry)
    write_segmentation(empty, tmp_path / "empty.dcm", paths, DRAWN)
    assert not read_segmentation(tmp_path / "empty.dcm").labels.any()
    nameless = replace(drawn(geometry), codes={2: MASS})
    write_segmentation(nameless, tmp_path / "seg.dcm", paths, DRAWN)
    again = read_segmentation(tmp_path / "seg.dcm")
    assert again.codes == {2: MASS}
    assert torch.equal(again.labels, nameless.labels)


def test_the_code_of_a_class_decides_what_kind_of_thing_it_is(tmp_path):
    geometry = Geometry.plain((2, 6, 9))
    labels = torch.arange(5)[None, None, None, :].expand(1, 2, 6, 5)
    labels = LabelMap(torch.nn.functional.pad(labels, (0, 4)), geometry, {1: LIVER, 2: MASS, 3: BONE})
    write_segmentation(labels, tmp_path / "seg.dcm", sources(tmp_path, geometry), DRAWN)
    segments = pydicom.dcmread(tmp_path / "seg.dcm").SegmentSequence
    said = [each.SegmentedPropertyCategoryCodeSequence[0] for each in segments]
    assert [item.CodeValue for item in said] == ["91723000", "49755003", "85756007", "85756007"]
    assert {item.CodingSchemeDesignator for item in said} == {"SCT"}
    assert read_segmentation(tmp_path / "seg.dcm").codes == labels.codes


def test_a_category_of_its_own_comes_back(tmp_path):
    geometry = Geometry.plain((2, 6, 9))
    substance = Code("91720002", "SCT", "Body Substance")
    labels = replace(drawn(geometry), codes={1: replace(LIVER, category=substance), 2: MASS})
    write_segmentation(labels, tmp_path / "seg.dcm", sources(tmp_path, geometry), DRAWN)
    assert read_segmentation(tmp_path / "seg.dcm").codes == labels.codes
    said = pydicom.dcmread(tmp_path / "seg.dcm").SegmentSequence[0].SegmentedPropertyCategoryCodeSequence[0]
    assert (said.CodeValue, said.CodeMeaning) == ("91720002", "Body Substance")


def test_labels_on_another_grid_are_refused(tmp_path):
    paths = sources(tmp_path, Geometry.plain((3, 6, 9)))
    elsewhere = drawn(Geometry.plain((3, 6, 9), origin=(1.0, 0.0, 0.0)))
    with pytest.raises(GeometryError, match="wanted the grid of their sources"):
        write_segmentation(elsewhere, tmp_path / "seg.dcm", paths, DRAWN)
    assert not (tmp_path / "seg.dcm").exists()


def test_a_picture_is_no_segmentation(tmp_path):
    paths = sources(tmp_path, Geometry.plain((1, 6, 9)))
    with pytest.raises(DicomError, match="Segmentation Type"):
        read_segmentation(paths[0])


def test_another_meaning_of_the_same_mask_is_another_object(tmp_path):
    geometry = Geometry.plain((2, 6, 9))
    paths = sources(tmp_path, geometry)
    uids = set()
    for code in (LIVER, MASS):
        write_segmentation(replace(drawn(geometry), codes={1: code}), tmp_path / "seg.dcm", paths, DRAWN)
        uids.add(pydicom.dcmread(tmp_path / "seg.dcm").SOPInstanceUID)
    assert len(uids) == 2


def test_labels_without_sources_are_refused(tmp_path):
    with pytest.raises(DicomError, match="labels have no source"):
        write_segmentation(drawn(Geometry.plain((2, 6, 9))), tmp_path / "seg.dcm", [], DRAWN)


def test_frames_without_positions_are_never_laid_onto_each_other(tmp_path):
    geometry = Geometry.plain((3, 6, 9))
    write_segmentation(drawn(geometry), tmp_path / "seg.dcm", sources(tmp_path, geometry), DRAWN)
    said = pydicom.dcmread(tmp_path / "seg.dcm")
    for group in said.PerFrameFunctionalGroupsSequence:
        del group.PlanePositionSequence
    said.save_as(tmp_path / "seg.dcm")
    with pytest.raises(GeometryError, match="frames have no positions"):
        read_segmentation(tmp_path / "seg.dcm")


@pytest.mark.parametrize("there", [[0, 1, 4], [0, 4], [0, 2, 4]])
def test_slices_left_out_are_background(tmp_path, there):
    geometry = Geometry.plain((5, 6, 9), (2.0, 1.0, 1.0))
    labels = torch.zeros(1, 5, 6, 9, dtype=torch.int64)
    labels[0, there, 2, 2] = 1
    write_segmentation(
        LabelMap(labels, geometry, {1: LIVER}), tmp_path / "seg.dcm", sources(tmp_path, geometry), DRAWN
    )
    said = pydicom.dcmread(tmp_path / "seg.dcm")
    bits = said.pixel_array
    kept = [n for n, frame in enumerate(bits) if frame.any()]
    assert len(kept) == len(there)
    said.PerFrameFunctionalGroupsSequence = [said.PerFrameFunctionalGroupsSequence[n] for n in kept]
    said.NumberOfFrames = len(kept)
    packed = np.packbits(bits[kept].ravel(), bitorder="little").tobytes()
    said.PixelData = packed + b"\0" * (len(packed) % 2)
    said.save_as(tmp_path / "seg.dcm")
    again = read_segmentation(tmp_path / "seg.dcm")
    assert torch.equal(again.labels, labels)
    assert again.geometry.is_close(geometry)


def test_steps_on_which_the_frames_do_not_lie_are_not_believed(tmp_path):
    geometry = Geometry.plain((3, 6, 9), (2.0, 1.0, 1.0))
    write_segmentation(drawn(geometry), tmp_path / "seg.dcm", sources(tmp_path, geometry), DRAWN)
    said = pydicom.dcmread(tmp_path / "seg.dcm")
    for step in (3.0, 0.7, None):
        said.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices = step
        said.save_as(tmp_path / "seg.dcm")
        assert read_segmentation(tmp_path / "seg.dcm").geometry.is_close(geometry)


def test_frames_that_span_more_than_any_memory_are_refused(tmp_path):
    geometry = Geometry.plain((2, 6, 9), (1000.0, 1.0, 1.0))
    write_segmentation(drawn(geometry), tmp_path / "seg.dcm", sources(tmp_path, geometry), DRAWN)
    said = pydicom.dcmread(tmp_path / "seg.dcm")
    said.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices = 1e-4
    said.save_as(tmp_path / "seg.dcm")
    with pytest.raises(GeometryError, match="span 540000054 voxels, wanted at most"):
        read_segmentation(tmp_path / "seg.dcm")


def test_all_encodings_of_a_liver_are_one_map(data):
    folder = data("dicom_mixed") / "variety"
    plain = read_segmentation(folder / "liver.dcm")
    assert plain.labels.any()
    assert plain.codes[1].meaning == "Liver"
    for name in ("liver_rle.dcm", "liver_deflate.dcm", "liver_j2k.dcm"):
        again = read_segmentation(folder / name)
        assert torch.equal(again.labels, plain.labels)
        assert again.geometry.is_close(plain.geometry)
