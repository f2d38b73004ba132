"""Who is meant, in words: ``label=CT,MR``."""

from collections.abc import Callable

from vesalius.cohort.cohort import Case, Cohort
from vesalius.errors import CohortError

_SHOWN = 12


def parse_where(text: str, cohort: Cohort) -> Callable[[Case], bool]:
    """Turn a condition into a claim about a case.

    Args:
        text: ``column=value`` or ``column=value,value``; a column is a fact, ``patient`` or ``key``.
        cohort: Whose columns and values may be named.

    Returns:
        Whether a case has one of the values; one without the fact has none.

    Raises:
        CohortError: Another form, or a column or value that nobody has; the message names those there are.

    Examples:
        >>> from vesalius.cohort.phantom import phantom_cohort
        >>> study = phantom_cohort(6)
        >>> len(study.where(parse_where("label=lesion", study)))
        3
    """
    column, equals, values = (part.strip() for part in text.partition("="))
    if not column or not equals or not values:
        raise CohortError(f"condition is {text!r}, wanted column=value or column=value,value")
    wanted = {value.strip() for value in values.split(",")}
    there = {_value(case, column) for case in cohort.cases} - {None}
    if not there:
        columns = sorted({name for case in cohort.cases for name in case.facts})
        raise CohortError(f"no column {column!r} in cohort {cohort.name}; there are {columns}")
    if strange := sorted(wanted - there):
        raise CohortError(f"nobody has {column} {strange[0]!r}; there are {_shown(there)}")
    return lambda case: _value(case, column) in wanted


def _value(case: Case, column: str) -> str | None:
    if column in ("patient", "key"):
        return case.patient if column == "patient" else case.key
    return str(case.facts[column]) if column in case.facts else None


def _shown(values: set[str | None]) -> str:
    names = sorted(str(value) for value in values)
    return f"{names[:_SHOWN]}" + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
