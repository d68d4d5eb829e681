"""How much do two sets agree, and if they do not touch, how far apart are they?"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
