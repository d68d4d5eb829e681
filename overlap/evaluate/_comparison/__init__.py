"""Comparison of reports on one truth: ranks, their stability, and paired tests."""
