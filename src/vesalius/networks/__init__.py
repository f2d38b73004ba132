"""Networks: tensors to tensors; no loss, no file, no device. The registry is a type."""

from vesalius.networks.autoencoder import Autoencoder
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.diffusion import Diffusion
from vesalius.networks.fast import FastDiscriminator, FastGenerator
from vesalius.networks.residual import ResidualDiscriminator, ResidualGenerator
from vesalius.networks.style import StyleGenerator

AnyGenerator = Generator | ResidualGenerator | FastGenerator | StyleGenerator
"""Every network that makes pictures from latent coordinates against a critic."""

AnyDiscriminator = Discriminator | ResidualDiscriminator | FastDiscriminator
"""Every network that scores pictures."""

AnyNetwork = AnyGenerator | AnyDiscriminator | Autoencoder | Diffusion
"""Every network of the house."""
