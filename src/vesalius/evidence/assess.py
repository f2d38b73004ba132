"""The whole assessment: three or four sets of pictures in, one record out."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np

from vesalius.evidence.contract import Sets, admit, describe
from vesalius.evidence.copies import find_copies
from vesalius.evidence.estimate import Comparison
from vesalius.evidence.features import Space, pixel_space, ssl_space, texture_space
from vesalius.evidence.fidelity import permutation_p
from vesalius.evidence.lessons import utility_of
from vesalius.evidence.diversity import cluster_shares
from vesalius.evidence.measure import compare, vendi_ratio
from vesalius.evidence.pictures import sheets
from vesalius.evidence.record import Effect, Evidence, PermutationTest, Subject
from vesalius.evidence.separability import differing
from vesalius.evidence.verdicts import (
    Thresholds,
    Verdict,
    copying_verdict,
    diversity_verdict,
    fidelity_verdict,
    membership_verdict,
    utility_verdict,
)
from vesalius.evidence.views import References, pooled, references, view
from vesalius.training.stream import Stacked
