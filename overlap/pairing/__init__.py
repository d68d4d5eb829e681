"""Uses of scores: suppression, matching, assignment, tolerances, distances, hidden parts."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["amodal"])
