"""What a run misses of its budget, and how long it takes to leave."""

import pytest

from vesalius.evidence.glance import glance_by
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.stream import stack

RECIPE = "synthesis.hinge_diffaugment"


@pytest.fixture
def bench(script):
    return script("budget")


@pytest.fixture(scope="module")
def judge(people):
    task = synthesis_of(people.parts.train, 16, people.fact)
    return glance_by(stack(people.parts.train, task), stack(people.parts.val, task))


def test_what_a_run_misses_is_told_beside_its_steps(bench, contest, judge, tmp_path, capsys):
    missed = bench.kept(contest.side, judge, RECIPE, 0.1, tmp_path / "run")
    assert 0 <= missed < 1
    assert "judged by " in capsys.readouterr().out


class AtOnce:
    """A timer that waits for nothing."""

    def __init__(self, seconds, done):
        self.start, self.cancel = done, list


def test_a_run_that_is_told_to_leave_in_its_first_look_is_played_to_its_end(
    bench, contest, judge, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(bench.threading, "Timer", AtOnce)
    waited = bench.left(contest.side, judge, RECIPE, 0.1, tmp_path / "run")
    assert waited >= 0
    assert "after SIGTERM, taken up at step 0, played to " in capsys.readouterr().out


def test_a_run_without_a_look_is_no_answer(bench, contest, judge, tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "played", lambda run: 0.0)
    with pytest.raises(SystemExit, match=r"no look of a second was had in 0\.1 minutes"):
        bench.left(contest.side, judge, RECIPE, 0.1, tmp_path / "run")
