"""The error tree: drawn as it is, with facts as fields."""

import inspect
from pathlib import Path

import pytest

from vesalius import errors
from vesalius.errors import (
    DecodeError,
    DivergenceError,
    LeakageError,
    StorageError,
    UnitError,
    VesaliusError,
)

TREE = [error for _, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, Exception)]


@pytest.mark.parametrize("error", TREE, ids=lambda error: error.__name__)
def test_every_error_is_on_the_drawing_under_its_parent(error):
    lines = (errors.__doc__ or "").splitlines()
    name = next(line for line in lines if error.__name__ in line.split() or line.strip() == error.__name__)
    if error is VesaliusError:
        return
    depth = len(error.__mro__) - len(VesaliusError.__mro__)
    assert name.index(error.__name__) == 4 * (depth + 1)
    above = [line for line in lines[: lines.index(name)] if error.__base__.__name__ in line.split()]
    assert above, f"{error.__base__.__name__} is not drawn above {error.__name__}"


def test_errors_carry_their_facts():
    assert UnitError("picture", "Gy", "1").wanted == "1"
    assert str(UnitError("picture", "Gy", "1")) == "picture is in unit 'Gy', wanted '1'"
    decode = DecodeError(Path("a.dcm"), "JPEG", "truncated")
    assert (decode.path, decode.codec, decode.reason) == (Path("a.dcm"), "JPEG", "truncated")
    assert StorageError(Path("a"), "disk full").path == Path("a")
    divergence = DivergenceError("critic", "r1", 7)
    assert (divergence.player, divergence.term, divergence.step) == ("critic", "r1", 7)
    assert "critic/r1 is not finite at step 7" in str(divergence)


def test_a_leak_names_three_people_at_most():
    leak = LeakageError(("a", "b", "c", "d"), ("train", "test"))
    assert leak.patients == ("a", "b", "c", "d")
    assert "4 patient(s) in both 'train' and 'test': a, b, c, ...; wanted" in str(leak)
