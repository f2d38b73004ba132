"""A folder of DICOM files is surveyed by its headers: what they say, and what is wrong with each."""

import shutil
import struct

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import RLELossless

from vesalius.errors import DicomError
from vesalius.imaging.dicom import find_series, read_dicom
from vesalius.imaging.header import read_header
from vesalius.imaging.sketch import HeaderReader


def test_bad_files_are_named_and_never_stop_the_rest(tmp_path, ct, saved):
    good = saved(tmp_path / "deep", *(ct(z) for z in (0, 2, 4)))
    (tmp_path / "letter.dcm").write_text("Dear colleague,\n" * 99)
    (tmp_path / "cut.dcm").write_bytes(good[0].read_bytes()[:-20])
    (tmp_path / "torn.dcm").write_bytes(good[0].read_bytes()[:400])
    (tmp_path / "empty.dcm").write_bytes(b"")
    (tmp_path / "table.csv").write_text("file,label\n")
    (tmp_path / "README").write_text("Not a picture.")
    shutil.copy(get_testdata_file("rtplan.dcm"), tmp_path / "plan")
    found = find_series(tmp_path)
    (series,) = found.series
    assert sorted(series.paths) == sorted(good)
    assert [problem.path.name for problem in found.problems] == [
        "cut.dcm",
        "empty.dcm",
        "letter.dcm",
        "plan",
        "torn.dcm",
    ]
    assert "holds 28 bytes of Pixel Data, wanted 48" in found.problems[0].reason
    assert "is no DICOM file" in found.problems[2].reason
    assert "RT Plan Storage" in found.problems[3].reason


def test_a_series_that_lies_nowhere_never_stops_the_rest(tmp_path, ct, saved):
    good = saved(tmp_path / "good", *(ct(z) for z in (0, 2, 4)))
    saved(tmp_path / "flat", ct(0, ImageOrientationPatient=[1, 0, 0, 1, 0, 0], SeriesInstanceUID="1.2.5"))
    saved(tmp_path / "tiny", *(ct(z, PixelSpacing=[1e-7, 1e-7], SeriesInstanceUID="1.2.6") for z in (0, 2)))
    found = find_series(tmp_path)
    (series,) = found.series
    assert sorted(series.paths) == sorted(good)
    flat, tiny = (problem.reason for problem in found.problems)
    assert "wanted rows at right angles to columns" in flat
    assert "series of 2 file(s) not read" in tiny
    assert str(tmp_path / "tiny") in tiny


def test_hidden_leftovers_are_passed_over(tmp_path, ct, saved):
    saved(tmp_path, ct(0))
    saved(tmp_path / ".ab12cd34.syn", ct(2))
    (series,) = find_series(tmp_path).series
    assert series.slices == 1


def test_a_survey_tells_what_the_headers_say(tmp_path, ct, saved):
    saved(tmp_path, *(ct(z, PatientSex="F", PatientAge="063Y") for z in (0, 2)))
    (series,) = find_series(tmp_path).series
    assert (series.patient, series.modality, series.description) == ("P1", "CT", "head")
    assert (series.rows, series.columns, series.slices) == (4, 6, 2)
    assert series.spacing == pytest.approx((2, 0.5, 0.8))
    assert series.attributes["PatientSex"] == "F"
    assert series.attributes["PatientAge"] == "063Y"


def test_people_who_share_a_series_uid_are_told_apart(tmp_path, ct, saved):
    saved(tmp_path, *(ct(z, PatientID=who) for who in ("A", "B") for z in (0, 2)))
    found = [(series.patient, series.slices, series.is_regular) for series in find_series(tmp_path).series]
    assert found == [("A", 2, True), ("B", 2, True)]


def test_a_patient_without_id_is_nobody(tmp_path, ct, saved):
    saved(tmp_path, ct(0, PatientID=""))
    (series,) = find_series(tmp_path).series
    assert series.patient == ""


def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(DicomError, match="nowhere: no such file or folder"):
        find_series(tmp_path / "nowhere")


