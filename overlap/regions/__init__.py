"""Kinds of region: intervals, boxes, masks, polygons and the other sets that scores compare.

A batch (`overlap.regions.base.Regions`) holds N sets of one kind as a struct of arrays:
one contiguous float64 column per parameter, so that a kernel reads what it needs in one
pass. A kind gives the terms of a pair, such as measures and intersection, in one of two ways:
through jitted scalars of one pair, or by writing the terms of many pairs at once (`fill_block`).
It knows nothing of scores; a score knows nothing of geometry. A kind is asked for all else that it
may have (bounds, a boundary, scaled regions), and never for its name.

==================  =========================================  =====================
`Intervals`         spans of a line, arcs of a circle          length
`IntervalSets`      finite unions of intervals                 total length
`Boxes`             axis-aligned boxes in any dimension        volume
`RotatedBoxes`      rectangles at any angle                    area
`UprightBoxes`      boxes that turn about the vertical         volume
`Gaussians`         normal distributions in the plane          sqrt of determinant
`Product`           products of two kinds, one by one          product of measures
`Blurred`           boxes and intervals, smooth overlap        self-overlap
`SmoothMin`         boxes and intervals, likewise              as of the kind
`FiniteSets`        subsets of a finite universe               cardinality or weight
`Masks`             sets of cells of a grid, hard or soft      volume of the cells
`LabelRegions`      labels of a volume, counted with another   volume of the voxels
`Polygons`          sets bounded by rings, also on a torus     area, or mass
==================  =========================================  =====================
"""
