"""Scores: formulas of the terms of a pair, and their evaluation for pairs of regions.

A `component` is one formula and its metadata. A `score` is a linear combination of components, and
`ratios`, `penalties` and `divergences` are those of the package. A `plan` is a score made ready for
two batches; `evaluation` computes it pair by pair, for all pairs and with gradients, `sparse` for
the pairs above a threshold, which `candidates` finds, and `groups` within images or classes.
"""
