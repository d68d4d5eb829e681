"""Scores: formulas of the terms of a pair, and their evaluation for pairs of regions.

A `score` is a linear combination of components: `ratios`, `penalties` or `divergences`. A `plan` is
a score made ready for two batches; `evaluation` computes it pair by pair or for all pairs, `sparse`
for the pairs above a threshold, which `candidates` finds.
"""
