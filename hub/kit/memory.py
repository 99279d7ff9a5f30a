"""The garbage collector and the imports, told what a long-lived process of many small objects needs."""

import ctypes
import gc
import sys

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
"""Options of `mallopt`, as <malloc.h> numbers them."""
_LARGE = 2**20
_ARENAS = 2


def load() -> None:
    """Call it before all else is imported: what a process loads lives as long as it does, and is not looked through
    while it is loaded, a seventh of the time. `settle` ends this.
    """
    gc.disable()
    _return_large_blocks()
    known = sys.modules.get("rich")
    # httpx brings its command line along, with rich and pygments, wherever a tool of the developers has put these.
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import httpx  # noqa: F401
    finally:
        del sys.modules["rich"]
        if known:
            sys.modules["rich"] = known


def _return_large_blocks() -> None:
    """What glibc's allocator gets for a password or a large file goes back when it is free: by itself it would learn
    from the first such block to keep all later ones, and keep an arena for each thread.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_ARENA_MAX, _ARENAS)


def settle() -> None:
    """Call it once a process has made what lives as long as it does.

    With Python's thresholds the collector looks at all that again and again, and takes up to a third of the processor
    time of a busy hub. It is not asked to look now: there is next to nothing to be found, a tenth of a start for it.
    """
    gc.enable()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
