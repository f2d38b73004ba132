"""The style-modulated generator: shapes, modulation written out, noise that can be made again."""

import pytest
import torch
from torch.nn.functional import conv2d, conv3d

from vesalius.errors import RecipeError
from vesalius.networks.blocks import seeded
from vesalius.networks.style import Modulated, StyleGenerator

SHAPES = [(1, 1, 16, 16), (3, 1, 24, 32), (1, 16, 16, 16), (1, 1, 64, 64)]


@pytest.mark.parametrize("shape", SHAPES)
def test_pictures_of_two_and_three_axes_are_made(shape):
    generator = StyleGenerator(width=2, latent=6).build(shape, classes=3)
    made = generator(torch.randn(3, 6, generator=seeded(0)), torch.tensor([0, 1, 2]))
    assert made.shape == (3, *shape)
    assert 0.01 < made.std() < 10


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("is_normed", [True, False])
def test_modulation_is_the_convolution_of_each_picture_with_weights_of_its_own(axes, is_normed):
    layer = Modulated(axes, styles=5, channels=3, width=4, kernel=3, is_normed=is_normed)
    style = torch.randn(2, 5, generator=seeded(1))
    features = torch.randn(2, 3, *[6] * axes, generator=seeded(2))
    said = layer(features, style)
    for picture, scale, found in zip(features, layer.style(style), said, strict=True):
        weight = layer.layer.weight * scale.view(1, -1, *[1] * axes)
        if is_normed:
            weight = weight / (weight.flatten(1).square().sum(1) + 1e-8).sqrt().view(-1, 1, *[1] * axes)
        wanted = (conv2d if axes == 2 else conv3d)(picture[None], weight, padding=1)[0]
        assert torch.allclose(found, wanted, atol=1e-5)


def test_signals_keep_their_size_however_strong_the_style():
    layer = Modulated(2, styles=5, channels=32, width=32, kernel=3)
    features, style = torch.randn(4, 32, 16, 16, generator=seeded(1)), torch.randn(4, 5, generator=seeded(2))
    for strength in (1e-3, 1.0, 1e3):
        torch.nn.init.constant_(layer.style.bias, strength)
        assert 0.7 < layer(features, style).std() < 1.3


def test_norms_are_taken_in_full_precision():
    layer = Modulated(2, styles=5, channels=256, width=4, kernel=3)
    torch.nn.init.constant_(layer.style.bias, 1e4)
    features, style = torch.ones(1, 256, 4, 4), torch.zeros(1, 5)
    precise = layer(features, style)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = layer(features, style)
    assert half.dtype == torch.bfloat16
    assert torch.allclose(half.float(), precise, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("shape", [(1, 1, 16, 16), (1, 16, 16, 16)])
def test_gradients_are_finite_in_half_width(shape):
    generator = StyleGenerator(width=4, latent=6).build(shape, classes=2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = generator(torch.randn(2, 6, generator=seeded(0)), torch.tensor([0, 1]))
    assert made.dtype == torch.float32
    made.square().sum().backward()
    grads = {name: one.grad for name, one in generator.named_parameters()}
    assert all(grad is not None and grad.isfinite().all() for grad in grads.values())
    assert all(grads[name].abs().sum() > 0 for name in ("mapping.weights.0", "mapping.embedding.weight"))


def test_class_and_latents_change_the_picture():
    generator = StyleGenerator(width=4, latent=6, noise=False).build((1, 1, 16, 16), classes=2)
    latents = torch.randn(2, 6, generator=seeded(0))
    zero, one = generator(latents, torch.tensor([0, 0])), generator(latents, torch.tensor([1, 1]))
    assert not torch.allclose(zero, one)
    assert not torch.allclose(zero[0], zero[1])


def test_noise_is_optional_and_begins_at_nothing():
    shape, latents, classes = (1, 1, 16, 16), torch.randn(2, 6, generator=seeded(0)), torch.tensor([0, 0])
    generator = StyleGenerator(width=4, latent=6).build(shape, classes=1)
    quiet = generator(latents, classes)
    torch.nn.init.constant_(generator.second[-1].strength, 1.0)
    assert not torch.allclose(generator(latents, classes), quiet)
    plain = StyleGenerator(width=4, latent=6, noise=False).build(shape, classes=1)
    plain.load_state_dict({k: v for k, v in generator.state_dict().items() if not k.endswith("strength")})
    assert torch.allclose(plain(latents, classes), quiet)


def test_a_head_start_begins_at_the_linear_model():
    generator = StyleGenerator(width=2, latent=6, head_start=3).build((1, 1, 16, 16), classes=1)
    pictures = torch.randn(40, 1, 1, 16, 16, generator=seeded(1)).clamp(-1, 1)
    generator.base.fit(pictures, torch.zeros(40, dtype=torch.long))
    latents, classes = torch.randn(2, 6, generator=seeded(2)), torch.zeros(2, dtype=torch.long)
    assert torch.allclose(generator(latents, classes), generator.base(latents, classes), atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"width": 0}, "generator.width is 0"),
        ({"latent": 0}, "generator.latent is 0"),
        ({"mapping": 0}, "generator.mapping is 0"),
        ({"head_start": 200}, "generator.head_start is 200"),
    ],
)
def test_impossible_numbers_are_refused_by_name(wrong, said):
    with pytest.raises(RecipeError, match=said):
        StyleGenerator(**wrong)


def test_sides_that_cannot_be_halved_are_refused():
    with pytest.raises(RecipeError, match=r"task.size is \(20, 30\)"):
        StyleGenerator().build((1, 1, 20, 30), 1)
