"""Feature spaces: scaled, repeatable, and sensitive to what they are for."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist

from vesalius.evidence.baselines import augmented, blurred
from vesalius.evidence.encoder import contrast
from vesalius.evidence.features import pixel_space, principal_axes, ssl_space, texture_space
from vesalius.evidence.texture import texture


@pytest.mark.parametrize("build", [texture_space, pixel_space, lambda x: ssl_space(x, 0, 5, 32)])
def test_a_space_is_centred_scaled_and_clipped_by_its_training_pictures(build, train, test_people):
    space = build(train.stack)
    rows = space.embed(train.stack)
    assert rows.shape == (160, space.record.dim) == (160, len(space.columns))
    assert np.abs(rows.mean(axis=0)).max() < 0.2
    assert np.abs(space.embed(test_people.stack * 0 + 1)).max() <= 10


def test_texture_does_not_tell_fractions_from_whole_values():
    fractions = np.random.default_rng(0).uniform(-1, 1, (3, 24, 24)).astype(np.float32)
    whole = (np.round((fractions + 1) / 2 * 255) / 255 * 2 - 1).astype(np.float32)
    level = np.full((3, 24, 24), 0.1, np.float32)
    assert not np.array_equal(fractions, whole)
    assert np.array_equal(texture(fractions), texture(whole))
    faint = level + fractions * 1e-4
    assert np.array_equal(texture(faint), texture(level))


def test_the_encoder_is_repeatable_and_leaves_the_random_state_alone(train):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first, second = (ssl_space(train.stack, 1, 3, 32).record for _ in range(2))
    assert first == second
    assert first != ssl_space(train.stack, 2, 3, 32).record
    assert torch.equal(before, torch.get_rng_state())


def test_features_do_not_depend_on_what_else_is_embedded(train):
    for space in (texture_space(train.stack), pixel_space(train.stack), ssl_space(train.stack, 0, 3, 32)):
        alone, among = space.embed(train.stack[:1]), space.embed(train.stack)[:1]
        assert alone == pytest.approx(among, abs=1e-4)


@pytest.mark.parametrize(("exact", "error"), [(2048, 1e-9), (10, 1e-4)], ids=["in full", "projected"])
@pytest.mark.parametrize("every", [1, 8], ids=["wide", "tall"])
def test_components_are_those_of_the_singular_value_decomposition(every, exact, error, train):
    rows = train.stack.reshape(160, -1)[:, ::every].astype(np.float64)
    rows -= rows.mean(axis=0)
    _, _, whole = np.linalg.svd(rows, full_matrices=False)
    found, wanted = rows @ principal_axes(rows, 20, exact), rows @ whole[:20].T
    assert pdist(found) == pytest.approx(pdist(wanted), rel=error)
    assert found.std(axis=0) == pytest.approx(wanted.std(axis=0), rel=error)


def test_random_projections_are_the_same_each_time(train):
    rows = train.stack.reshape(160, -1).astype(np.float64)
    assert np.array_equal(principal_axes(rows, 8, 10), principal_axes(rows, 8, 10))


def test_texture_sees_a_blur(train):
    space = texture_space(train.stack)
    assert np.abs(space.embed(blurred(train.stack)).mean(axis=0)).max() > 3


def test_colour_and_depth_are_accepted():
    stack = np.random.default_rng(0).uniform(-1, 1, (30, 3, 4, 16, 16)).astype(np.float32)
    for space in (texture_space(stack), pixel_space(stack), ssl_space(stack, 0, 2, 16)):
        assert np.isfinite(space.embed(stack)).all()


def test_the_contrastive_loss_is_small_where_views_agree():
    views = torch.nn.functional.normalize(torch.eye(8), dim=1)
    assert contrast(torch.cat([views, views])) < contrast(torch.cat([views, views.roll(1, 0)]))


def test_augmentation_is_repeatable_and_stays_in_range(train):
    first = augmented(train.stack[:5], 0)
    assert np.array_equal(first, augmented(train.stack[:5], 0))
    assert np.abs(first).max() <= 1
    assert 0.01 < np.abs(first - train.stack[:5]).mean() < 0.3
