"""Many frames in one file: a volume where they lie on one grid, single pictures elsewhere."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from vesalius.cohort.folder import survey
from vesalius.errors import GeometryError, ImagingError
from vesalius.imaging.dicom import find_series, read_dicom, read_frame, read_frames
from vesalius.imaging.formats import read_image, read_slice


@pytest.fixture
def enhanced(tmp_path, ct, saved):
    """Write a file with a frame of 2 x 4 voxels for each height; None is a frame without a place."""

    def write(heights, **changes):
        frames = np.repeat(np.arange(len(heights), dtype=np.uint16), 8)
        dataset = ct(0, np.zeros((2, 4), np.uint16), RescaleIntercept=0, **changes)
        dataset.NumberOfFrames, dataset.PixelData = len(heights), frames.tobytes()
        groups = []
        for number, height in enumerate(heights):
            group, content, place = Dataset(), Dataset(), Dataset()
            content.FrameAcquisitionNumber = number + 1
            group.FrameContentSequence = [content]
            if height is not None:
                place.ImagePositionPatient = [0, 0, height]
                group.PlanePositionSequence = [place]
            groups.append(group)
        dataset.PerFrameFunctionalGroupsSequence = groups
        return saved(tmp_path / "in", dataset)

    return write


def test_frames_are_stacked_by_their_places(enhanced):
    image = read_dicom(enhanced([4, 0, 2]))
    assert image.voxels[0, :, 0, 0].tolist() == [1, 2, 0]
    assert image.geometry.position((2, 0, 0)) == (0, 0, 4)


def test_frames_whose_groups_say_no_place_are_stacked_as_they_come(enhanced):
    paths = enhanced([None, None, None], ImagePositionPatient=None)
    image = read_dicom(paths)
    assert image.voxels[0, :, 0, 0].tolist() == [0, 1, 2]
    assert "frames have no positions of their own; stacked as they come" in image.notes
    assert find_series(paths[0]).series[0].is_regular


def test_frames_of_which_some_have_no_place_are_no_volume(enhanced):
    with pytest.raises(GeometryError, match="slices without a position in the patient"):
        read_dicom(enhanced([0, None, 4], ImagePositionPatient=None))


def test_two_echoes_at_each_place_are_read_frame_by_frame(enhanced, tmp_path):
    (path,) = enhanced([0, 0, 2, 2])
    with pytest.raises(GeometryError, match=r"2 slice.* at a place where another one lies"):
        read_image([path])
    frames = read_frames(path)
    assert [float(frame.voxels[0, 0, 0, 0]) for frame in frames] == [0, 1, 2, 3]
    assert [frame.geometry.position((0, 0, 0))[2] for frame in frames] == [0, 0, 2, 2]
    for index, frame in enumerate(frames):
        alone = read_frame(path, index)
        assert (frame.geometry, frame.unit, frame.notes) == (alone.geometry, alone.unit, alone.notes)
        assert (frame.voxels == alone.voxels).all()
        assert (read_slice([path], index).voxels == alone.voxels).all()
    with pytest.raises(ImagingError, match="frame is 4, wanted 0 to 3"):
        read_slice([path], 4)


def test_a_cohort_has_a_case_for_each_frame_that_fits_no_grid(enhanced, tmp_path):
    (path,) = enhanced([0, 0, 2, 2])
    found = survey(tmp_path / "in", decode=True)
    assert [case.key for case in found.cohort.cases] == [f"{path.name}/f{n:03d}" for n in range(4)]
    assert [float(case.pictures["image"].read().voxels.max()) for case in found.cohort.cases] == [0, 1, 2, 3]
    assert {case.facts["slices"] for case in found.cohort.cases} == {1}
    assert len(found.cohort.patients) == 1
    (problem,) = found.problems
    assert "2 slice(s) at a place where another one lies; its frames are read singly" in problem.reason


def test_a_slice_of_a_regular_file_is_the_slice_of_its_volume(enhanced):
    (path,) = enhanced([4, 0, 2])
    whole = read_image([path])
    for z in range(3):
        assert (read_slice([path], z).voxels == whole.slice(z).voxels).all()
        assert read_slice([path], z).geometry == whole.slice(z).geometry
