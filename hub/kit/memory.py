"""The garbage collector, told what a long-lived process of many small objects needs."""

import gc


def settle() -> None:
    """Call it once a process has made what lives as long as it does.

    With Python's thresholds the collector looks at all that again and again, and takes up to a third of the processor
    time of a busy hub.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
