"""Compiled code: Numba's options, templates of loops over pairs, terms, formulas, arithmetic.

`jit` is the only module that sets options of Numba, and `cache` keeps machine code on disk.
"""
