"""How fast this machine is at this moment, beside every figure: a number without it can be compared with nothing."""

import hashlib
import os
import tempfile
import time

_ROUNDS = 5
_SYNCS = 20


def machine() -> str:
    """Milliseconds that a fixed piece of Python takes, the best of five, and one durable write of 4 kB."""
    return f"{min(_python() for _ in range(_ROUNDS)):.0f} ms Python, {_sync():.1f} ms sync"


def _python() -> float:
    started = time.perf_counter()
    found: dict[str, int] = {}
    for number in range(60_000):
        name = f"key {number % 977}"
        found[name] = found.get(name, 0) + len(name)
    hashlib.blake2b(repr(sorted(found.items())).encode()).hexdigest()
    return (time.perf_counter() - started) * 1000


def _sync() -> float:
    with tempfile.NamedTemporaryFile(dir=".") as file:
        started = time.perf_counter()
        for _ in range(_SYNCS):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        return (time.perf_counter() - started) * 1000 / _SYNCS
