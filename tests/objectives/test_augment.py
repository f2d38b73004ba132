"""Augmentation: a function of its stream, nothing at strength nothing, and without leaks where it is rare."""

from contextlib import nullcontext

import pytest
import torch

from vesalius.errors import RecipeError
from vesalius.networks.blocks import seeded
from vesalius.objectives.augment import Augment
from vesalius.objectives.warps import BLANK

OFF = {"shift": 0.0, "cutout": 0.0, "brightness": 0.0, "contrast": 0.0}
EVERY = {
    "shift": 0.125,
    "cutout": 0.5,
    "brightness": 0.5,
    "contrast": 0.5,
    "flip": True,
    "rotation": 20.0,
    "scale": 0.2,
    "elastic": 0.08,
    "noise": 0.1,
    "bias": 0.3,
}
MOVES = ("shift", "flip", "rotation", "scale", "elastic")
SHAPES = [(3, 1, 1, 16, 16), (3, 2, 8, 16, 12)]


def only(name, **others):
    return Augment(**OFF | {name: EVERY[name]} | others)


def noise(*shape):
    return torch.rand(*shape, generator=seeded(5)) * 2 - 1


def test_augmentation_is_a_function_of_its_stream_and_lets_gradients_through():
    image = noise(6, 1, 1, 16, 16).requires_grad_()
    augment = Augment(flip=True)
    once, again, other = augment(image, seeded(3)), augment(image, seeded(3)), augment(image, seeded(4))
    assert torch.equal(once, again)
    assert not torch.equal(once, other)
    once.sum().backward()
    assert float(image.grad.abs().sum()) > 0


def test_a_shift_moves_a_point_by_whole_pixels_and_no_further_than_its_share():
    image = torch.full((64, 1, 1, 16, 16), -1.0)
    image[:, :, :, 8, 8] = 1
    moved = only("shift")(image, seeded(0))
    places = moved.flatten(1).argmax(1)
    rows, columns = places // 16, places % 16
    assert set(rows.tolist()) == set(range(6, 11)) == set(columns.tolist())
    assert torch.all(moved.flatten(1).max(1).values == 1)


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_nothing(shape):
    image, rng = noise(*shape), seeded(0)
    untouched = rng.get_state()
    assert torch.equal(Augment(**OFF)(image, rng), image)
    assert torch.equal(rng.get_state(), untouched), "what is off draws nothing"
    assert torch.equal(Augment(**EVERY, probability=0.0)(image, seeded(0)), image)
    assert torch.equal(Augment(**EVERY)(image, seeded(0), torch.tensor(0.0)), image)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_operation_works_alone_in_two_and_three_dimensions(name, shape):
    image = noise(*shape).requires_grad_()
    changed = only(name)(image, seeded(1))
    assert changed.shape == image.shape
    assert not torch.equal(changed, image)
    changed.square().sum().backward()
    assert bool(image.grad.isfinite().all())
    assert float(image.grad.abs().sum()) > 0


def test_at_certainty_the_draws_of_the_first_engine_stand_where_they_stood():
    image = torch.linspace(-1, 1, 512).view(2, 1, 1, 16, 16)
    changed = Augment(flip=True)(image, seeded(7)).flatten(1).double()
    assert changed.sum(1).tolist() == pytest.approx([-112.569410, 68.519570])
    assert (changed * torch.arange(256)).sum(1).tolist() == pytest.approx([-8775.98784, 14049.10830])


@pytest.mark.parametrize("name", EVERY)
def test_an_adaptive_strength_is_the_same_as_its_probability(name):
    image = noise(8, 1, 1, 16, 16)
    fixed = only(name, probability=0.3)(image, seeded(2))
    assert torch.equal(only(name)(image, seeded(2), torch.tensor(0.3)), fixed)


def test_shift_flip_turn_and_size_are_one_interpolation():
    image = torch.full((256, 1, 1, 17, 17), BLANK)
    image[..., 8, 8] = 1.0
    together = Augment(**OFF | {name: EVERY[name] for name in ("shift", "flip", "rotation")})
    touched = (together(image, seeded(1)) > BLANK).flatten(1).sum(1)
    assert 1 <= int(touched.min()) <= int(touched.max()) <= 6, "a second one would smear a point over nine"


