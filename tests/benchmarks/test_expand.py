"""The benchmark of the main job counts only what was compared."""

from types import SimpleNamespace

import pytest


@pytest.fixture
def bench(script):
    return script("expand")


def evidence(made=1.0, linear=2.0, copying="NONE DETECTED", others=True):
    """As much of a record as the benchmark counts by."""
    row = SimpleNamespace(
        estimate=SimpleNamespace(value=made), anchor=lambda name: SimpleNamespace(value=linear)
    )
    return SimpleNamespace(
        verdict=lambda area: SimpleNamespace(code=copying),
        likeness=SimpleNamespace(pooled=lambda what: {"ssl": row}) if others else None,
    )


@pytest.mark.parametrize(
    ("status", "found", "word"),
    [
        (0, evidence(), "closer"),
        (0, evidence(made=3.0), "not closer"),
        (0, evidence(others=False), "nobody aside"),
        (1, evidence(copying="COPIES FOUND"), "released: no"),
        (1, evidence(others=False, copying="COPIES FOUND"), "released: no"),
        (1, evidence(), "failed"),
        (1, None, "failed"),
        (0, None, "failed"),
    ],
)
def test_every_way_to_end_has_its_word(bench, status, found, word):
    assert bench.Outcome(status, found).word == word


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["closer", "released: no", "nobody aside"], 0, ("1 of 1", "holds")),
        (["closer", "not closer", "released: no"], 1, ("1 of 2", "falls short")),
        (["closer", "failed"], 1, ("1 of 1", "falls short")),
    ],
)
def test_the_promise_is_over_what_was_compared(bench, words, code, said, capsys):
    with pytest.raises(SystemExit) as ended:
        bench.conclude(words)
    assert ended.value.code == code
    lines = capsys.readouterr().out.splitlines()
    count, verdict = said
    assert f": {count} that could be compared; target: all, and at least one; {verdict}" in lines[-1]
    for word in set(words) - {"closer", "not closer"}:
        assert f"{word}: 1 of {len(words)} runs, compared with nothing" in lines


def test_nothing_compared_is_no_promise_kept(bench, capsys):
    with pytest.raises(SystemExit) as ended:
        bench.conclude(["released: no", "nobody aside"])
    assert ended.value.code == 1
    assert "0 of 0 that could be compared" in capsys.readouterr().out.splitlines()[-1]
