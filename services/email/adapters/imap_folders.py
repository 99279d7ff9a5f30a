"""What LIST and NAMESPACE (RFC 3501, 2342) tell of the folders of a mailbox, and which holds what was sent."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.email.adapters.folder_names import decoded

_LIST = re.compile(rb'^\((?P<flags>[^)]*)\) (?:"(?P<divider>(?:[^"\\]|\\.)*)"|NIL) (?P<name>.+)$', re.IGNORECASE)
_PERSONAL = re.compile(rb'^(?:NAMESPACE )?\(\("((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_UNUSABLE = (rb"\nonexistent", rb"\noselect")
_SENT: Final = frozenset(
    (
        "sent", "sent items", "sent messages", "sent mail", "sent-mail", "sentmail", "sentbox", "outgoing mail",
        "отправленные", "исходящие письма", "отправленная почта", "надіслані", "відправлені",
        "адпраўленыя", "изпратени",
        "gesendet", "gesendete objekte", "gesendete elemente", "gesendete nachrichten", "gesendete",
        "envoyés", "éléments envoyés", "messages envoyés", "objets envoyés", "courrier envoyé",
        "enviados", "elementos enviados", "mensajes enviados", "correo enviado", "elements enviats",
        "itens enviados", "mensagens enviadas", "inviati", "inviata", "posta inviata", "elementi inviati",
        "verzonden", "verzonden items", "verzonden objecten", "wysłane", "elementy wysłane",
        "odeslané", "odeslaná pošta",
        "odoslané", "odoslaná pošta", "skickat", "skickade", "skickade objekt",
        "sendt", "sendte elementer", "sendt post",
        "sendte", "lähetetyt", "lähetetyt kohteet", "saadetud", "nosūtītie", "išsiųsti",
        "elküldött", "elküldött elemek",
        "trimise", "elemente trimise", "poslano", "poslani predmeti", "απεσταλμένα", "gönderilen", "gönderilenler",
        "gönderilmiş öğeler", "gönderilmiş postalar", "已发送", "已发送邮件", "已傳送郵件", "寄件備份", "寄件匣備份",
        "送信済み", "送信済みアイテム", "送信済みメール", "보낸편지함", "보낸 편지함", "đã gửi", "שנשלחו", "المرسلة",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Folder:
    """One folder: its flags in lower case, and what divides its name from that of the one above it."""

    name: str
    flags: bytes
    divider: str

    @property
    def usable(self) -> bool:
        return not any(flag in self.flags for flag in _UNUSABLE)

    @property
    def last(self) -> str:
        """Its name without the folders above."""
        return (self.name.rpartition(self.divider)[2] if self.divider else self.name).casefold()


def folders(lines: Sequence[bytes | bytearray]) -> list[Folder]:
    """Those that an answer to LIST has."""
    return list(_folders([bytes(line) for line in lines]))


def sent_of(found: Iterable[Folder]) -> str | None:
    """The folder marked as that of what was sent (RFC 6154), else one that is named so in some language."""
    usable = [one for one in found if one.usable]
    marked = (one.name for one in usable if rb"\sent" in one.flags)
    named = sorted((one for one in usable if one.last in _SENT), key=lambda one: (one.last != "sent", len(one.name)))
    return next(marked, None) or next((one.name for one in named), None)


def prefix_of(found: Sequence[Folder], namespace: Sequence[bytes | bytearray] = ()) -> str:
    """What a new folder's name has to begin with: as NAMESPACE says, else what all others begin with."""
    for line in namespace:
        if personal := _PERSONAL.search(bytes(line)):
            return decoded(re.sub(rb"\\(.)", rb"\1", personal[1]).decode("utf-8", "replace"))
    divider = next((one.divider for one in found if one.divider), "")
    others = [one.name for one in found if one.name.upper() != "INBOX"]
    below = f"INBOX{divider}"
    return below if divider and others and all(name.upper().startswith(below) for name in others) else ""


def below_inbox(found: Sequence[Folder], name: str) -> str:
    """The same folder where a server wants all of them below INBOX."""
    divider = next((one.divider for one in found if one.divider), ".")
    return f"INBOX{divider}{name}"


def _folders(lines: list[bytes]) -> Iterable[Folder]:
    for line, following in zip(lines, [*lines[1:], b""], strict=True):
        if found := _LIST.match(line):
            name = following if re.match(rb"~?\{\d", found["name"]) else found["name"]
            divider = re.sub(rb"\\(.)", rb"\1", found["divider"] or b"").decode("ascii", "replace")
            yield Folder(decoded(name.decode("utf-8", "replace")), found["flags"].lower(), divider)
