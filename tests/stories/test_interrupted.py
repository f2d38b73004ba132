"""Ctrl-C and SIGTERM leave a run that the same command takes up."""

import signal
import subprocess
import sys
import time

import pytest

from vesalius.cohort.phantom import phantom_cohort
from vesalius.imaging.formats import write_image
from vesalius.training import ledger


def _begin(command, run, number):
    """Start training and send a signal as soon as something stands in the ledger."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(600):
            if len(ledger.read(run / "ledger.jsonl")) >= 1 or process.poll() is not None:
                break
            time.sleep(0.1)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_a_run_that_the_same_command_finishes(number, tmp_path):
    for case in phantom_cohort(24, size=16).cases:
        write_image(case.image(), tmp_path / "study" / str(case.facts["label"]) / f"{case.patient}.nii.gz")
    run = tmp_path / "run"
    command = [sys.executable, "-m", "vesalius.cli", "train", "synthesis.conditional_gan"]
    command += [str(tmp_path / "study"), "--out", str(run), "--size", "16", "--minutes", "0.15"]
    status, said = _begin(command, run, number)
    assert status == 128 + number, said
    assert "the same command goes on from here" in said
    assert (run / "checkpoint.safetensors").exists()
    assert not (run / "model").exists()
    steps = ledger.read(run / "ledger.jsonl")[-1]["step"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    lines = [line["step"] for line in ledger.read(run / "ledger.jsonl") if "generator/adversarial" in line]
    assert lines == sorted(set(lines))
    assert lines[-1] > steps
    assert (run / "model" / "card.json").exists()
