"""What the report hears of a run's ledger."""

from vesalius.cli.judge import curves_of, events_of
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
