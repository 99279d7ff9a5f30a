"""What employees may want to know of what happened: from events, with the chains and tasks that they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hub.contracts.base import Envelope
from hub.contracts.interaction import Interaction, InteractionLinked
from hub.contracts.notice import NoticeGiven
from hub.contracts.notification import NotificationKind
from hub.contracts.task import Reminded
from hub.store.base import Document
from services.interactions.notifications.models import Wanted

_WORDS = 200
Chains = Mapping[str, Document]


def about(envelope: Envelope) -> tuple[str | None, str | None]:
    """Chain and task that have to be known."""
    event = envelope.event
    if isinstance(event, InteractionLinked):
        return event.interaction.chain_id, None
    if isinstance(event, Reminded):
        return event.task.chain_id, event.task.id
    if isinstance(event, NoticeGiven):
        return event.chain_id, event.what if event.what.startswith("tk_") else None
    return None, None


def wanted(envelope: Envelope, chains: Chains, tasks: Mapping[str, Document]) -> list[Wanted]:
    """By nobody who caused it himself."""
    event = envelope.event
    if isinstance(event, InteractionLinked):
        found = _of_message(event.interaction, envelope.id, chains.get(event.interaction.chain_id))
    elif isinstance(event, Reminded):
        found = _of_reminder(event, envelope.id)
    else:
        found = _of_notice(event, envelope.id) if isinstance(event, NoticeGiven) else []
    chain, task = about(envelope)
    known = (chains.get(chain or ""), tasks.get(task or ""))
    team = next((each["team"] for each in known if each and each.get("team")), None)
    return [replace(one, team=team) for one in found if one.login != one.by]


def _of_message(interaction: Interaction, cause: str, chain: Document | None) -> list[Wanted]:
    if not chain or not chain.get("owner"):
        return []
    words = interaction.new_text or interaction.text or interaction.subject
    return [
        Wanted(
            login=chain["owner"],
            kind="client_wrote",
            cause=cause,
            what=interaction.id,
            chain_id=interaction.chain_id,
            client_id=interaction.client_id,
            words=" ".join(words.split())[:_WORDS],
            accounts=interaction.accounts,
        )
    ]


def _of_reminder(event: Reminded, cause: str) -> list[Wanted]:
    task = event.task
    logins = dict.fromkeys(filter(None, (task.assignee or task.author, *task.watchers)))
    return [_of_task(login, "reminder", cause, event) for login in logins]


def _of_task(login: str, kind: NotificationKind, cause: str, event: Reminded) -> Wanted:
    task = event.task
    return Wanted(
        login=login,
        kind=kind,
        cause=cause,
        what=task.id,
        task_id=task.id,
        chain_id=task.chain_id,
        client_id=task.client_id,
        words=task.title[:_WORDS],
    )


def _of_notice(event: NoticeGiven, cause: str) -> list[Wanted]:
    logins: Sequence[str] = tuple(dict.fromkeys(event.to))
    return [
        Wanted(
            login=login,
            kind=event.kind,
            cause=cause,
            by=event.by,
            what=event.what,
            chain_id=event.chain_id,
            task_id=event.what if event.what.startswith("tk_") else None,
            client_id=event.client_id,
            words=event.words[:_WORDS],
        )
        for login in logins
    ]
