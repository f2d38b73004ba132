"""The law of plain DICOM series: the quick way gives what the careful one gives, or gives way."""

import random
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from vesalius.errors import ImagingError
from vesalius.imaging import dicom, stack
from vesalius.imaging.decode import LIMITS
from vesalius.imaging.dicom import read_dicom
from vesalius.imaging.header import read_header
from vesalius.imaging.image import Image
from vesalius.imaging.sketch import HeaderReader

numbers = st.sampled_from(["1", "0.5", "-1.25", "2", "1e-3", "0.1"])
syntaxes = st.sampled_from([ExplicitVRLittleEndian, ImplicitVRLittleEndian])


def carefully(paths) -> Image:
    """The picture by pydicom alone: headers file by file, pixels from the child process."""
    headers = [replace(read_header(path), plain=None) for path in paths]
    for header in headers:
        header.require_pixels()
    if len({header.series for header in headers}) != 1:
        raise ImagingError("files of several series")
    return dicom._image(stack.stacked(headers), LIMITS)


def same(first: Image, second: Image) -> bool:
    return (
        first.voxels.dtype == second.voxels.dtype
        and np.array_equal(first.voxels.numpy(), second.voxels.numpy(), equal_nan=True)
        and (first.geometry, first.unit, first.origin) == (second.geometry, second.unit, second.origin)
        and (first.modality, first.notes) == (second.modality, second.notes)
    )


def outcome(read, paths) -> Image | None:
    """What comes of reading; nothing where it is refused."""
    try:
        return read(paths)
    except ImagingError:
        return None


@st.composite
def series(draw) -> list[Dataset]:
    """Plain files that may differ in anything."""
    bits = draw(st.sampled_from([(8, 8, 7), (16, 16, 15), (16, 12, 11), (16, 12, 15), (16, 10, 12)]))
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    common = {
        "Modality": draw(st.sampled_from(["CT", "MR", "PT"])),
        "PhotometricInterpretation": draw(st.sampled_from(["MONOCHROME1", "MONOCHROME2"])),
        "PixelRepresentation": draw(st.integers(0, 1)),
        "RescaleSlope": draw(st.none() | numbers),
        "RescaleIntercept": draw(st.none() | st.sampled_from(["0", "-1024", "0.25", "100000000"])),
        "ImageType": draw(st.sampled_from([["ORIGINAL", "PRIMARY"], ["DERIVED", "SECONDARY"], ["ORIGINAL"]])),
        "SyntheticData": draw(st.sampled_from([None, "YES", "NO"])),
        "PatientName": draw(st.sampled_from([None, "A^B", "Müller"])),
    }
    syntax, order = draw(syntaxes), draw(st.permutations(range(draw(st.integers(1, 4)))))
    files = []
    for n in order:
        values = rng.integers(0, 2 ** bits[0], (rows, columns)).astype(f"u{bits[0] // 8}")
        files.append(_file(syntax, bits, values, common, n, draw))
    return files


def _file(syntax, bits, values, common, n, draw) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, f"1.2.{n + 8}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.PatientID = "1.2.3", "1.2.4", "P1"
    dataset.InstanceNumber = draw(st.sampled_from([n, 0]))
    dataset.ContentTime = f"1200{n:02d}"
    dataset.ImagePositionPatient = [10, 20, 2.5 * n]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing, dataset.SliceThickness = [0.5, 0.8], 2
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = *values.shape, 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits
    changed = draw(st.sampled_from([{}] * 4 + [{"RescaleSlope": "3"}, {"SliceThickness": 3}, {"Rows": 1}]))
    for keyword, value in {**common, **changed}.items():
        if value is not None:
            setattr(dataset, keyword, value)
    if draw(st.booleans()):
        dataset.ContributingEquipmentSequence = [_nested(draw(st.booleans()))]
        dataset["ContributingEquipmentSequence"].is_undefined_length = draw(st.booleans())
        dataset.add_new(0x00091001, "UN", b"\xe0\x7f\x10\x00" * draw(st.integers(0, 2)))
    data = values.tobytes() + b"\0" * (values.nbytes % 2)
    dataset.add_new("PixelData", "OW" if bits[0] == 16 else "OB", data)
    return dataset


def _nested(is_open: bool) -> Dataset:
    item, inner = Dataset(), Dataset()
    inner.CodeValue, inner.CodingSchemeDesignator, inner.CodeMeaning = "109102", "DCM", "Processing"
    inner.is_undefined_length_sequence_item = is_open
    item.PurposeOfReferenceCodeSequence = [inner]
    item.is_undefined_length_sequence_item = is_open
    return item


