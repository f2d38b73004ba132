"""Networks: tensors to tensors; no loss, no file, no device. The registry is a type."""

from vesalius.networks.convnet import Discriminator, Generator

AnyGenerator = Generator
"""Every network that makes pictures from latent coordinates."""

AnyDiscriminator = Discriminator
"""Every network that scores pictures."""

AnyNetwork = AnyGenerator | AnyDiscriminator
"""Every network of the house."""