def test_a_thousand_million_encoded_frames_are_refused_by_the_survey(tmp_path, ct, saved):
    dataset = ct(0, NumberOfFrames=999_999_999)
    dataset.file_meta.TransferSyntaxUID = RLELossless
    dataset.PixelData = pydicom.encaps.encapsulate([b"\0" * 70])
    saved(tmp_path, dataset)
    found = find_series(tmp_path)
    assert not found.series
    assert "declares 999999999 frames" in found.problems[0].reason


def test_more_frames_than_any_picture_has_are_refused_by_the_survey(tmp_path, ct, saved):
    saved(tmp_path, ct(0, np.zeros((1, 1), np.uint8), NumberOfFrames=60_000, PixelData=bytes(60_000)))
    found = find_series(tmp_path)
    assert not found.series
    assert "declares 60000 frames, wanted at most 16384" in found.problems[0].reason


CHANGES = {
    "PatientID": "P2",
    "PatientSex": "M",
    "Modality": "MR",
    "SeriesDescription": "other",
    "SyntheticData": "YES",
    "ConversionType": "SYN",
    "ImageType": ["DERIVED", "PRIMARY"],
    "ImageOrientationPatient": [0, 1, 0, 0, 0, 1],
    "PixelSpacing": [0.5, 0.9],
    "SpacingBetweenSlices": 7,
    "SliceThickness": 3,
    "RescaleSlope": 3,
    "RescaleIntercept": 3,
    "RescaleType": "US",
    "PhotometricInterpretation": "MONOCHROME1",
    "PixelRepresentation": 0,
    "BitsStored": 12,
    "Rows": 3,
    "ImagePositionPatient": [1, 2, 3],
    "InstanceNumber": 9,
    "SOPInstanceUID": "1.2.3.4",
}


@pytest.mark.parametrize("keyword", CHANGES)
def test_a_header_read_beside_its_twin_is_the_header_read_alone(keyword, tmp_path, ct, saved):
    reader = HeaderReader()
    twins = (
        ct(0, InstanceNumber=1),
        ct(2, InstanceNumber=2),
        ct(4, **{"InstanceNumber": 3, keyword: CHANGES[keyword]}),
    )
    for path in saved(tmp_path, *twins):
        assert reader.read(path) == read_header(path)


def test_headers_read_together_are_the_headers_read_alone(data):
    reader = HeaderReader()
    count = 0
    for path in sorted(data("dicom_mixed").rglob("*.dcm")):
        if "pacsman" in path.parts[-2] and not path.stem.endswith("0"):
            continue
        try:
            alone = read_header(path)
        except DicomError:
            with pytest.raises(DicomError):
                reader.read(path)
            continue
        assert reader.read(path) == alone
        count += 1
    assert count > 80


def test_a_slice_cut_short_is_refused_beside_its_whole_twins(tmp_path, ct, saved):
    paths = saved(tmp_path, *(ct(z, InstanceNumber=1) for z in (0, 2, 4)))
    paths[2].write_bytes(paths[2].read_bytes()[:-1])
    with pytest.raises(DicomError, match="holds 47 bytes"):
        read_dicom(paths)


def test_a_sequence_of_unknown_kind_hides_no_patient_from_the_reader_of_many(tmp_path, ct, saved):
    reader = HeaderReader()
    end = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    paths = saved(tmp_path, *(ct(z, InstanceNumber=z, PatientID=who) for z, who in ((0, "P1"), (2, "P2"))))
    for path in paths:
        whole = path.read_bytes()
        patient = struct.pack("<HH2sH", 0x10, 0x20, b"LO", 2)
        # Inside it is in implicit VR (PS3.5 6.2.2); in explicit VR it would end early and leap far.
        leap = struct.pack("<HH2sHI", 9, 0x1099, b"UN", 0, len(end) + len(patient) + 2)
        inside = struct.pack("<HHI", 9, 0x1001, len(end) + len(leap)) + end + leap
        item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) + inside + end
        unknown = struct.pack("<HH2sHI", 9, 0x1000, b"UN", 0, 0xFFFFFFFF) + item
        path.write_bytes(whole.replace(patient, unknown + patient))
    assert [reader.read(path).patient for path in paths] == ["P1", "P2"]
