"""Conversions to other libraries and back; each is imported by its own name.

`overlap.interop.pycocotools` has the class by which programs evaluate COCO's boxes and masks.
`overlap.interop.torch` evaluates scores and losses of tensors, with gradients for autograd.
"""
