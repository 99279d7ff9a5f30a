"""The mails that carry invitations, and our answers to them: pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.contracts.appointment import CalendarPart, Invitation
from hub.contracts.interaction import (
    Delivery,
    DeliveryState,
    Direction,
    Interaction,
    Link,
    Participant,
    Role,
    SendMessage,
)
from services.interactions.models import interaction_from
from services.interactions.writing import MAIL, Answer, command

RULE = "invitation"


def invitation_mail(
    meeting: Mapping[str, Any],
    mail_id: str,
    owners: Mapping[str, str],
    *,
    team: str | None,
    subject: str,
    text: str,
    at: datetime,
) -> Interaction:
    """To all guests; `owners` are the clients of their addresses. He whose chain it is comes first: the others are
    copied, and answer beside it.
    """
    told = meeting["invited"]
    people = [
        Participant(role=Role.TO, address=one["address"], name=one["name"], client_id=owners.get(one["address"]))
        for one in told["guests"]
    ]
    people.sort(key=lambda person: person.client_id != meeting["client_id"])
    return _mail(
        meeting,
        mail_id,
        account=told["account"],
        participants=tuple(people),
        link=Link(rule=RULE, evidence=meeting["_id"]),
        author=told["by"],
        team=team,
        subject=subject,
        text=text,
        at=at,
    )


def answer_mail(
    mail: Mapping[str, Any], said: Invitation, mail_id: str, *, subject: str, text: str, author: str, at: datetime
) -> Interaction:
    """To whoever organises it."""
    known: Sequence[Mapping[str, Any]] = mail["participants"]
    owner = next((one.get("client_id") for one in known if one["address"] == said.organizer), None)
    to = Participant(role=Role.TO, address=said.organizer, name=said.organizer_name, client_id=owner)
    return _mail(
        mail,
        mail_id,
        account=mail["accounts"][0],
        participants=(to,),
        link=Link(rule="answer", evidence=mail["_id"]),
        author=author,
        team=mail.get("team"),
        subject=subject,
        text=text,
        at=at,
    )


def _mail(cause: Mapping[str, Any], mail_id: str, *, account: str, **fields: Any) -> Interaction:
    """In the chain of what it is about, as confidential as that."""
    return Interaction(
        id=mail_id,
        channel=MAIL,
        type=MAIL,
        direction=Direction.OUT,
        accounts=(account,),
        client_id=cause["client_id"],
        chain_id=cause["chain_id"],
        cause_id=cause["_id"],
        delivery=Delivery(state=DeliveryState.QUEUED),
        others=cause.get("others") or "full",
        **fields,
    )


def request(
    interaction: Interaction,
    calendar: CalendarPart,
    cause: Mapping[str, Any] | None = None,
    *,
    signature: str | None = None,
) -> SendMessage:
    """To send it, with the calendar beside its text."""
    answered = interaction_from(dict(cause)) if cause else None
    asked = command(interaction, Answer(text=interaction.text), answered, signature=signature)
    return asked.model_copy(update={"calendar": calendar})
