"""What Kafka's client raises, in our words."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from hub.kit.errors import BusUnavailable, TooLarge


@contextmanager
def bus_errors(doing: str) -> Iterator[None]:
    """BusUnavailable for all that may pass by itself; TooLarge for a record that Kafka will never take."""
    try:
        yield
    except MessageSizeTooLargeError as exc:
        raise TooLarge(f"Kafka refused the record: {exc}") from exc
    except (KafkaError, TimeoutError, OSError) as exc:
        raise BusUnavailable(f"Kafka, {doing}: {str(exc) or type(exc).__name__}") from exc
