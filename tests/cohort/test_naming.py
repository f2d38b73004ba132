"""Names that are no UTF-8 go the whole way."""

import os
from pathlib import Path

import numpy as np
import pytest

from vesalius import cli
from vesalius.cohort.folder import read_cohort
from vesalius.cohort.naming import legible
from vesalius.evidence.contract import describe
from vesalius.evidence.memorisation import hashed
from vesalius.training.stream import Stacked

OLD = os.fsdecode(b"R\xf6ntgen")


@pytest.mark.parametrize("kind", ["flat", "classes", "parts", "nnunet", "dicom", "bids"])
def test_every_layout_gives_names_that_any_report_can_hold(tmp_path: Path, png, dicom, kind):
    places = {
        "flat": f"{OLD}.png",
        "classes": f"{OLD}/{OLD}.png",
        "parts": f"train/{OLD}/{OLD}.png",
        "nnunet": f"imagesTr/{OLD}_0000.png",
        "bids": f"sub-{OLD}/sub-{OLD}_T1w.png",
        "dicom": f"{OLD}/{OLD}.dcm",
    }
    path = tmp_path / OLD / places[kind]
    dicom(path, "p", "1") if kind == "dicom" else png(path)
    cohort = read_cohort(tmp_path / OLD)
    (case,) = cohort.cases
    for name in (cohort.name, case.key, case.patient, *map(str, case.facts.values())):
        assert name.encode()
    if kind != "dicom":
        assert "R\\xf6ntgen" in case.patient
    nothing = np.zeros((1, 1, 1, 4, 4), np.float32)
    assert describe("train", Stacked(nothing, np.zeros(1, np.int64), (case.patient,), (case.key,)), ("x",))
    assert hashed(case.patient)


def test_names_that_differ_stay_different():
    names = {legible(Path(os.fsdecode(name))) for name in (b"\xf6.png", b"\xe4.png", "ö.png".encode())}
    assert len(names) == 3


def test_the_verb_prints_what_no_terminal_can_show(tmp_path: Path, png, capfd):
    png(tmp_path / f"{OLD}.png")
    (tmp_path / f"broken {OLD}.png").write_bytes(b"torn")
    assert cli.main(["cohort", str(tmp_path)]) == 0
    assert "ntgen.png" in capfd.readouterr().out
