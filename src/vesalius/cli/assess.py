"""``vesalius assess``."""
