"""What a file says of its origin."""

import json

import pytest

from vesalius.errors import ImagingError
from vesalius.imaging.image import Origin
from vesalius.imaging.marks import Mark


@pytest.mark.parametrize("origin", Origin)
def test_a_mark_survives_json(origin):
    mark = Mark(origin, "GAN", "ab12", 7, "cd34", "0.1.0")
    assert Mark.from_json(mark.to_json()) == mark


def test_the_json_says_synthetic_in_plain_words():
    said = json.loads(Mark(Origin.SYNTHETIC).to_json())
    assert said["synthetic"] is True
    assert said["software"] == "Vesalius"
    assert json.loads(Mark(Origin.DERIVED).to_json())["synthetic"] is False


def test_a_mark_never_moves_closer_to_the_scanner():
    assert Mark(Origin.ACQUIRED).at_least(Origin.SYNTHETIC).is_synthetic
    assert Mark(Origin.SYNTHETIC).at_least(Origin.ACQUIRED).is_synthetic


def test_what_stands_beside_a_mark_does_no_harm():
    text = json.dumps(json.loads(Mark(Origin.DERIVED, seed=3).to_json()) | {"unit": "1"})
    assert Mark.from_json(text) == Mark(Origin.DERIVED, seed=3)


@pytest.mark.parametrize("text", ["", "no json", "[]", "{}", '{"origin": "BETTER"}', "null"])
def test_what_is_no_mark_is_refused(text):
    with pytest.raises(ImagingError, match="wanted what"):
        Mark.from_json(text)
