"""What the processes that read mails do: pure, and the only way to all code that reads the words of strangers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from hub.kit.apart import large
from services.email.inbound.models import Normalised, Sheet, Terms
from services.email.inbound.normalise import normalise
from services.email.mime.parse import parse


def read_mails(sheets: Sequence[Sheet], terms: Terms) -> list[Normalised | str]:
    """For each mail what it is read as, or why it is not; running out of memory is the process's affair."""
    return [_read(sheet, terms) for sheet in sheets]


def _read(sheet: Sheet, terms: Terms) -> Normalised | str:
    if sheet.refused and not terms.ignore_refusal:
        return f"refused: {sheet.refused}"
    try:
        normalised = normalise(
            parse(cast(bytes, sheet.raw)),
            account=sheet.account,
            stored_at=sheet.stored_at,
            received_at=terms.received_at,
            ours=terms.ours,
            raw=sheet.blob,
            trusted=terms.trusted,
            doorkeeper=terms.doorkeeper,
            sent=sheet.sent,
        )
    except MemoryError:
        raise
    except Exception as exc:
        # Whatever it is: the mail is parked with its bytes, and those behind it go on.
        return f"{type(exc).__name__}: {exc}"
    return _light(_with_refusal(normalised, sheet.refused))


def _with_refusal(normalised: Normalised, refused: str) -> Normalised:
    if not refused:
        return normalised
    problem = "; ".join(filter(None, (refused, normalised.event.problem)))
    return replace(normalised, event=normalised.event.model_copy(update={"problem": problem}))


def _light(normalised: Normalised) -> Normalised:
    """Ready to travel."""
    blobs = {key: large(content) for key, content in normalised.blobs.items()}
    return replace(normalised, blobs=cast(dict[str, bytes], blobs))
