"""Made DICOM files say what they are, in every place where the standard wants it."""

from dataclasses import replace

import pydicom
import pytest
import torch

from vesalius.imaging.dicom import read_dicom
from vesalius.imaging.dicom_mark import put_mark
from vesalius.imaging.dicom_write import read_mark, write_dicom
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import HOUNSFIELD, Image, Origin
from vesalius.imaging.marks import Mark

MADE = Mark(Origin.SYNTHETIC, "A generator drew it from noise.", "a" * 64, 7, "b" * 64, "0.1.0")


@pytest.mark.parametrize("origin", [Origin.DERIVED, Origin.SYNTHETIC])
def test_a_title_with_a_backslash_stays_one_title(origin, tmp_path):
    image = Image(torch.zeros(1, 1, 2, 2), Geometry.plain((1, 2, 2)), origin=origin)
    (path,) = write_dicom(image, tmp_path / "out", Mark(origin), patient="7", series_description=r"a\b")
    assert str(pydicom.dcmread(path).SeriesDescription).endswith("a/b")


def test_a_synthetic_dataset_of_two_titles_gets_one():
    dataset = pydicom.Dataset()
    dataset.SeriesDescription = r"a\b"
    put_mark(dataset, Mark(Origin.SYNTHETIC))
    assert dataset.SeriesDescription == "SYNTHETIC a/b"


def made(shape=(2, 8, 8)) -> Image:
    grid = Geometry.plain(shape)
    return Image(torch.rand(1, *shape) * 1000, grid, HOUNSFIELD, Origin.SYNTHETIC, "CT")


def test_a_synthetic_file_says_so_in_every_place(tmp_path):
    paths = write_dicom(made(), tmp_path / "out", MADE, patient="0042", series_description="head CT")
    assert [path.name for path in paths] == ["0001.dcm", "0002.dcm"]
    for path in paths:
        said = pydicom.dcmread(path)
        assert said.SyntheticData == "YES"
        assert said.SOPClassUID == "1.2.840.10008.5.1.4.1.1.7"
        assert said.ConversionType == "SYN"
        assert list(said.ImageType) == ["DERIVED", "SECONDARY"]
        assert said.PatientName == "SYNTHETIC^0042"
        assert said.PatientID == "SYN-0042"
        assert said.IssuerOfPatientID == "Vesalius"
        assert said.PatientIdentityRemoved == "YES"
        assert said.DeidentificationMethod
        assert said.BurnedInAnnotation == "NO"
        assert said.SeriesDescription == "SYNTHETIC head CT"
        assert said.ImageComments.startswith("SYNTHETIC")
        assert not said.StudyDate
        assert "SourceImageSequence" not in said
        for uid in (
            said.StudyInstanceUID,
            said.SeriesInstanceUID,
            said.SOPInstanceUID,
            said.FrameOfReferenceUID,
        ):
            assert uid.startswith("2.25.")
            assert uid.is_valid
        for word in (MADE.method, MADE.model, "Seed: 7", MADE.evidence):
            assert word in said.DerivationDescription
        (equipment,) = said.ContributingEquipmentSequence
        code = equipment.PurposeOfReferenceCodeSequence[0]
        assert (code.CodeValue, code.CodingSchemeDesignator) == ("109100", "DCM")
        assert code.CodeMeaning == "Synthesizing Equipment"
        assert equipment.ManufacturerModelName == "Vesalius"
        assert list(equipment.SoftwareVersions) == [MADE.version, MADE.model]
        assert equipment.ContributionDateTime
        assert path.read_bytes()[:128] == bytes(128)
    assert len({pydicom.dcmread(path).SOPInstanceUID for path in paths}) == 2


def test_the_mark_is_read_back(tmp_path):
    (path, _) = write_dicom(made(), tmp_path / "out", MADE, patient="1")
    assert read_mark(path) == MADE


@pytest.mark.parametrize("method", ["word " * 400, "ü" * 1000, '"' * 900])
def test_a_long_method_is_cut_to_what_the_standard_holds(method, tmp_path):
    (path, _) = write_dicom(made(), tmp_path / "out", replace(MADE, method=method), patient="1")
    said = pydicom.dcmread(path)
    assert len(said.DerivationDescription) <= 1024
    assert len(said.ContributingEquipmentSequence[0].ContributionDescription) <= 1024
    again = read_mark(path)
    assert again is not None
    assert replace(again, method="") == replace(MADE, method="")
    assert method.startswith(again.method[:100])


def test_no_mark_hides_what_the_picture_is(tmp_path):
    (path, _) = write_dicom(made(), tmp_path / "out", Mark(Origin.ACQUIRED, "scanned"), patient="1")
    assert read_dicom([path]).origin is Origin.SYNTHETIC
    mark = read_mark(path)
    assert mark is not None
    assert mark.is_synthetic


@pytest.mark.parametrize("stripped", [["SyntheticData"], ["SyntheticData", "ConversionType"]])
def test_stripping_one_mark_does_not_make_a_picture_real(stripped, tmp_path):
    (path, _) = write_dicom(made(), tmp_path / "out", MADE, patient="1")
    said = pydicom.dcmread(path)
    for keyword in stripped:
        del said[keyword]
    said.save_as(path)
    assert read_dicom([path]).origin is Origin.SYNTHETIC


def test_an_acquired_picture_is_not_called_synthetic(tmp_path):
    image = replace(made(), origin=Origin.ACQUIRED)
    (path, _) = write_dicom(image, tmp_path / "out", Mark(Origin.ACQUIRED), patient="P7")
    said = pydicom.dcmread(path)
    assert said.SyntheticData == "NO"
    assert said.PatientID == "P7"
    assert "SYNTHETIC" not in str(said.SeriesDescription)


def test_foreign_synthetic_files_give_a_mark_and_plain_ones_none(tmp_path):
    (path, _) = write_dicom(made(), tmp_path / "out", MADE, patient="1")
    said = pydicom.dcmread(path)
    del said.ContributingEquipmentSequence
    said.DerivationDescription = "Diffusion"
    said.save_as(path)
    assert read_mark(path) == Mark(Origin.SYNTHETIC, method="Diffusion")
    del said.SyntheticData, said.ConversionType
    said.save_as(path)
    assert read_mark(path) is None
