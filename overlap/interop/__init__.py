"""Conversions to other libraries and back; each is imported by its own name.

`overlap.interop.torch` evaluates scores and losses of tensors, with gradients for autograd.
"""
