"""Networks: tensors to tensors; no loss, no file, no device. The registry is a type."""

from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.residual import ResidualDiscriminator, ResidualGenerator

AnyGenerator = Generator | ResidualGenerator
"""Every network that makes pictures from latent coordinates."""

AnyDiscriminator = Discriminator | ResidualDiscriminator
"""Every network that scores pictures."""

AnyNetwork = AnyGenerator | AnyDiscriminator
"""Every network of the house."""
