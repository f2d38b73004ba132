"""Classes that are combinations of several facts: ``label,sex,age:40,60``."""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite, isnan

from vesalius.cohort.cohort import Case, Cohort, Fact
from vesalius.errors import CohortError

MANY = 12
"""Different numbers above which a fact has to be cut where each is one of few people."""

FEW = 8
"""People of each number, on average, of whom many numbers are the names of classes and no measure."""

Levels = tuple[str, ...]
"""One level of each factor."""


@dataclass(frozen=True, kw_only=True)
class Factor:
    """A fact that conditions, and where its numbers are cut.

    Args:
        fact: Its name.
        limits: Where a level ends and the next begins, rising; a limit belongs to the level above it.
            Empty where every value is a level.

    Raises:
        CohortError: The limits do not rise.

    Examples:
        >>> Factor(fact="age", limits=(40.0, 60.0)).levels
        ('under 40', '40 to under 60', '60 or more')
    """

    fact: str
    limits: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not all(map(isfinite, self.limits)) or any(low >= high for low, high in pairwise(self.limits)):
            raise CohortError(f"{self.fact} is cut at {', '.join(self._said)}; wanted numbers that rise")

    def __str__(self) -> str:
        return self.fact + (":" + ",".join(self._said) if self.limits else "")

    @property
    def _said(self) -> tuple[str, ...]:
        return tuple(repr(float(limit)).removesuffix(".0") for limit in self.limits)

    @property
    def levels(self) -> Levels:
        """What its numbers become, from low to high; nothing where they are not cut."""
        said = self._said
        between = (f"{low} to under {high}" for low, high in pairwise(said))
        return (f"under {said[0]}", *between, f"{said[-1]} or more") if said else ()

    def level(self, case: Case) -> str | None:
        """The level of a case; None where the fact is not known of it.

        Raises:
            CohortError: It is to be cut, and no number.
        """
        value = case.facts.get(self.fact, "")
        if isinstance(value, float) and isnan(value):
            return None
        said = str(value).strip()
        if not said or not self.limits:
            return str(value) if said else None
        # A made picture says its level, not a number.
        return said if said in self.levels else self._cut(case, said)

    def _cut(self, case: Case, said: str) -> str:
        number = _number(said)
        if number is None or isnan(number):
            raise CohortError(f"case {case.key} has {self.fact} {said!r}, wanted a number to cut as {self}")
        return self.levels[bisect_right(self.limits, number)]


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """Which combinations of the levels of facts there are; each is a class.

    Args:
        factors: The facts.
        combinations: A level of every factor for each class, in the order of the classes.

    Raises:
        CohortError: A combination has more or fewer levels than there are factors, or the name of another.
    """

    factors: tuple[Factor, ...]
    combinations: tuple[Levels, ...]

    def __post_init__(self) -> None:
        for levels in self.combinations:
            if len(levels) != len(self.factors):
                raise CohortError(
                    f"combination {levels} has {len(levels)} levels, wanted {len(self.factors)}"
                )
        if twice := [name for name, count in Counter(self.names).items() if count > 1]:
            raise CohortError(f"{twice[0]!r} is the name of two combinations, wanted names that differ")

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each class."""
        return tuple(map(", ".join, self.combinations))

    @property
    def levels(self) -> tuple[Levels, ...]:
        """The different levels of every factor, in the order in which classes have them."""
        return tuple(tuple(dict.fromkeys(column)) for column in zip(*self.combinations, strict=True))

    @property
    def table(self) -> tuple[tuple[int, ...], ...]:
        """For each class the place of its level among `levels`, for every factor."""
        return tuple(
            tuple(known.index(level) for known, level in zip(self.levels, levels, strict=True))
            for levels in self.combinations
        )

    def facts(self, index: int) -> dict[str, Fact]:
        """What is known of a picture of a class."""
        return {each.fact: level for each, level in zip(self.factors, self.combinations[index], strict=True)}

    def index(self, case: Case) -> int:
        """The class of a case.

        Raises:
            CohortError: A fact is not known of it or has an unknown level, or nobody was of that combination.
        """
        levels = combination(case, self.factors)
        for factor, level, known in zip(self.factors, levels, self.levels, strict=True):
            if level not in known:
                raise CohortError(f"case {case.key} has {factor.fact} {level!r}, wanted one of {list(known)}")
        if levels not in self.combinations:
            said = ", ".join(
                f"{each.fact} {level!r}" for each, level in zip(self.factors, levels, strict=True)
            )
            raise CohortError(f"case {case.key} has {said}; wanted a combination of {list(self.names)}")
        return self.combinations.index(levels)


def combination(case: Case, factors: tuple[Factor, ...]) -> Levels:
    """The level of every factor of a case.

    Raises:
        CohortError: One is not known.
    """
    levels = []
    for factor in factors:
        if (level := factor.level(case)) is None:
            known = sorted(name for name in case.facts if Factor(fact=name).level(case) is not None)
            raise CohortError(f"case {case.key} has no value of {factor.fact!r}; it has one of {known}")
        levels.append(level)
    return tuple(levels)


def crossing(cohort: Cohort, factors: tuple[Factor, ...]) -> Crossing:
    """The combinations that occur in a cohort: names sorted as text, cut numbers from low to high.

    Args:
        cohort: Whose facts.
        factors: One or more.

    Raises:
        CohortError: A fact is not known of somebody.
    """

    def order(levels: Levels) -> list[tuple[int, str]]:
        both = zip(factors, levels, strict=True)
        return [(each.levels.index(level) if each.limits else 0, level) for each, level in both]

    found = {combination(case, factors) for case in cohort.cases}
    return Crossing(factors=factors, combinations=tuple(sorted(found, key=order)))


def complete(cohort: Cohort, factors: tuple[Factor, ...]) -> Cohort:
    """The cases of which every fact is known; how many are not is a remark of the cohort.

    Raises:
        CohortError: All facts are known of nobody.
    """
    remarks, kept = [], cohort
    for factor in factors:
        known = kept.where(lambda case, factor=factor: factor.level(case) is not None)
        if lost := len(kept) - len(known):
            people = len(kept.patients - known.patients)
            remarks.append(
                f"{factor.fact} is not known of {lost} picture(s): left out, with {people} patient(s)"
            )
        kept = known
    if len(cohort) and not len(kept):
        names = ", ".join(each.fact for each in factors)
        raise CohortError(f"cohort {cohort.name}: of nobody {names} are all known, wanted somebody")
    return replace(kept, remarks=(*cohort.remarks, *remarks))


def factors_of(text: str, cohort: Cohort, are_known: bool = False) -> tuple[Factor, ...]:
    """The facts that are meant by words.

    Args:
        text: Columns with commas between them; limits after a colon cut the numbers of one. A column that
            is called so itself is meant before anything else.
        cohort: Whose columns.
        are_known: Whether a recipe lists the classes already, so that many numbers are what it is about.

    Raises:
        CohortError: Other words, a column that is not there or stands twice, or one of very many numbers
            with few people each that is not cut; the message says where it could be.

    Examples:
        >>> from vesalius.cohort.phantom import phantom_cohort
        >>> [str(each) for each in factors_of("label,age:40,60,sex", phantom_cohort(4))]
        ['label', 'age:40,60', 'sex']
    """
    columns = sorted({name for case in cohort.cases for name in case.facts})
    factors = (Factor(fact=text),) if text in columns else _parsed(text, columns)
    for place, factor in enumerate(factors):
        if factor.fact not in columns:
            raise CohortError(
                f"no column {factor.fact!r} in cohort {cohort.name}; there are {columns}; wanted another "
                "label, or none for a generator without classes"
            )
        if factor.fact in [each.fact for each in factors[:place]]:
            raise CohortError(f"label is {text!r}, wanted {factor.fact!r} once")
        if not are_known:
            _refuse_many(factor, cohort)
    return factors


def _parsed(text: str, columns: list[str]) -> tuple[Factor, ...]:
    """Columns and their limits; a number after a limit is the next one."""
    found: list[tuple[str, list[float]]] = []
    for part in map(str.strip, text.split(",")):
        name, colon, limit = (part, "", part) if part in columns else part.partition(":")
        number = _number(limit if colon else part)
        if colon and number is not None:
            found.append((name.strip(), [number]))
        elif colon:
            raise CohortError(f"label is {text!r}, wanted numbers after a colon, such as age:40,60")
        elif number is not None and found and found[-1][1] and part not in columns:
            found[-1][1].append(number)
        else:
            found.append((part, []))
    return tuple(Factor(fact=name, limits=tuple(limits)) for name, limits in found)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _refuse_many(factor: Factor, cohort: Cohort) -> None:
    """Names may be many; numbers so many are a measure where nearly nobody has exactly that of another."""
    told = ((case.patient, case.facts.get(factor.fact)) for case in cohort.cases)
    people = {
        (who, float(value)) for who, value in told if isinstance(value, int | float) and isfinite(value)
    }
    numbers = sorted(number for _, number in people)
    different = len(set(numbers))
    if factor.limits or different <= MANY or len(people) >= FEW * different:
        return
    thirds = Factor(
        fact=factor.fact, limits=tuple(sorted({numbers[len(numbers) * at // 3] for at in (1, 2)}))
    )
    raise CohortError(
        f"{factor.fact} has {different} different numbers from {numbers[0]:g} to {numbers[-1]:g}, wanted at "
        f"most {MANY}, or {FEW} people of each; cut it, such as {thirds} for thirds"
    )
