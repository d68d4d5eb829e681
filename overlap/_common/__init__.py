"""Values, limits and arrays that all floors share.

Public objects compare, hash and pickle by their values (`values`), memory is asked for within
limits (`limits`), lengths are read as the decimals that were meant (`decimals`), and labels and
images come as callers hold them (`label_arrays`, `voxel_grid`).
"""
