"""Ctrl-C and SIGTERM between steps, never within one: a half step must not be kept."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


def uninterrupted() -> None:
    """Raise nothing: for where nobody holds anything back, or several processes would have to agree."""


@contextmanager
def held_back(agreed: Callable[[float], float] = float) -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C and SIGTERM (what a cluster sends before it kills) back while steps are played.

    Gives a function to call between steps: it raises what was held back, as a KeyboardInterrupt of
    the number of the signal. In a thread other than the main one, which no signal reaches, it does
    nothing.

    Args:
        agreed: What all processes of a run make of the number held back in each, 0 where there is none: a
            signal to one of them is one to all.
    """
    if threading.current_thread() is not threading.main_thread():
        yield uninterrupted
        return
    pressed: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        pressed.append(number)

    def give() -> None:
        if number := int(agreed(float(pressed[0] if pressed else 0))):
            raise KeyboardInterrupt(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield give
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    # What came after the last call must not be lost.
    if pressed:
        raise KeyboardInterrupt(pressed[0])


@contextmanager
def as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM raise what Ctrl-C raises, so that whoever is writing a file clears up behind him."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def give(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt(number)

    before = signal.signal(signal.SIGTERM, give)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
