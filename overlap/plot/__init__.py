"""Pictures of reports, with matplotlib, which is imported when something is drawn.

Nothing here touches the global state of ``pyplot``: figures are made, drawn and returned.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
