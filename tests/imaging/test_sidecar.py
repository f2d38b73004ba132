"""What travels beside a picture."""

import json

import numpy as np
import pytest
from PIL import Image as Pillow

from vesalius.errors import ImagingError
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Code, Origin
from vesalius.imaging.marks import Mark
from vesalius.imaging.raster import raster_header, read_raster
from vesalius.imaging.sidecar import Sidecar, beside, handmade, read_sidecar, write_sidecar


def _full() -> Sidecar:
    affine = Geometry.plain((1, 1, 1), (0.1, 0.2, 0.3), (1 / 3, 0.0, -5.0)).affine
    codes = {3: Code("10200004", "SCT", "Liver")}
    return Sidecar(Mark(Origin.SYNTHETIC, "GAN", seed=3), "[hnsf'U]", "CT", codes, affine, True)


def test_a_sidecar_says_everything_again_to_the_last_bit(tmp_path):
    write_sidecar(_full(), tmp_path / "a.png")
    assert read_sidecar(tmp_path / "a.png", None) == _full()
    assert read_sidecar(tmp_path / "b.png", _full().to_json()) == _full()


def test_the_name_of_a_sidecar_is_that_of_its_picture(tmp_path):
    assert beside(tmp_path / "a.nii.gz") == tmp_path / "a.nii.gz.json"
    for name in ("a.b.nii.gz", "a.b.nii", "a.b.PNG"):
        assert handmade(tmp_path / name) == tmp_path / "a.b.json"


def test_a_sidecar_says_in_plain_words_that_a_picture_is_synthetic(tmp_path):
    write_sidecar(_full(), tmp_path / "a.png")
    assert json.loads(beside(tmp_path / "a.png").read_text())["synthetic"] is True


def test_what_people_wrote_is_left_alone_and_nothing_of_it_taken_over(tmp_path):
    bids = '{"PatientName": "Doe", "unit": "none"}'
    (tmp_path / "a.json").write_text(bids)
    beside(tmp_path / "a.png").write_text(bids)
    write_sidecar(_full(), tmp_path / "a.png")
    assert (tmp_path / "a.json").read_text() == bids
    assert "Doe" not in beside(tmp_path / "a.png").read_text()
    assert read_sidecar(tmp_path / "a.png", None) == _full()


def test_a_sidecar_says_nothing_of_another_picture_of_that_stem(tmp_path):
    (tmp_path / "a.json").write_text('{"unit": "[hnsf\'U]", "modality": "CT", "origin": "SYNTHETIC"}')
    write_sidecar(Sidecar(modality="SEG", labels=True), tmp_path / "a.png")
    told = read_sidecar(tmp_path / "a.nii.gz", None)
    assert (told.unit, told.modality, told.mark.origin) == ("[hnsf'U]", "CT", Origin.SYNTHETIC)


def test_nothing_known_is_an_acquired_picture_without_unit(tmp_path):
    assert read_sidecar(tmp_path / "a.png", None) == Sidecar()


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2]",
        '{"origin": [0, 0, 0]}',
        '{"codes": [1]}',
        '{"codes": {"x": {}}}',
        '{"affine": [[1]]}',
        '{"unit": {"x": 1}}',
    ],
)
def test_what_other_tools_say_in_another_form_is_not_for_us(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    assert read_sidecar(tmp_path / "a.png", None) == Sidecar()


@pytest.mark.parametrize("said", ['"affine": [[1]]', '"codes": {"x": {}}', '"unit": 3', '"origin": [0]'])
def test_what_we_said_ourselves_must_be_understood(tmp_path, said):
    beside(tmp_path / "a.png").write_text(f'{{"software": "Vesalius", {said}}}')
    with pytest.raises(ImagingError, match="wanted"):
        read_sidecar(tmp_path / "a.png", None)


@pytest.mark.parametrize("text", ["{", "[" * 100_000])
def test_no_json_stops_the_reader_only_where_we_wrote_it(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    assert read_sidecar(tmp_path / "a.png", None) == Sidecar()
    beside(tmp_path / "a.png").write_text(text)
    with pytest.raises(ImagingError, match=r"a\.png\.json: sidecar is no JSON"):
        read_sidecar(tmp_path / "a.png", None)


@pytest.mark.parametrize(
    "text",
    ['{"origin": "SYNTHETHIC"}', '{"origin": "Basel"}', '{"origin": "SYNTHETIC",}', '{"origin": "x"}\n{}'],
)
def test_an_origin_that_we_do_not_know_stops_the_reader_by_the_name_of_its_file(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ImagingError, match=r"a\.json: .* wanted"):
        read_sidecar(tmp_path / "a.png", None)


def test_an_origin_of_our_own_that_is_none_is_named_by_its_file(tmp_path):
    beside(tmp_path / "a.png").write_text('{"software": "Vesalius", "origin": "Basel"}')
    with pytest.raises(ImagingError, match=r"a\.png\.json: "):
        read_sidecar(tmp_path / "a.png", None)


@pytest.mark.parametrize("text", [b'{"EchoTime": 0.03}', b'{"unit": "s"}'])
def test_a_byte_order_mark_does_no_harm(tmp_path, text):
    (tmp_path / "a.json").write_bytes(text)
    plain = read_sidecar(tmp_path / "a.nii.gz", None)
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + text)
    assert read_sidecar(tmp_path / "a.nii.gz", None) == plain


def test_places_that_another_tool_wrote_are_taken_for_ours_and_named(tmp_path):
    (tmp_path / "a.json").write_text('{"affine": [[-1,0,0,90], [0,-1,0,126], [0,0,1,-72], [0,0,0,1]]}')
    Pillow.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "a.png")
    image = read_raster(tmp_path / "a.png")
    assert image.notes == ("a.json: affine taken for index (z, y, x) to LPS millimetres",)
    assert raster_header(tmp_path / "a.png").notes == image.notes
    write_sidecar(_full(), tmp_path / "a.png")
    assert not read_raster(tmp_path / "a.png").notes
