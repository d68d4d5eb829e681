"""Damaged inputs for every reader, drawn from seeds that are kept."""
