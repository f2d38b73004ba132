"""How the verbs speak: tables on standard output, bars with time left on standard error."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

out = Console(highlight=False, soft_wrap=True)
"""Where results go."""

aside = Console(stderr=True, highlight=False, soft_wrap=True)
"""Where progress goes."""


def say(text: str) -> None:
    """One line of result."""
    out.print(text, markup=False)


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table of result.

    Args:
        title: Above it.
        columns: Heads.
        rows: Cells, shown as text.
    """
    drawn = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(str(cell)) for cell in row))
    out.print(drawn)


@contextmanager
def bar(title: str, total: int) -> Iterator["Bar"]:
    """A bar with time left.

    Args:
        title: What is being done.
        total: When it is done.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=aside) as progress:
        yield Bar(progress, progress.add_task(title, total=total), title)


class Bar:
    """What a bar shows: how far, and a word on the state."""

    def __init__(self, progress: Progress, task: object, title: str) -> None:
        self._progress, self._task, self._title = progress, task, title

    def at(self, done: int, word: str = "") -> None:
        """Move the bar.

        Args:
            done: Of the total.
            word: Shown behind the title.
        """
        title = f"{self._title} {word}".strip()
        self._progress.update(self._task, completed=done, description=title)  # pyright: ignore[reportArgumentType]


@contextmanager
def stage(title: str) -> Iterator[Callable[[str], None]]:
    """Say what is being done, and how long it took.

    Args:
        title: What is being done.

    Yields:
        To be called with the name of each part as it begins.
    """
    started = time.monotonic()
    aside.print(f"{title} ...", markup=False)
    yield lambda part: aside.print(f"  {part} ...", markup=False)
    aside.print(f"{title}: {time.monotonic() - started:.1f} s", markup=False)
