"""Whole numbers in the words of strangers."""


def whole(text: str, *, digits: int = 18) -> int | None:
    """The number that ASCII digits write, with a minus before them or not; none for anything else, and for more than
    `digits` of them: `int` itself raises on four thousand, and on digits like `²` that `isdigit` lets through.
    """
    bare = text.removeprefix("-")
    fits = 0 < len(bare) <= digits and bare.isascii() and bare.isdecimal()
    return int(text) if fits else None
