"""The calendar in a mail, as the hub's event tells it; and the names by which what is about one meeting is found."""

from hub.contracts.appointment import Guest, Invitation, invitation_name
from services.email.mime import identity, invitations
from services.email.mime.lookalike import visible
from services.email.mime.model import Mail
from services.email.mime.words import encodable

_NAME = 500
"""Characters of a reference."""


def invitation_of(mail: Mail) -> Invitation | None:
    """None where there is none, or none that can be read."""
    calendars = (part.content for part in mail.parts if part.content_type in invitations.TYPES)
    found = invitations.meeting(calendars)
    organizer = identity.normalise_address(found.organizer.address) if found else ""
    if found is None or not organizer or not found.uid:
        return None
    texts = {name: visible(encodable(getattr(found, name))) for name in ("summary", "place", "comment")}
    return Invitation.model_validate(
        {
            **{
                name: getattr(found, name)
                for name in ("method", "sequence", "at", "minutes", "all_day", "repeats", "rule", "zone", "without")
            },
            "slot": found.slot,
            **texts,
            "uid": encodable(found.uid),
            "organizer": encodable(organizer),
            "organizer_name": visible(encodable(found.organizer.name)),
            "guests": [guest for one in found.guests if (guest := _guest(one))],
        }
    )


def _guest(found: invitations.Named) -> Guest | None:
    address = encodable(identity.normalise_address(found.address))
    if not address:
        return None
    return Guest.model_validate({"address": address, "name": visible(encodable(found.name)), "answer": found.answer})


def references_of(mail: Mail, invitation: Invitation | None) -> tuple[str, ...]:
    """What a mail with a calendar is about. That of an invitation counts from its organiser alone: whoever passes it
    on has a matter of his own.
    """
    if invitation is None:
        return ()
    sender = identity.normalise_address(mail.from_.address) if mail.from_ else ""
    answers = invitation.method in ("reply", "counter")
    if not answers and sender != invitation.organizer:
        return ()
    return (invitation_name(invitation.organizer, invitation.uid)[:_NAME],)
