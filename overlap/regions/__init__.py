"""Kinds of region: intervals, boxes, masks, polygons and the other sets that scores compare.

A batch (`overlap.regions.base.Regions`) holds N sets of one kind as a struct of arrays:
one contiguous float64 column per parameter, so that a kernel reads what it needs in one
pass. A kind says what two of its regions share through jitted functions of one pair and
knows nothing of scores; a score knows nothing of geometry.

==================  =========================================  =====================
`Intervals`         spans of a line, arcs of a circle          length
`Boxes`             axis-aligned boxes in any dimension        volume
`RotatedBoxes`      rectangles at any angle                    area
`UprightBoxes`      boxes that turn about the vertical         volume
`Gaussians`         normal distributions in the plane          sqrt of determinant
`Product`           products of two kinds, one by one          product of measures
`Blurred`           any of the above with a smooth overlap     self-overlap
`SmoothMin`         boxes and intervals, likewise              as of the kind
`FiniteSets`        subsets of a finite universe               cardinality or weight
`Masks`             sets of cells of a grid, hard or soft      volume of the cells
`Polygons`          sets bounded by rings, also on a torus     area, or mass
==================  =========================================  =====================
"""
