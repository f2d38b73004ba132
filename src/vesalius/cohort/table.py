"""A cohort as one Parquet table: who, where the pictures lie, and every fact as a typed column."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vesalius.cohort.cohort import Case, Cohort, Fact, Stored
from vesalius.errors import CohortError
from vesalius.storage import written

_TYPES: dict[type, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64()}
_SOURCE = pa.struct([("paths", pa.list_(pa.string())), ("slice", pa.int64())])
_SOURCES = ("picture:", "mask:")
_NAME = b"vesalius.cohort"
_REMARKS = b"vesalius.remarks"
_OURS = (_NAME, _REMARKS)


def write_cohort(cohort: Cohort, path: Path) -> Path:
    """Write a table that `read_table` turns into an equal cohort.

    Columns: ``key``, ``patient``; ``picture:ROLE`` and ``mask:ROLE`` with the files, relative to
    the folder of the table when they lie below it, and the slice; ``fact:NAME``.

    Args:
        cohort: Cases whose pictures are stored.
        path: Where to; ends in ``.parquet``.

    Raises:
        CohortError: A picture is only in memory, a fact is of two types, or a name is no UTF-8.
        StorageError: The file could not be written whole.
    """
    try:
        table = pa.table(_columns(cohort, path.parent))
    except UnicodeEncodeError as error:
        raise CohortError(f"{error.object!r} is no UTF-8, wanted a name that is; rename the file") from error
    said = {_NAME: json.dumps(cohort.name), _REMARKS: json.dumps(cohort.remarks)}
    with written(path) as beside:
        pq.write_table(table.replace_schema_metadata(said), beside)
    return path


def read_table(path: Path) -> Cohort:
    """Read a cohort that `write_cohort` wrote; no picture is opened.

    Raises:
        CohortError: The file is no such table, or a column is of another form; the message names it.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise CohortError(f"{path}: not read: {error}, wanted a Parquet table of a cohort") from error
    names = table.column_names
    if missing := {"key", "patient"} - set(names):
        raise CohortError(f"{path} has no column {sorted(missing)[0]!r}; it has {names}")
    columns = {name: _cells(path, name, table.column(name)) for name in names}
    rows = (dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True))
    name, remarks = _said(path, table.schema.metadata or {})
    return Cohort(tuple(_case(row, path.parent) for row in rows), name, remarks)


def _cells(path: Path, name: str, column: pa.ChunkedArray) -> list[object]:
    """The cells of a column in the type that `write_cohort` gives it; other tools may give another.

    Raises:
        CohortError: They have no such form.
    """
    try:
        cells = column.cast(_type(name, column.type)).to_pylist()
    except pa.ArrowException as error:
        raise CohortError(f"{path}: column {name!r} is {column.type}: {error}") from error
    if name in ("key", "patient") and None in cells:
        raise CohortError(f"{path}: column {name!r} has an empty cell, wanted one filled for each case")
    if name.startswith(_SOURCES) and not all(_leads(cell) for cell in cells):
        raise CohortError(f"{path}: column {name!r} has a cell without paths, wanted files or an empty cell")
    return cells


def _type(name: str, there: pa.DataType) -> pa.DataType:
    if name.startswith(_SOURCES):
        return _SOURCE
    is_number = pa.types.is_integer(there) or pa.types.is_floating(there)
    return there if is_number and name not in ("key", "patient") else pa.string()


def _leads(cell: dict[str, Any] | None) -> bool:
    """Whether a cell that says where a picture is says it."""
    return cell is None or (bool(cell["paths"]) and None not in cell["paths"])


def _said(path: Path, metadata: dict[bytes, bytes]) -> tuple[str, tuple[str, ...]]:
    """Name and remarks of the cohort."""
    try:
        said = {name: json.loads(text) for name, text in metadata.items() if name in _OURS}
        return str(said.get(_NAME, path.stem)), tuple(map(str, said.get(_REMARKS, ())))
    except (ValueError, TypeError) as error:
        raise CohortError(f"{path}: metadata {_NAME.decode()} not read: {error}, wanted JSON") from error


def _columns(cohort: Cohort, root: Path) -> dict[str, pa.Array]:
    columns: dict[str, pa.Array] = {
        "key": pa.array([case.key for case in cohort.cases], pa.string()),
        "patient": pa.array([case.patient for case in cohort.cases], pa.string()),
    }
    for role in _names(cohort, lambda case: list(case.pictures)):
        cells = [_cell(case, case.pictures.get(role), root) for case in cohort.cases]
        columns[f"picture:{role}"] = pa.array(cells, _SOURCE)
    for role in _names(cohort, lambda case: list(case.masks)):
        cells = [_cell(case, case.masks.get(role), root) for case in cohort.cases]
        columns[f"mask:{role}"] = pa.array(cells, _SOURCE)
    for name in _names(cohort, lambda case: list(case.facts)):
        columns[f"fact:{name}"] = _facts(cohort, name)
    return columns


def _names(cohort: Cohort, of: Callable[[Case], list[str]]) -> list[str]:
    return sorted({name for case in cohort.cases for name in of(case)})


def _cell(case: Case, source: object, root: Path) -> dict[str, object] | None:
    if source is None:
        return None
    if not isinstance(source, Stored):
        raise CohortError(f"case {case.key} has a picture in memory only; write the pictures first")
    return {"paths": [_told(path, root) for path in source.paths], "slice": source.slice}


def _told(path: Path, root: Path) -> str:
    for known, folder in ((path, root), (path.absolute(), root.absolute()), (path.resolve(), root.resolve())):
        if known.is_relative_to(folder):
            return known.relative_to(folder).as_posix()
    return str(path.absolute())


def _facts(cohort: Cohort, name: str) -> pa.Array:
    values: list[Fact | None] = [case.facts.get(name) for case in cohort.cases]
    types = {type(value) for value in values if value is not None}
    if len(types) != 1 or not types <= set(_TYPES):
        named = sorted(each.__name__ for each in types)
        raise CohortError(f"fact {name!r} is of types {named}, wanted one of str, int, float")
    try:
        return pa.array(values, _TYPES[types.pop()], from_pandas=False)
    except (pa.ArrowException, OverflowError) as error:
        raise CohortError(f"fact {name!r} cannot be stored: {error}") from error


def _case(row: dict[str, object], root: Path) -> Case:
    cells = {name: value for name, value in row.items() if value is not None}
    return Case(
        key=str(row["key"]),
        patient=str(row["patient"]),
        pictures=_sources(cells, "picture:", root),
        masks=_sources(cells, "mask:", root),
        facts={name.removeprefix("fact:"): v for name, v in cells.items() if name.startswith("fact:")},  # pyright: ignore[reportArgumentType]
    )


def _sources(cells: dict[str, object], prefix: str, root: Path) -> dict[str, Stored]:
    found = {}
    for name, cell in cells.items():
        if name.startswith(prefix) and isinstance(cell, dict):
            paths = tuple(root / told for told in cell["paths"])
            found[name.removeprefix(prefix)] = Stored(paths, cell["slice"])
    return found
