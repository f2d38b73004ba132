"""What the evidence sees of volumes: all of them, not their middle slice."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image as Raster

from vesalius.evidence.assess import assess
from vesalius.evidence.baselines import augmented, blurred
from vesalius.evidence.classifier import network_scores, teach
from vesalius.evidence.correlation import best_matches, body
from vesalius.evidence.encoder import reduced
from vesalius.evidence.features import pixel_space, ssl_space, texture_space
from vesalius.evidence.planes import cuts, directions, grey, shown
from vesalius.training.stream import Stacked

SHAPE = (16, 16, 16)


def volumes(first, count, seed=0):
    """People as boxes of their own place and size in noise; odd ones have a bright corner off the middle."""
    made = []
    for index in range(first, first + count):
        rng = np.random.default_rng((seed, index))
        volume = rng.normal(-0.8, 0.05, SHAPE)
        for _ in range(4):
            start, length = rng.integers(1, 9, 3), rng.integers(3, 7, 3)
            z, y, x = map(slice, start, start + length)
            volume[z, y, x] += rng.uniform(0.3, 0.7)
        if index % 2:
            volume[1:4, 1:4, 1:4] = 0.9
        made.append(np.clip(volume, -1, 1))
    names = tuple(f"p{seed}-{index}" for index in range(first, first + count))
    stack = np.stack(made)[:, None].astype(np.float32)
    return Stacked(stack, np.arange(first, first + count) % 2, names, names)


@pytest.fixture(scope="module")
def learnt():
    return volumes(0, 40)


@pytest.mark.parametrize("space_of", [texture_space, pixel_space, lambda stack: ssl_space(stack, 0, 5, 16)])
def test_every_space_sees_what_is_beside_the_middle_slice(learnt, space_of):
    space = space_of(learnt.stack)
    other = learnt.stack[:4].copy()
    other[:, :, 12:15] = -other[:, :, 12:15]
    assert np.abs(space.embed(other) - space.embed(learnt.stack[:4])).max(axis=1).min() > 0.1


def test_texture_is_named_by_direction_and_only_where_planes_are_large_enough(learnt):
    assert {name.partition("_")[0] for name in texture_space(learnt.stack).columns} == {
        "axial",
        "coronal",
        "sagittal",
    }
    flat = learnt.stack[:, :, 6:10]
    assert directions(flat) == (0,)
    assert {name.partition("_")[0] for name in texture_space(flat).columns} == {"axial"}


def test_cuts_are_planes_across_their_direction():
    z, y, x = np.mgrid[:16, :24, :32].astype(np.float32)
    for direction, ramp in enumerate((z, y, x)):
        planes = cuts(ramp[None, None], direction, 3)
        assert (np.ptp(planes, axis=(2, 3)) == 0).all()
        assert (np.diff(planes[0, :, 0, 0]) > 0).all()


def test_large_volumes_are_averaged_for_copies_and_pixels():
    ramp = np.broadcast_to(np.arange(64, dtype=np.float32)[:, None, None], (64, 16, 32))
    small = grey(np.ascontiguousarray(ramp)[None, None])
    assert small.shape == (1, 32, 16, 32)
    assert (small[0, :, 0, 0] == np.arange(0.5, 64, 2)).all()


@pytest.mark.parametrize("change", ["mirrored", "turned", "shifted", "upside down"])
def test_a_copied_volume_is_found_however_mirrored_turned_or_shifted(learnt, change):
    ways = {
        "mirrored": lambda one: one[..., ::-1],
        "upside down": lambda one: one[:, ::-1],
        "turned": lambda one: np.rot90(one, 1, (2, 3)),
        "shifted": lambda one: np.roll(one, (1, -1, 1), (1, 2, 3)),
    }
    reference = grey(learnt.stack)
    query = np.ascontiguousarray(ways[change](reference[:8]))
    found = best_matches(query, reference, np.arange(40), body(reference))
    assert (found.index == np.arange(8)).all()
    assert found.correlation.min() > 0.9
    assert found.others.max() < 0.9


@pytest.mark.parametrize(("side", "seen"), [(16, 16), (32, 32), (48, 24), (64, 32), (128, 25)])
def test_the_encoder_sees_less_than_48_voxels_a_side(side, seen):
    volume = torch.zeros(1, 1, side, side, side)
    assert tuple(reduced(volume).shape[2:]) == (seen, seen, seen)
    assert reduced(torch.zeros(1, 1, 48, 64)).shape == (1, 1, 48, 64)


def test_augmentation_and_blur_reach_along_all_three_axes():
    point = np.full((1, 1, *SHAPE), -1, np.float32)
    point[..., 8, 8, 8] = 1
    assert (blurred(point)[0, 0, 5:12, 8, 8] > -1).all()
    slab = np.full((20, 1, *SHAPE), -1, np.float32)
    slab[:, :, 8] = 1
    moved = augmented(slab, 0)
    assert moved.shape == slab.shape
    assert np.ptp(moved.mean(axis=(1, 3, 4)).argmax(axis=1)) > 0


def test_a_classifier_learns_from_a_corner_of_volumes(learnt):
    network = teach(learnt.stack, learnt.labels, 2, 0, 40)
    others = volumes(100, 40)
    assert (network_scores(network, others.stack).argmax(1) == others.labels).mean() > 0.8


def test_a_volume_is_shown_as_three_planes_with_the_head_above():
    volume = np.zeros((1, 1, 16, 20, 24), np.float32)
    volume[0, 0, 15], volume[0, 0, 8] = 0.9, 0.5
    (sheet,) = shown(volume)[:, 0]
    assert sheet.shape == (20, 24 + 1 + 24 + 1 + 20)
    axial, coronal, sagittal = sheet[:, :24], sheet[2:18, 25:49], sheet[2:18, 50:]
    assert (axial == 0.5).all()
    for plane in (coronal, sagittal):
        assert (plane[0] == np.float32(0.9)).all()
        assert (plane[7] == 0.5).all()
        assert (plane[1:7] == 0).all()
    assert (sheet[:2, 25:] == 1).all()


def test_an_assessment_of_volumes_finds_copies_and_tells_what_it_saw(learnt):
    others = volumes(0, 20, seed=5)
    stack = np.concatenate([learnt.stack[:6, ..., ::-1], volumes(0, 14, seed=9).stack])
    names = tuple(f"m{index}" for index in range(20))
    made = replace(others, stack=np.ascontiguousarray(stack), patients=names, keys=names)
    evidence = assess(train=learnt, test=others, made=made, classes=("a", "b"), quick=True)
    assert {pair.made for pair in evidence.copying.pairs} == set(names[:6])
    assert any(note.startswith("Volumes: learnt features") for note in evidence.data.notes)
    assert any("single planes of a volume" in claim for claim in evidence.not_tested)
    (sheet,) = (one for one in evidence.pictures if one.name == "synthetic/a")
    assert "sagittal" in sheet.caption
    picture = Raster.open(io.BytesIO(base64.b64decode(sheet.png)))
    assert picture.width == 4 * (3 * 16 + 2) + 3 * 2
    assert evidence.utility is not None
