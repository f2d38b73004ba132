"""Generative models in medicine, with evidence."""
