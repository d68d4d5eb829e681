"""The ranking core: average precision of detections of any kind of region.

Boxes in images, events in recordings and tubes in videos are ranked by the same code. A field
brings a `Table` of detections and one of truths, and `Rules`: a frozen value of

- a *measure* of agreement (`measures`): a `Score` of any kind of region, or a ratio or distance
  of the protocol's own, one jitted scalar;
- a *match rule* (`matching`): who chooses, what is preferred, what may be taken again;
- a *curve rule* (`curves`): how a ranking becomes a number;
- *limits* on how many detections count, and *strata* of the truths with numbers of their own;
- the order of detections of equal confidence (`rules.TIES`).

`find_pairs` measures each pair of one item and class once; items are measured apart and joined.
A `Scene` then holds both tables and the pairs in the numbering of the evaluation, and ranks them
under the rules' order of ties or another. `ties` says how far other orders move the numbers, and
`expectation` their exact mean over all orders. Weights of items, as a bootstrap draws them,
re-weight a `Ranking` without matching again; `RankingEvidence` makes numbers, intervals and rows
of all this for the reports of any field.
"""
