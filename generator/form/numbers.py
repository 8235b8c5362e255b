"""Numbers as text: the pattern of every number in a range, each in one spelling.

CloudFormation's type Number takes 10.5, 1e3 or +5 where a service takes a whole number only, and knows no pattern. So the
form asks for numbers as texts.
"""

from __future__ import annotations

from collections.abc import Iterator


def pattern(minimum: float, maximum: float, step: float = 1) -> str:
    """The pattern of the numbers from `minimum` to `maximum` in steps of 1 or 0.5, neither signed nor padded."""
    if step == 1:
        return f"({'|'.join(_blocks(int(minimum), int(maximum)))})"
    if step != 0.5 or maximum % 1:
        raise ValueError(f"no pattern for steps of {step:g} up to {maximum:g}")
    halves = [rf"{int(minimum)}\.5"] if minimum % 1 else []
    whole = "|".join(_blocks(int(minimum + 0.5), int(maximum) - 1))
    return "(" + "|".join([*halves, rf"({whole})(\.5)?", f"{maximum:g}"]) + ")"


def sentence(minimum: float, maximum: float, step: float = 1) -> str:
    """What an answer must be, in words."""
    if step == 1:
        return f"Must be a whole number from {minimum:g} to {maximum:g}."
    return f"Must be a number from {minimum:g} to {maximum:g} in steps of {step:g}."


def _blocks(low: int, high: int) -> Iterator[str]:
    """Patterns that together match the whole numbers from `low` to `high`: blocks of 1, 10, 100 … numbers."""
    while low <= high:
        size = 1
        while size * 10 <= 10 ** (len(str(low)) - 1) and low % (size * 10) == 0 and low + size * 10 - 1 <= high:
            size *= 10
        first = low // size % 10
        last = first + min(9 - first, (high - low + 1) // size - 1)
        prefix = str(low // (size * 10) or "")
        digit = str(first) if first == last else f"[{first}-{last}]"
        yield prefix + digit + "[0-9]" * (len(str(size)) - 1)
        low += (last - first + 1) * size
