"""An invitation of ours: sent, moved, called off, answered: pure. Each new form has the next number (RFC 5546)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from hub.contracts.appointment import Invitation, invitation_name
from hub.contracts.interaction import Interaction
from hub.kit.clock import iso
from hub.kit.ids import derive, moment_of
from hub.store.base import Document

MOST_GUESTS = 100
_KEPT = 100
"""Changes; the first one and the newest ones."""
_MAIL = "email:"
_TIME = ("at", "minutes", "place")


def guests_of(meeting: Mapping[str, Any]) -> list[Document]:
    """Who takes part and is not ours, each address once, as one who has not answered."""
    people = {
        one["address"]: one
        for one in reversed(meeting["participants"])
        if one["address"].startswith(_MAIL) and not one.get("ours")
    }
    return [_waiting(one["address"], one.get("name") or "") for one in reversed(people.values())][:MOST_GUESTS]


def _waiting(address: str, name: str) -> Document:
    unsaid = {"answered_at": None, "words": "", "interaction_id": None, "proposal": None}
    return {"address": address, "name": name, "answer": "waiting", **unsaid}


def invited(meeting: Document, *, account: str, organizer: str, text: str, by: str, at: datetime) -> Document:
    """The meeting with its guests invited; the same one where they are, with the same words."""
    before = meeting.get("invited")
    if before and not before["cancelled"] and before["text"] == text:
        return meeting
    domain = organizer.rpartition("@")[2]
    after = {
        "uid": before["uid"] if before else f"{meeting['_id']}@{domain}",
        "sequence": before["sequence"] + 1 if before else 0,
        **{"account": account, "organizer": organizer, "by": by, "text": text, "cancelled": False},
        "guests": guests_of(meeting),
        "history": before["history"] if before else [],
    }
    return {**meeting, "invited": noted(after, "invited", by=by, at=at)}


def moved(before: Document, after: Document, *, by: str, at: datetime) -> Document:
    """The meeting at its new time, of which nobody has said anything yet; one that others know of is told anew."""
    told = after.get("invited")
    same = all(before["plan"].get(name) == after["plan"].get(name) for name in _TIME)
    if not told or told["cancelled"] or same:
        return after
    guests = [_waiting(one["address"], one["name"]) for one in told["guests"]]
    anew = {**told, "sequence": told["sequence"] + 1, "guests": guests, "by": by}
    return {**after, "invited": noted(anew, "moved", by=by, at=at)}


def called_off(meeting: Document, *, by: str, at: datetime) -> Document:
    """The meeting whose guests are told that it will not be; the same one where none was invited."""
    told = meeting.get("invited")
    if not told or told["cancelled"]:
        return meeting
    anew = {**told, "sequence": told["sequence"] + 1, "cancelled": True, "by": by}
    return {**meeting, "invited": noted(anew, "cancelled", by=by, at=at)}


def answered(meeting: Document, mail: Interaction) -> Document:
    """The meeting with what a guest said in this mail; the same one where it is not of him, or not of this time.

    What he says counts from his own address alone, and of two of one form the later mail.
    """
    told, said = meeting.get("invited"), mail.invitation
    if not told or not said or told["cancelled"] or said.sequence < told["sequence"] or is_doubtful(mail):
        return meeting
    sender = next((one.address for one in mail.participants if one.role == "from"), "")
    guest = next((one for one in told["guests"] if one["address"] == sender), None)
    if guest is None or said.name != invitation_name(told["organizer"], told["uid"]):
        return meeting
    if guest["interaction_id"] == mail.id or (guest["answered_at"] or "") > iso(mail.at):
        return meeting
    if said.method == "counter":
        return _with_guest(meeting, _proposing(guest, mail), "proposed", mail)
    answer = next((one.answer for one in said.guests if one.address == sender), "waiting")
    if answer == "waiting":
        return meeting
    return _with_guest(meeting, {**guest, **_said(mail), "answer": answer, "proposal": None}, answer, mail)


def is_doubtful(mail: Interaction) -> bool:
    """Whoever is named as its sender did not send it, as our server says."""
    return mail.authentication is not None and mail.authentication.dmarc == "fail"


def _said(mail: Interaction) -> Document:
    words = mail.invitation.comment if mail.invitation else ""
    return {"answered_at": iso(mail.at), "words": words, "interaction_id": mail.id}


def _proposing(guest: Document, mail: Interaction) -> Document:
    assert mail.invitation
    time = {"at": iso(mail.invitation.at), "minutes": mail.invitation.minutes, "interaction_id": mail.id}
    return {**guest, **_said(mail), "proposal": time}


def _with_guest(meeting: Document, guest: Document, what: str, mail: Interaction) -> Document:
    told = meeting["invited"]
    guests = [guest if one["address"] == guest["address"] else one for one in told["guests"]]
    after = noted({**told, "guests": guests}, what, by=guest["address"], at=mail.at, mail=mail.id)
    return {**meeting, "invited": after}


def noted(told: Document, what: str, *, by: str, at: datetime, mail: str | None = None) -> Document:
    change = {"at": iso(at), "by": by, "what": what, "sequence": told["sequence"], "interaction_id": mail}
    history = [*told["history"], change]
    kept = history if len(history) <= _KEPT else [history[0], *history[-(_KEPT - 1) :]]
    return {**told, "history": kept}


def mail_id(meeting: Mapping[str, Any]) -> str:
    """Of the mail that tells the newest form of an invitation."""
    found: str = meeting["_id"]
    return derive("in", "invitation", found, str(meeting["invited"]["sequence"]), at=moment_of(found))


def met_name(invitation: Invitation) -> str:
    """By which the contact that is planned for an invitation that came in is found."""
    return f"met:{invitation.name}"


def one_name(invitation: Invitation) -> str:
    """The same, of one of a series that has a contact of its own."""
    return f"met:{iso(invitation.slot or invitation.at)}/{invitation.name}"


def latest(rsvps: Iterable[Mapping[str, Any]], login: str) -> str | None:
    """What somebody answered last."""
    return next((one["answer"] for one in reversed(list(rsvps)) if one["by"] == login), None)
