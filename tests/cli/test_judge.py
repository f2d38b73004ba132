"""What the report hears of a run's ledger."""

from dataclasses import replace

from vesalius.cli.judge import curves_of, events_of, monotonous
from vesalius.model.card import Card
from vesalius.training import ledger


def test_numbers_become_curves_and_events_become_words(tmp_path):
    path = tmp_path / "ledger.jsonl"
    ledger.append(path, {"step": 25, "seconds": 1.0, "generator/adversarial": 0.5})
    ledger.append(path, {"step": 30, "event": "the run went on from elsewhere"})
    ledger.append(path, {"step": 50, "seconds": 2.0, "generator/adversarial": 0.25, "watch/KID ssl": 3.0})
    assert [(curve.name, curve.steps, curve.values) for curve in curves_of(path)] == [
        ("generator/adversarial", (25.0, 50.0), (0.5, 0.25)),
        ("watch/KID ssl", (50.0,), (3.0,)),
    ]
    assert events_of(path) == ("after step 30: the run went on from elsewhere",)


def test_a_network_is_called_monotonous_by_its_last_pulse_before_the_moment_kept(tmp_path):
    path = tmp_path / "ledger.jsonl"
    card = Card(
        weights="",
        cohort="toy",
        fingerprint="",
        cases=40,
        patients=40,
        counts={"a": 40},
        steps=120,
        played=200,
        judged_by=9,
        seconds=1.0,
        seed=0,
    )
    assert monotonous(card, path) == ()
    for step, variety in ((50, 0.6), (100, 0.1), (150, 0.7)):
        ledger.append(path, {"step": step, "watch/variety": variety})
    assert "0.1 of it differs" in monotonous(card, path)[0]
    assert monotonous(replace(card, steps=99), path) == ()
    assert monotonous(replace(card, steps=200), path) == ()