def test_a_turn_stays_within_its_angle():
    image = torch.full((400, 1, 1, 33, 33), BLANK)
    image[..., 16, 28:31] = 1.0
    turned = only("rotation")(image, seeded(1)) - BLANK
    down = torch.arange(33.0) - 16
    rows = (turned.sum(-1).squeeze() * down).sum(-1) / turned.sum((1, 2, 3, 4))
    columns = (turned.sum(-2).squeeze() * down).sum(-1) / turned.sum((1, 2, 3, 4))
    angles = torch.rad2deg(torch.atan2(rows, columns))
    assert -20.5 < float(angles.min()) < -18
    assert 18 < float(angles.max()) < 20.5


def test_half_width_floats_do_not_put_voxels_in_other_places():
    image = noise(4, 1, 1, 64, 64)
    augment = Augment(**EVERY)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = augment(image, seeded(1))
    assert torch.equal(half, augment(image, seeded(1)))


@pytest.mark.parametrize("name", EVERY)
def test_an_operation_spares_as_many_pictures_as_its_probability_says(name):
    """A spared share above one half is what keeps an operation from leaking: it outweighs the rest."""
    image = noise(1, 1, 1, 16, 16).expand(2000, 1, 1, 16, 16)
    changed = only(name, probability=0.4)(image, seeded(3))
    spared = float((changed == image).flatten(1).all(1).float().mean())
    by_chance = {"flip": 0.2, "shift": 0.4 / 25}.get(name, 0.0)
    assert spared == pytest.approx(0.6 + by_chance, abs=4 * (0.25 / 2000) ** 0.5)


@pytest.mark.parametrize(("probability", "leaks"), [(0.2, False), (0.5, False), (0.9, False), (1.0, True)])
def test_a_flip_leaks_only_where_no_picture_is_spared(probability, leaks):
    """Mirrored with chance q = p / 2, a share s of left-handed people is seen as s (1 - q) + (1 - s) q.

    Its slope in s is 1 - p: at p = 1 all shares look alike, and a generator may make any of them.
    """
    left = torch.full((1, 1, 1, 16, 16), BLANK)
    left[..., :4] = 1.0
    augment = only("flip", probability=probability)
    seen = []
    for handed in (left, left.flip(-1)):
        changed = augment(handed.expand(4000, 1, 1, 16, 16), seeded(4))
        seen.append(float((changed == left).flatten(1).all(1).float().mean()))
    error = 4 * (0.5 / 4000) ** 0.5
    assert seen[0] - seen[1] == pytest.approx(1 - probability, abs=error)
    assert (abs(seen[0] - seen[1]) < error) is leaks


@pytest.mark.parametrize("side", [32, 64, 128])
def test_a_shift_below_one_half_can_be_undone(side):
    """On a circle the mean over shifts is a filter; what is left of each frequency must not be nothing."""
    most = round(side * Augment().shift)
    box = torch.zeros(side)
    box[: most + 1] = box[-most:] = 1 / (2 * most + 1)
    seen = torch.fft.fft(box).real
    for probability in (0.2, 0.5, 0.8):
        assert float((1 - probability + probability * seen).min()) > 0


@pytest.mark.parametrize("shape", SHAPES)
def test_no_value_is_waited_for(shape, monkeypatch):
    """A tensor without values can be changed only by who never asks for one."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    image = torch.empty(shape, device="meta")
    assert Augment(**EVERY)(image, seeded(1)).shape == shape
    assert Augment(**EVERY)(image, seeded(1), torch.tensor(0.5, device="meta")).shape == shape


@pytest.mark.parametrize("shape", SHAPES)
def test_half_width_pictures_are_changed_in_full_width(shape):
    image = noise(*shape).bfloat16()
    changed = Augment(**EVERY)(image, seeded(1))
    assert changed.dtype == torch.float32
    assert torch.equal(changed, Augment(**EVERY)(image.float(), seeded(1)))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("shape", [(2, 1, 1, 8, 8), (2, 1, 4, 4, 4)])
def test_gradients_of_every_operation_are_those_of_finite_differences(name, shape):
    """Each operation is straight in the picture, so a wide step serves and the rounding is small."""
    image, way = noise(*shape), torch.randn(shape, generator=seeded(6))
    weights = torch.randn(shape, generator=seeded(7))
    image.requires_grad_()
    change = only(name)
    (change(image, seeded(2)) * weights).sum().backward()
    with torch.no_grad():
        ahead, behind = change(image + 0.5 * way, seeded(2)), change(image - 0.5 * way, seeded(2))
    slope = float(((ahead - behind).double() * weights).sum())
    assert float((image.grad * way).sum()) == pytest.approx(slope, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("shape", SHAPES)
def test_one_seed_is_one_operation_whatever_the_pictures(name, shape):
    real, made = noise(*shape), torch.rand(shape, generator=seeded(8)) * 2 - 1
    moved = [only(name)(image, seeded(3)) - BLANK for image in (real, made, (real + made) / 2)]
    assert torch.allclose((moved[0] + moved[1]) / 2, moved[2], atol=1e-5)


def test_noise_has_at_most_the_said_deviation_and_a_third_of_its_square_on_average():
    """The deviation is drawn evenly up to the largest: its mean square is a third of that one's."""
    flat = torch.zeros(500, 1, 1, 32, 32)
    deviations = only("noise")(flat, seeded(0)).flatten(1).std(1)
    assert EVERY["noise"] * 0.95 < float(deviations.max()) < EVERY["noise"] * 1.1
    assert float(deviations.square().mean()) == pytest.approx(EVERY["noise"] ** 2 / 3, rel=0.1)


