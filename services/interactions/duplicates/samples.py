"""A part of a stream in which each item is as likely as any other."""

import random
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Sample(Generic[Item]):
    """At most `size` items; each stands for `weight` of those that came by (reservoir sampling, Vitter 1985)."""

    def __init__(self, size: int, generator: random.Random) -> None:
        self.items: list[Item] = []
        self._size = size
        self._random = generator
        self._met = 0

    def add(self, item: Item) -> None:
        self._met += 1
        if len(self.items) < self._size:
            self.items.append(item)
        elif (place := self._random.randrange(self._met)) < self._size:
            self.items[place] = item

    @property
    def weight(self) -> float:
        return self._met / len(self.items) if self.items else 0.0
