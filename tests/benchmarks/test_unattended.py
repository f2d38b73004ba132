"""What it takes for a run to count as one that needed nobody."""

import pytest


@pytest.fixture
def bench(script):
    return script("unattended")


@pytest.mark.parametrize(
    ("share", "is_over", "holds"), [(0.5, True, True), (0.49, True, False), (0.9, False, False)]
)
def test_a_run_holds_that_ended_and_kept_its_variety(bench, share, is_over, holds):
    assert bench.Ending(9, 9, share, (), is_over).holds is holds


def test_a_run_is_trained_judged_and_looked_at(bench, people, tmp_path):
    found = bench.trained(people, 16, 0, 0.01, tmp_path / "run")
    assert found.is_over
    assert 0 < found.kept <= found.steps
    assert found.share > 0.1


def test_a_run_that_is_given_up_is_told_as_such(bench, people, tmp_path, monkeypatch):
    def given_up(run):
        raise bench.TrainingError("it was given up")
        yield

    monkeypatch.setattr(bench, "play", given_up)
    found = bench.trained(people, 16, 0, 0.01, tmp_path / "run")
    assert (found.holds, found.said) == (False, ("it was given up",))
