"""What travels beside a picture."""

import json

import pytest

from vesalius.errors import ImagingError
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Code, Origin
from vesalius.imaging.marks import Mark
from vesalius.imaging.sidecar import Sidecar, beside, read_sidecar, write_sidecar


def _full() -> Sidecar:
    affine = Geometry.plain((1, 1, 1), (0.1, 0.2, 0.3), (1 / 3, 0.0, -5.0)).affine
    codes = {3: Code("10200004", "SCT", "Liver")}
    return Sidecar(Mark(Origin.SYNTHETIC, "GAN", seed=3), "[hnsf'U]", "CT", codes, affine, True)


def test_a_sidecar_says_everything_again_to_the_last_bit(tmp_path):
    write_sidecar(_full(), tmp_path / "a.png")
    assert read_sidecar(tmp_path / "a.png", None) == _full()
    assert read_sidecar(tmp_path / "b.png", _full().to_json()) == _full()


def test_the_name_of_a_sidecar_is_that_of_its_picture(tmp_path):
    for name in ("a.b.nii.gz", "a.b.nii", "a.b.PNG"):
        assert beside(tmp_path / name) == tmp_path / "a.b.json"


def test_a_sidecar_says_in_plain_words_that_a_picture_is_synthetic(tmp_path):
    write_sidecar(_full(), tmp_path / "a.png")
    assert json.loads((tmp_path / "a.json").read_text())["synthetic"] is True


def test_what_others_wrote_into_a_sidecar_is_kept(tmp_path):
    (tmp_path / "a.json").write_text('{"EchoTime": 0.03, "unit": "none"}')
    write_sidecar(_full(), tmp_path / "a.nii.gz")
    said = json.loads((tmp_path / "a.json").read_text())
    assert (said["EchoTime"], said["unit"]) == (0.03, "[hnsf'U]")


def test_nothing_known_is_an_acquired_picture_without_unit(tmp_path):
    assert read_sidecar(tmp_path / "a.png", None) == Sidecar()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"affine": [[1]]}', '{"codes": {"x": {}}}', '{"origin": "BETTER"}', '{"codes": 3}']
)
def test_a_sidecar_that_cannot_be_understood_stops_the_reader(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ImagingError, match="wanted"):
        read_sidecar(tmp_path / "a.png", None)