@pytest.mark.parametrize("shape", [(200, 1, 1, 33, 33), (60, 1, 17, 17, 17)])
def test_a_turn_keeps_what_there_is_and_a_size_changes_it_by_its_power(shape):
    image = ball(shape)
    before = (image - BLANK).sum((1, 2, 3, 4))
    turned = (only("rotation")(image, seeded(1)) - BLANK).sum((1, 2, 3, 4))
    assert torch.allclose(turned, before, rtol=0.03)
    axes = 2 if shape[2] == 1 else 3
    sized = (only("scale")(image, seeded(1)) - BLANK).sum((1, 2, 3, 4)) / before
    factors = sized ** (1 / axes)
    assert 1 / 1.22 < float(factors.min()) < 0.87
    assert 1.15 < float(factors.max()) < 1.22


@pytest.mark.parametrize("shape", [(40, 1, 1, 33, 33), (40, 1, 17, 17, 17)])
def test_a_bend_moves_the_centre_of_mass_by_no_more_than_it_says(shape):
    image = ball(shape)
    bent = only("elastic")(image, seeded(1)) - BLANK
    moved = torch.stack([centre(bent, axis) - centre(image - BLANK, axis) for axis in (3, 4)])
    assert 0.3 < float(moved.abs().max()) < EVERY["elastic"] * shape[-1]
    assert float(moved.mean().abs()) < 0.3, "no way is preferred"


def ball(shape):
    """A disc or ball in the middle, with a soft edge."""
    away = [(torch.arange(side) - (side - 1) / 2) ** 2 for side in shape[2:]]
    radius = (away[0][:, None, None] + away[1][:, None] + away[2]).sqrt()
    return (BLANK + 2 * torch.sigmoid(2 * (shape[-1] / 4 - radius))).expand(shape)


def centre(weight, axis):
    """Centre of mass along an axis, in voxels."""
    along = torch.arange(float(weight.shape[axis]))
    others = [other for other in (1, 2, 3, 4) if other != axis]
    return (weight.sum(others) * along).sum(1) / weight.sum((1, 2, 3, 4))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("shift", 0.6, "augment.shift is 0.6, wanted 0 to 0.5"),
        ("cutout", -0.1, "augment.cutout is -0.1, wanted 0 to 1"),
        ("brightness", float("nan"), "augment.brightness is nan, wanted 0 to 2"),
        ("contrast", 1.5, "augment.contrast is 1.5, wanted 0 to 1"),
        ("rotation", 181.0, "augment.rotation is 181.0, wanted 0 to 180"),
        ("scale", -1.0, "augment.scale is -1.0, wanted 0 to 1"),
        ("elastic", 0.2, "augment.elastic is 0.2, wanted 0 to 0.1"),
        ("noise", 2.0, "augment.noise is 2.0, wanted 0 to 1"),
        ("bias", float("inf"), "augment.bias is inf, wanted 0 to 1"),
        ("probability", 1.1, "augment.probability is 1.1, wanted 0 to 1"),
    ],
)
def test_a_strength_out_of_its_range_is_refused_by_name(name, value, message):
    with pytest.raises(RecipeError, match=message):
        Augment(**{name: value})
