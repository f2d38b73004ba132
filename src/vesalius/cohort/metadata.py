"""A folder with a metadata.csv becomes cases: one row, one picture."""

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path

from vesalius.cohort.cohort import Case, Stored
from vesalius.cohort.inspection import Inspected, nameless
from vesalius.cohort.naming import patient_in, stem
from vesalius.errors import CohortError
from vesalius.imaging.series import Problem

NAME = "metadata.csv"
"""The table that tells about the pictures beside and below it."""

_OWN = ("file", "patient", "mask")
_PERSON = ("patient", "patientid", "subject", "subjectid", "participantid", "person")
_TEXT = ("label", "split")
_WHOLE = re.compile(r"[+-]?(0|[1-9]\d*)")
_REAL = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?")

Row = dict[str, str]


def read_metadata(folder: Path) -> Inspected:
    """Read the table of a folder; pixels are not touched.

    ``file`` is the path of a picture, relative to the folder, or of a folder that holds the files of one
    DICOM series and nothing else. ``patient`` is whose it is; where it
    is empty, the Patient ID of a DICOM file, else ``file`` without its suffix, stands for the
    person. Without a column ``patient``, one called ``patient_id``, ``subject``, ``subject_id``,
    ``participant_id`` or ``person``, however written, is taken for it. ``mask`` is the path of a
    label map. ``label``, ``split`` and all further columns become facts: numbers where every filled
    cell of the column is one, else text. An empty cell is no fact.

    Args:
        folder: Where `NAME` lies.

    Raises:
        CohortError: The table cannot be read, has no column ``file``, one column twice, or
            two for the person.
    """
    columns, rows, problems = _table(folder / NAME)
    types = {column: _type(column, (row[column] for row in rows)) for column in columns if column not in _OWN}
    cases: dict[str, Case] = {}
    unknown = 0
    for row in rows:
        name = _within(folder, row["file"])
        if fault := _fault(folder, row["file"]) or (f"{name}: named twice" if name in cases else ""):
            problems.append(Problem(folder / row["file"], f"{fault}, wanted one file within {folder}"))
            continue
        facts = {column: kind(row[column]) for column, kind in types.items() if row[column]}
        masks, lost = _masks(folder, row)
        problems += lost
        files = _files(folder / name)
        told = row.get("patient") or patient_in(files[0])
        unknown += not told
        cases[name] = Case(name, told or stem(name)[0], {"image": Stored(files)}, masks, facts)
    remarks = nameless(unknown, len(cases), "rows")
    return Inspected(tuple(cases.values()), tuple(problems), remarks=remarks)


def tells_files(folder: Path) -> bool:
    """Whether the table means to have a column ``file``, as ours has; other tools call theirs so, too."""
    try:
        with (folder / NAME).open(encoding="utf-8-sig") as text:
            return "file" in (word.strip('" \n') for word in re.split(r"[,;\t]", text.readline()))
    except (OSError, UnicodeDecodeError):
        return True


def _table(path: Path) -> tuple[list[str], list[Row], list[Problem]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            lines = csv.DictReader(text, strict=True)
            columns = _with_patient(path, [column.strip() for column in lines.fieldnames or ()])
            lines.fieldnames = columns
            if "file" not in columns:
                raise CohortError(f"{path} has no column 'file'; it has {columns}")
            if twice := [column for column in columns if columns.count(column) > 1]:
                raise CohortError(f"{path} has column {twice[0]!r} twice, wanted each once")
            return columns, *_rows(path, lines)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CohortError(f"{path}: not read: {error}, wanted comma-separated UTF-8 text") from error


def _with_patient(path: Path, columns: list[str]) -> list[str]:
    """The columns, that of the person under its own name; other tools have others for it.

    Raises:
        CohortError: Several may be meant: people taken apart wrongly would stand on two sides of a split.
    """
    meant = [column for column in columns if re.sub(r"[\W_]", "", column.lower()) in _PERSON]
    if "patient" in columns or not meant:
        return columns
    if len(meant) > 1:
        raise CohortError(f"{path} has columns {meant} for the person, wanted one, or one called 'patient'")
    return ["patient" if column == meant[0] else column for column in columns]


def _rows(path: Path, lines: "csv.DictReader[str]") -> tuple[list[Row], list[Problem]]:
    rows, problems = [], []
    for row in lines:
        if None in row or None in row.values():
            reason = (
                f"line {lines.line_num} has not as many cells as the {len(lines.fieldnames or ())} columns"
            )
            problems.append(Problem(path, reason))
        else:
            rows.append({column: cell.strip() for column, cell in row.items()})
    return rows, problems


def _type(column: str, cells: Iterator[str]) -> type[str] | type[int] | type[float]:
    """Whole numbers, real numbers, or text; numbers with leading zeros are names."""
    filled = [cell for cell in cells if cell]
    if column in _TEXT:
        return str
    if all(_WHOLE.fullmatch(cell) and len(cell) < 19 for cell in filled):
        return int
    return float if all(_REAL.fullmatch(cell) for cell in filled) else str


def _within(folder: Path, name: str) -> str:
    """A name in the table as the shortest path from the folder, so that a file has one name only."""
    return Path(os.path.relpath(folder / name, folder)).as_posix()


def _files(path: Path) -> tuple[Path, ...]:
    """The picture itself, or the files of a folder; whoever opens it tells of one that cannot be listed."""
    try:
        return tuple(sorted(path.iterdir())) or (path,) if path.is_dir() else (path,)
    except OSError:
        return (path,)


def _fault(folder: Path, name: str) -> str:
    """Why a name in the table may not be followed, or nothing."""
    if not name:
        return "a row without a file name"
    if "\\" in name and not os.path.lexists(folder / name):
        return f"{name}: no such file, with \\ where / may be meant"
    return f"{name}: lies outside" if ".." in Path(_within(folder, name)).parts else ""


def _masks(folder: Path, row: Row) -> tuple[dict[str, Stored], list[Problem]]:
    name = row.get("mask", "")
    if not name:
        return {}, []
    if fault := _fault(folder, name):
        return {}, [
            Problem(folder / row["file"], f"label map left out: {fault}, wanted a file within {folder}")
        ]
    return {"mask": Stored((folder / _within(folder, name),))}, []
