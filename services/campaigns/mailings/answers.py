"""What came back as an interaction: which message of ours it is about, of which kind it is, what follows. Pure."""

from hub.contracts.address import ConsentRecorded, ReachabilityRecorded
from hub.contracts.bounce import from_robot
from hub.contracts.campaign import ResponseKind
from hub.contracts.interaction import Interaction
from hub.store.base import Document


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
