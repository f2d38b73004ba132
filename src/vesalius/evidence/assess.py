"""The whole assessment: three or four sets of pictures in, one record out."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version

from vesalius.evidence.contract import Sets, admit, describe
from vesalius.evidence.copies import Search, find_copies
from vesalius.evidence.effort import FULL, QUICK, Effort
from vesalius.evidence.features import Space, pixel_space, ssl_space, texture_space
from vesalius.evidence.lessons import utility_of
from vesalius.evidence.likeness import likeness_of
from vesalius.evidence.pictures import sheets
from vesalius.evidence.planes import are_volumes
from vesalius.evidence.record import Data, Evidence, Likeness, Subject
from vesalius.evidence.utility import Utility
from vesalius.evidence.verdict import Thresholds, Verdict
from vesalius.evidence.verdicts import (
    copying_verdict,
    diversity_verdict,
    fidelity_verdict,
    membership_verdict,
    utility_verdict,
)
from vesalius.evidence.views import references, seen, uneven
from vesalius.training.stream import Stacked

_NOT_TESTED = (
    "Membership inference: whether it can be told that a person's data were used in training.",
    "Attribute inference, re-identification with outside images, and attacks on the weights.",
    "Whether adding synthetic images to real ones helps a classifier.",
    "Judgement by readers: no person has looked at these images for this report.",
    "Differences between groups of patients (sex, age, site).",
    "Other scanners and hospitals than those of the cohort.",
)

_NOT_TESTED_OF_VOLUMES = (
    "Copies of single planes of a volume, and of volumes turned other than by quarters within their slices.",
    "Whether what is fine in one voxel continues in the next plane, beyond what learnt features see of it.",
)


def assess(
    *,
    train: Stacked,
    test: Stacked,
    made: Stacked,
    classes: tuple[str, ...],
    seed: int = 0,
    quick: bool = False,
    holdout: Stacked | None = None,
    earlier: Stacked | None = None,
    subject: Subject | None = None,
    tell: Callable[[str], None] = lambda stage: None,
) -> Evidence:
    """Measure what made pictures are worth and what they give away.

    Fidelity and diversity are measured against people the generator never saw, copying against
    the people it learnt from.

    Args:
        train: Exactly the pictures that the generator learnt from.
        test: Real pictures of other people, for usefulness; empty when nobody could be kept aside,
            and then only copies are looked for.
        made: Synthetic pictures.
        classes: Names of the classes, in the order of their indices.
        seed: Seed of everything random in the measurement.
        quick: Fewer seeds, splits and steps: exploratory.
        holdout: Real pictures of other people, for fidelity; the test people when None.
        earlier: Pictures that a model learnt from whose weights the generator started from: copies of
            them are looked for, too.
        subject: What made the pictures.
        tell: Called with the name of each stage as it begins.

    Raises:
        EvidenceError: A set breaks the data contract.
        LeakageError: A training patient, of this run or the earlier one, is in the holdout or the test set.
    """
    sets = admit(train, test, made, holdout, classes, earlier)
    return _measured(sets, subject or Subject(), seed, quick, _Clock(tell))


@dataclass(eq=False)
class _Clock:
    tell: Callable[[str], None]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.tell(name)
        start = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - start, 2)


def _measured(sets: Sets, subject: Subject, seed: int, quick: bool, clock: _Clock) -> Evidence:
    effort, thresholds, mirror = QUICK if quick else FULL, Thresholds(), subject.mirror
    with clock.stage("feature spaces"):
        refs = references(sets, seed, mirror)
        texture, ssl, pixel = (seen(space, sets, refs) for space in _spaces(sets, effort, seed, mirror))
    with clock.stage("fidelity and diversity"):
        likeness = likeness_of(sets, refs, texture, ssl, effort, seed) if sets.has_others else None
    with clock.stage("copies"):
        search = find_copies(sets, refs, (ssl, pixel), thresholds)
    with clock.stage("utility"):
        utility, reason = utility_of(sets, ssl.space, effort, seed, mirror)
    with clock.stage("pictures"):
        pictures = sheets(sets, search.matches, search.rows, seed)
    return Evidence(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        tool_version=version("vesalius"),
        seed=seed,
        quick=quick,
        subject=subject,
        data=_data(sets),
        features=tuple(one.space.record for one in (texture, ssl, pixel)),
        likeness=likeness,
        copying=search.copying,
        utility=utility,
        verdicts=_verdicts(sets, likeness, search, (utility, reason), thresholds, quick, subject.unsearched),
        thresholds=thresholds,
        not_tested=_NOT_TESTED + (_NOT_TESTED_OF_VOLUMES if are_volumes(sets.train.stack) else ()),
        pictures=pictures,
        runtime_s=clock.seconds,
    )


def _spaces(sets: Sets, effort: Effort, seed: int, mirror: bool) -> tuple[Space, Space, Space]:
    train = sets.train.stack
    learnt = ssl_space(train, seed, effort.encoder_steps, effort.encoder_batch, mirror)
    return texture_space(train), learnt, pixel_space(train)


def _data(sets: Sets) -> Data:
    real = [("train", sets.train), ("holdout", sets.holdout), ("test", sets.test)]
    records = [describe(role, one, sets.classes) for role, one in real]
    records += [] if sets.earlier is None else [describe("earlier", sets.earlier, ())]
    records.append(describe("made", sets.made, sets.classes, people=False))
    notes = (*sets.notes, *filter(None, [uneven(sets)]))
    return Data(sets.classes, tuple(records), sets.same_holdout, notes)


def _verdicts(
    sets: Sets,
    likeness: Likeness | None,
    search: Search,
    utility: tuple[Utility | None, str],
    thresholds: Thresholds,
    quick: bool,
    unsearched: int,
) -> tuple[Verdict, ...]:
    held, learnt = len(set(sets.holdout.patients)), len(set(sets.train.patients))
    verdicts = (
        fidelity_verdict(likeness, held, thresholds),
        diversity_verdict(likeness, held, thresholds),
        copying_verdict(search.copying, learnt, thresholds, unsearched),
        membership_verdict(),
        utility_verdict(*utility, thresholds),
    )
    if not quick:
        return verdicts
    return tuple(replace(one, limits=f"Exploratory (quick measurement). {one.limits}") for one in verdicts)
