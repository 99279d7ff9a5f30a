"""Attachments that are not handed out: programs, by name and by their first bytes, and what is too large."""

from dataclasses import dataclass

from services.email.mime import lookalike
from services.email.mime.model import Part

_LISTED = """
ade adp apk app appx bat chm cmd com cpl dll dmg exe hta inf ins iso img jar js jse lib lnk mde msc msi msix msp mst
nsh pif ps1 ps1xml ps2 psc1 psc2 reg scf scr sct shb sys url vb vbe vbs vhd vhdx vxd wsc wsf wsh xll
"""
PROGRAMS = frozenset(_LISTED.split())
"""What mail providers refuse (Gmail's and Outlook's lists), without archives."""
_STARTS = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Unix program"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "a shortcut"),
)


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """What may be handed out."""

    programs: bool = False
    limit: int = 50 * 2**20
    """Bytes."""

    def objection(self, part: Part) -> str:
        """Why this attachment is not handed out; empty where it is."""
        if part.size > self.limit:
            return f"{-(-part.size // 2**20)} MB, above the limit of {self.limit // 2**20} MB; the raw mail has it"
        if self.programs:
            return ""
        if (extension := _extension(part.filename or "")) in PROGRAMS:
            return f"a program (.{extension}); the raw mail has it"
        found = next((what for start, what in _STARTS if part.content.startswith(start)), "")
        return f"{found} that is named otherwise; the raw mail has it" if found else ""


def _extension(filename: str) -> str:
    return lookalike.visible(filename).rstrip(" .").rpartition(".")[2].lower() if "." in filename else ""
