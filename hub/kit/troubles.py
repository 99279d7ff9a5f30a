"""What is wrong with a part of the hub while the whole goes on: told by whoever notices it, shown by `/readyz`."""


class Troubles:
    """By name, in a person's words."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}

    def tell(self, name: str, words: str) -> bool:
        """Whether this is news; empty words: it is over."""
        if self._words.get(name, "") == words:
            return False
        if words:
            self._words[name] = words
        else:
            del self._words[name]
        return True

    def all(self) -> dict[str, str]:
        return dict(self._words)
