"""How much work an assessment puts into each number."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """The repetitions and steps of one assessment.

    Args:
        encoder_steps: Updates of the encoder of the `ssl` space.
        encoder_batch: Pictures in each.
        splits: Half splits for the floor.
        permutations: Chance labels for the kernel distance.
        draws: Sub-samples of the made pictures for coverage.
        vendi_draws: Sub-samples for the Vendi score.
        clusterings: Repetitions of k-means.
        seeds: Repetitions of each network in the utility test.
        network_steps: Updates of each.
        per_class: Compare each class by itself too.
    """

    encoder_steps: int
    encoder_batch: int
    splits: int
    permutations: int
    draws: int
    vendi_draws: int
    clusterings: int
    seeds: int
    network_steps: int
    per_class: bool


FULL = Effort(400, 128, 20, 499, 10, 20, 10, 5, 300, True)
"""The measurement that may be quoted."""

QUICK = Effort(60, 64, 8, 199, 1, 10, 3, 1, 80, False)
"""A first look: exploratory."""
