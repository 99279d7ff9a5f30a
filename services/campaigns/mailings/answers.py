"""What came back as an interaction: which message of ours it is about, of which kind it is, what follows. Pure."""

from collections.abc import Callable, Iterable, Mapping

from hub.contracts.address import ConsentRecorded, ReachabilityRecorded
from hub.contracts.bounce import from_robot
from hub.contracts.campaign import ResponseKind
from hub.contracts.interaction import Interaction
from hub.store.base import Document
from services.campaigns.mailings.models import RowState
from services.campaigns.mailings.repository import OVER

_ANSWERS = 20
"""Of one row, that are kept."""
_STRONGER: Mapping[str, RowState] = {
    "opened": RowState.OPENED,
    "clicked": RowState.CLICKED,
    "replied": RowState.REPLIED,
    "bounced": RowState.BOUNCED,
}


def named(interaction: Interaction) -> list[str]:
    """Messages of ours that it names; a Message-ID of ours is recognised by whoever read it."""
    return [ref.partition(":")[2] for ref in interaction.refs if ref.startswith("interaction:")]


def kind_of(interaction: Interaction) -> tuple[ResponseKind | None, str]:
    bounce = interaction.bounce
    if bounce is None:
        return (None, "") if from_robot(interaction.auto, None) else ("replied", "")
    words = "; ".join(filter(None, (": ".join(filter(None, (one.reason, one.text))) for one in bounce.recipients)))
    if bounce.kind == "complaint":
        return "complained", words
    return ("bounced", words) if bounce.kind == "hard" else (None, words)


def unreachable(row: Document, interaction: Interaction, words: str) -> ReachabilityRecorded:
    account = interaction.accounts[0] if interaction.accounts else ""
    return ReachabilityRecorded(
        address=row["address"], account=account, reachable=False, reason=words[:500], at=interaction.at
    )


def complaint(row: Document, interaction: Interaction) -> ConsentRecorded:
    return ConsentRecorded(
        address=row["address"],
        channel=interaction.channel,
        account="",
        state="withdrawn",
        evidence=interaction.id,
        source="complaint",
        words="a complaint about a mailing",
        at=interaction.at,
    )


def first_of(row: Document, kind: ResponseKind) -> Document | None:
    """What came back of a kind on a row."""
    found: Iterable[Document] = row.get("answers") or ()
    return next((one for one in found if one["kind"] == kind), None)


def with_answer(answer: Document, kind: ResponseKind, beside: str, *, once: bool) -> Callable[[Document], Document]:
    def change(row: Document) -> Document:
        if once and first_of(row, kind):
            return row
        answers = row.get("answers") or []
        after = dict(row)
        if answer not in answers:
            after["answers"] = [*answers, answer][-_ANSWERS:]
        state = _STRONGER.get(kind)
        if state is not None and state.rank > RowState(row["state"]).rank:
            after |= {"state": state.value, "step": OVER}
        if kind in ("unsubscribed", "complained") and not row.get("left"):
            after["left"] = kind
        if beside and not row.get("beside"):
            after["beside"] = beside
        return after if after != row else row

    return change
