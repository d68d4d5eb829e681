"""What `torch.compile` calls as it is, instead of looking into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.compiler import is_compiling, is_dynamo_compiling

try:  # as `torch.compiler.disable`, which would load the whole compiler now
    from torch._compile import _disable_dynamo as _exempt
except ImportError:
    from torch.compiler import disable as _exempt

__all__ = ["constant", "is_compiling", "is_dynamo_compiling", "uncompiled"]


@_exempt
def uncompiled(function: Callable[..., Any], *args: Any, **settings: Any) -> Any:
    """Call a function that the compiler does not trace; the model around it is compiled.

    Parameters
    ----------
    function : callable
    *args, **settings
        Of the function.
    """
    return function(*args, **settings)


def constant(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let the compiler call a function while it traces, and trace again for other objects.

    This is what `torch.compiler.assume_constant_result` does, which would load the compiler now.

    Parameters
    ----------
    function : callable
    """
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function