def written(folder: str, files: list[Dataset]) -> list[Path]:
    paths = [Path(folder) / f"{n}.dcm" for n in range(len(files))]
    for path, dataset in zip(paths, files, strict=True):
        dataset.save_as(path, enforce_file_format=True)
    return paths


@given(series())
def test_the_quick_way_gives_the_same_picture(files):
    with tempfile.TemporaryDirectory() as folder:
        paths = written(folder, files)
        reader = HeaderReader()
        assert [reader.read(path) for path in paths] == [read_header(path) for path in paths]
        quick, careful = outcome(read_dicom, paths), outcome(carefully, paths)
        assert (quick is None) == (careful is None)
        assert quick is None or same(quick, careful)


def damaged(whole: bytes, rng: random.Random, reach: int) -> bytes:
    """A file of which some bytes before its pixels are others, more or fewer, or that ends early."""
    content = bytearray(whole)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(128, reach)
        kind = rng.randrange(6)
        if kind == 0:
            content[at] = rng.randrange(256)
        elif kind == 1:
            content[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del content[at : at + rng.randint(1, 9)]
        elif kind == 3:
            content[at:at] = rng.choice((b"\0", b" ", b"\\", b"1", b"\xff\xff\xff\xff", b"SQ"))
        elif kind == 4:
            there = rng.randrange(128, reach)
            content[at : at + 8] = content[there : there + 8]
        else:
            del content[rng.randrange(at, len(content)) :]
            reach = min(reach, len(content))
    return bytes(content)


def refused_or_same(paths, whole: bytes, reach: int, times: int, seed: int) -> int:
    """Damage the last file many times over; give how often the quick way was gone to the end."""
    rng, quick = random.Random(seed), 0
    for _ in range(times):
        paths[-1].write_bytes(damaged(whole, rng, reach))
        reader = HeaderReader()
        found = []
        for path in paths[:-1]:
            reader.read(path)
        for read in (reader.read, read_header):
            try:
                found.append(read(paths[-1]))
            except ImagingError as error:
                found.append(str(error))
        assert found[0] == found[1], paths[-1].read_bytes()[128:reach]
        quick += not isinstance(found[0], str)
    return quick


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_a_damaged_header_is_read_as_carefully_as_without_its_twins(syntax, tmp_path, ct_file):
    paths = [ct_file(tmp_path / f"{n}.dcm", n, syntax) for n in range(2)]
    whole = paths[-1].read_bytes()
    assert refused_or_same(paths, whole, whole.rindex(b"\xe0\x7f\x10\0"), 60, 0) > 20


def test_a_damaged_slice_gives_no_other_picture_than_with_care(tmp_path, ct_file):
    paths = [ct_file(tmp_path / f"{n}.dcm", n, ExplicitVRLittleEndian) for n in range(2)]
    rng, seen = random.Random(1), 0
    whole = paths[-1].read_bytes()
    reach = whole.rindex(b"\xe0\x7f\x10\0") + 12
    for _ in range(60):
        paths[-1].write_bytes(damaged(whole, rng, reach))
        quick, careful = outcome(read_dicom, paths), outcome(carefully, paths)
        if quick is not None and careful is not None:
            assert same(quick, careful)
            seen += 1
    assert seen > 10


def test_real_series_are_read_the_same_by_both_ways(data):
    folder = data("dicom_mixed")
    spaced = [folder / "mr_pacsman_series" / f"slice{n}.dcm" for n in range(0, 128, 8)]
    assert same(read_dicom(spaced), carefully(spaced))
    singles = [
        *folder.glob("variety/*.dcm"),
        *folder.glob("mr_epi_siemens/*.dcm"),
        *folder.glob("ct_*/*1.dcm"),
    ]
    plain = 0
    for path in singles:
        quick, careful = outcome(read_dicom, [path]), outcome(carefully, [path])
        assert (quick is None) == (careful is None)
        assert quick is None or same(quick, careful)
        plain += quick is not None and read_header(path).plain is not None
    assert plain > 10


@pytest.fixture
def ct_file():
    def write(path: Path, n: int, syntax) -> Path:
        dataset = pydicom.dcmread(pydicom.data.get_testdata_file("CT_small.dcm"))
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.ImagePositionPatient = [1, 2, 3 + n]
        dataset.SOPInstanceUID = f"1.2.{n}"
        dataset.save_as(path, implicit_vr=syntax.is_implicit_VR, little_endian=True)
        return path

    return write
