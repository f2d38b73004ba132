"""Who is measured in turns has the same seconds."""

import pytest


def test_a_rate_is_what_a_step_counts_by_the_median_of_the_rounds(script, monkeypatch):
    race = script("race")
    now, costs = [0.0], {"slow": [1.0, 2.0, 2.0, 9.0, 4.0], "quick": [0.5] * 99}
    monkeypatch.setattr(race.time, "perf_counter", lambda: now[0])

    def step(name):
        now[0] += costs[name].pop(0)

    entries = [race.Entry(name, lambda name=name: step(name), count=8) for name in costs]
    assert race.raced(entries, 6.0, 3) == {"slow": pytest.approx(2.0), "quick": pytest.approx(16.0)}
    assert not costs["slow"]
    assert len(costs["quick"]) == 99 - 2 - 3 * 4
