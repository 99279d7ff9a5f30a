"""The mail that a letter without a subject goes on with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.contracts.bounce import from_robot
from hub.contracts.interaction import Direction, Interaction
from hub.store.base import Document
from services.interactions.linking import Head
from services.interactions.models import interaction_from
from services.interactions.writing import MAIL, reply_subject

_NOT_YET = ("planned", "cancelled")


@dataclass(frozen=True, slots=True)
class Matter:
    """What a letter is about: where it goes, which message it goes on with, and its subject."""

    chain: str | None = None
    """None: a new one."""
    cause: Interaction | None = None
    """In that chain."""
    subject: str = ""


def mailed_last(
    newest: Sequence[Document], heads: Mapping[str, Head], roots: Mapping[str, Document]
) -> Matter | None:
    """His newest mail, else ours to him, in a chain of `heads`; in one that is closed only its subject counts.

    Args:
        newest: The client's interactions, newest first.
        heads: The chains that whoever writes may see, by id.
        roots: By the id of a chain, the one that it was merged into, or itself.
    """
    mails = [one for one in newest if _is_mail(one) and _root(one, roots) in heads]
    his = (one for one in mails if one["direction"] == Direction.IN)
    found = next(his, mails[0] if mails else None)
    if found is None:
        return None
    head, mail = heads[_root(found, roots)], interaction_from(found)
    subject = reply_subject(mail.subject)
    return Matter(subject=subject) if head.closed_at else Matter(chain=head.id, cause=mail, subject=subject)


def _is_mail(document: Document) -> bool:
    """That somebody has, and that no machine wrote."""
    planned = bool(document["delivery"]) and document["delivery"]["state"] in _NOT_YET
    return (
        document["channel"] == MAIL and not planned and not from_robot(document.get("auto"), document.get("bounce"))
    )


def _root(document: Document, roots: Mapping[str, Document]) -> str:
    chain: str = document["chain_id"] or ""
    return str(roots[chain]["_id"]) if chain in roots else chain
