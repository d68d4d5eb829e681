"""What reports say of the order of equal confidences."""

from __future__ import annotations

from collections.abc import Sequence

from overlap.evaluate.numbers import Number

__all__ = ["ALL", "BOUNDS", "SOME", "tie_notes"]

#: What is known of the ends of a range of ties.
ALL = "this is the range over all orders"
BOUNDS = "no order moves it further, and perhaps none that far"
SOME = "not all orders were tried"


def tie_notes(numbers: Sequence[Number], known: str = SOME, tied: str = "confidences") -> list[str]:
    """Say how far other orders of ties move the first number that they move.

    Parameters
    ----------
    numbers : sequence of Number
    known : str
        What is known of the ends.
    tied : str
        What is equal.
    """
    moved = [number for number in numbers if number.ties and number.ties[1] > number.ties[0]]
    if not moved:
        return []
    first, others = moved[0], len(moved) - 1
    assert first.ties is not None
    more = f" ({others} more numbers move)" if others else ""
    return [
        f"ties: another order of equal {tied} moves {first.name} within "
        f"{first.ties[0]:.6f} to {first.ties[1]:.6f}{more}; {known}"
    ]
