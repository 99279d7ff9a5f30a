"""The HTTP doors of the other services: checked here, answered there, passed on byte for byte."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import Depends, Path, Query, Response

from services.gateway.attachments.service import HTML_HEADERS
from services.gateway.employees.models import Employee
from services.gateway.errors import PeerUnavailable
from services.gateway.guard import Me, Write, needs, router
from services.gateway.parts import Parts, parts_of
from services.gateway.peers.documented import gives
from services.gateway.peers.forward import Peer
from services.gateway.peers.views import (
    ChainQuery,
    ChannelList,
    ClientChanges,
    InteractionQuery,
    MailboxChanges,
    MailboxList,
    MailboxView,
    MessageChanges,
    NewAddress,
    NewForward,
    NewLetter,
    NewMailbox,
    NewMessage,
    NewReread,
    Paging,
)
from services.gateway.rights import Right
from services.gateway.views import (
    CONFLICT,
    NOT_FOUND,
    ChainList,
    ChainView,
    ClientList,
    ClientView,
    Id,
    InteractionList,
    InteractionView,
    JobView,
    WayList,
)

interaction_routes = router("interactions")
client_routes = router("clients and chains")
mailbox_routes = router("mailboxes and channels")
Hub = Annotated[Parts, Depends(parts_of)]
_READ = [needs(Right.READ_CORRESPONDENCE)]


async def written(form: NewMessage | NewForward, me: Employee, hub: Parts) -> dict[str, Any]:
    """A message as the interactions service takes it: files by what they are, signed by its author."""
    taken = {"attachments", "inline", "signature"}
    body = form.model_dump(mode="json", exclude_unset=True, exclude_none=True, exclude=taken)
    images = (form.inline if isinstance(form, NewMessage) else None) or {}
    files = await hub.attachments.all_of([*(form.attachments or ()), *images.values()])
    names = [""] * len(form.attachments or ()) + list(images)
    if files:
        described = [f.model_copy(update={"content_id": name}) for f, name in zip(files, names, strict=True)]
        body["attachments"] = [file.model_dump(exclude_defaults=True) for file in described]
    if not form.signature or me.signature:
        body["signature"] = me.signature if form.signature else ""
    return body


@interaction_routes.get(
    "/interactions", operation_id="listInteractions", dependencies=_READ, **gives(InteractionList)
)
async def list_interactions(query: Annotated[InteractionQuery, Query()], me: Me, hub: Hub) -> Response:
    """Interactions, newest first; `since` as 2026-03-02T09:00:00Z."""
    return await hub.interactions.read("/interactions", query, employee=me.login)


@interaction_routes.get(
    "/interactions/{id}",
    operation_id="showInteraction",
    dependencies=_READ,
    **gives(InteractionView, NOT_FOUND),
)
async def show_interaction(item_id: Id, me: Me, hub: Hub) -> Response:
    """One interaction."""
    return await hub.interactions.read(f"/interactions/{item_id}", None, employee=me.login)


@interaction_routes.get(
    "/interactions/{id}/html",
    operation_id="showInteractionHtml",
    dependencies=_READ,
    response_class=Response,
    responses={**NOT_FOUND, 200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def show_interaction_html(item_id: Id, me: Me, hub: Hub) -> Response:
    """The HTML of a message, sanitised: without scripts and forms, remote images held back. Show it in a sandbox."""
    described = orjson.loads(await hub.interactions.ask(f"/interactions/{item_id}/html", employee=me.login))
    content = await hub.attachments.html(described["blob"])
    return Response(content, media_type="text/html", headers=HTML_HEADERS)


@interaction_routes.patch(
    "/interactions/{id}",
    operation_id="changePlannedMessage",
    dependencies=[needs(Right.WRITE_MESSAGES)],
    **gives(InteractionView, NOT_FOUND, CONFLICT),
)
async def change_planned_message(item_id: Id, form: MessageChanges, me: Me, write: Write, hub: Hub) -> Response:
    """Change a message that waits for its time."""
    body = form.model_dump(mode="json", exclude_unset=True)
    return await hub.interactions.write("PATCH", f"/interactions/{item_id}", body, employee=me.login, key=write.key)


@interaction_routes.delete(
    "/interactions/{id}",
    operation_id="takeBackPlannedMessage",
    dependencies=[needs(Right.WRITE_MESSAGES)],
    **gives(InteractionView, NOT_FOUND, CONFLICT),
)
async def take_back_planned_message(item_id: Id, me: Me, write: Write, hub: Hub) -> Response:
    """Take back a message that waits for its time; it stays in the chain as cancelled."""
    return await hub.interactions.write("DELETE", f"/interactions/{item_id}", None, employee=me.login, key=write.key)


@client_routes.get("/clients", operation_id="listClients", dependencies=_READ, **gives(ClientList))
async def list_clients(query: Annotated[Paging, Query()], me: Me, hub: Hub) -> Response:
    """Clients, newest first."""
    return await hub.interactions.read("/clients", query, employee=me.login)


@client_routes.get("/clients/{id}", operation_id="showClient", dependencies=_READ, **gives(ClientView, NOT_FOUND))
async def show_client(item_id: Id, me: Me, hub: Hub) -> Response:
    """One client with his addresses."""
    return await hub.interactions.read(f"/clients/{item_id}", None, employee=me.login)


@client_routes.patch(
    "/clients/{id}",
    operation_id="changeClient",
    dependencies=[needs(Right.WRITE_MESSAGES)],
    **gives(ClientView, NOT_FOUND, CONFLICT),
)
async def change_client(item_id: Id, form: ClientChanges, me: Me, write: Write, hub: Hub) -> Response:
    """Change a client's name or time zone."""
    body = form.model_dump(exclude_unset=True)
    return await hub.interactions.write("PATCH", f"/clients/{item_id}", body, employee=me.login, key=write.key)


@client_routes.get(
    "/clients/{id}/channels", operation_id="listWaysToClient", dependencies=_READ, **gives(WayList, NOT_FOUND)
)
async def list_ways_to_client(item_id: Id, me: Me, hub: Hub) -> Response:
    """By what he can be reached, and why not by the rest."""
    return await hub.interactions.read(f"/clients/{item_id}/channels", None, employee=me.login)


@client_routes.post(
    "/clients/{id}/messages",
    operation_id="writeToClient",
    dependencies=[needs(Right.WRITE_MESSAGES)],
    **gives(InteractionView, NOT_FOUND, CONFLICT, status=202),
)
async def write_to_client(item_id: Id, form: NewLetter, me: Me, write: Write, hub: Hub) -> Response:
    """Begin a conversation, or go on with one, by the channel chosen or by the best."""
    body = await written(form, me, hub)
    return await hub.interactions.write(
        "POST", f"/clients/{item_id}/messages", body, employee=me.login, key=write.key
    )


@client_routes.post(
    "/clients/{id}/addresses",
    operation_id="addAddress",
    dependencies=[needs(Right.WRITE_MESSAGES)],
    **gives(ClientView, NOT_FOUND, CONFLICT, status=201),
)
async def add_address(item_id: Id, form: NewAddress, me: Me, write: Write, hub: Hub) -> Response:
    """Give a client one more address. It must not be another client's."""
    body = form.model_dump()
    return await hub.interactions.write(
        "POST", f"/clients/{item_id}/addresses", body, employee=me.login, key=write.key
    )


@client_routes.delete(
    "/clients/{id}/addresses/{address:path}",
    operation_id="removeAddress",
    dependencies=[needs(Right.WRITE_MESSAGES)],
    **gives(ClientView, NOT_FOUND, CONFLICT),
)
async def remove_address(
    item_id: Id, address: Annotated[str, Path(max_length=400)], me: Me, write: Write, hub: Hub
) -> Response:
    """Take an address from a client; what came from it stays his."""
    path = f"/clients/{item_id}/addresses/{quote(address, safe='')}"
    return await hub.interactions.write("DELETE", path, None, employee=me.login, key=write.key)


@client_routes.get("/chains", operation_id="listChains", dependencies=_READ, **gives(ChainList))
async def list_chains(query: Annotated[ChainQuery, Query()], me: Me, hub: Hub) -> Response:
    """Chains, the one with the newest interaction first."""
    return await hub.interactions.read("/chains", query, employee=me.login)


@client_routes.get("/chains/{id}", operation_id="showChain", dependencies=_READ, **gives(ChainView, NOT_FOUND))
async def show_chain(item_id: Id, me: Me, hub: Hub) -> Response:
    """One chain; its interactions: GET /api/v1/interactions?chain_id=ID."""
    return await hub.interactions.read(f"/chains/{item_id}", None, employee=me.login)


@client_routes.post(
    "/chains/{id}/messages",
    operation_id="answerInChain",
    dependencies=[needs(Right.WRITE_MESSAGES)],
    **gives(InteractionView, NOT_FOUND, CONFLICT, status=202),
)
async def answer_in_chain(item_id: Id, form: NewMessage, me: Me, write: Write, hub: Hub) -> Response:
    """Answer the client. The answer leaves at once, or at its time; `delivery` and the live stream tell how it went.

    Until it has left, PATCH and DELETE /api/v1/interactions/{id} change it or take it back.
    """
    body = await written(form, me, hub)
    return await hub.interactions.write("POST", f"/chains/{item_id}/messages", body, employee=me.login, key=write.key)


@client_routes.post(
    "/chains/{id}/forward",
    operation_id="forwardMessage",
    dependencies=[needs(Right.WRITE_MESSAGES)],
    **gives(InteractionView, NOT_FOUND, CONFLICT, status=202),
)
async def forward_message(item_id: Id, form: NewForward, me: Me, write: Write, hub: Hub) -> Response:
    """Pass a message on to a third party, with its attachments; his answers never reach the client."""
    body = await written(form, me, hub)
    return await hub.interactions.write("POST", f"/chains/{item_id}/forward", body, employee=me.login, key=write.key)


@interaction_routes.post(
    "/interactions/{id}/split",
    operation_id="splitInteraction",
    dependencies=[needs(Right.WRITE_MESSAGES)],
    **gives(InteractionView, NOT_FOUND, CONFLICT),
)
async def split_interaction(item_id: Id, me: Me, write: Write, hub: Hub) -> Response:
    """Yes, another matter: the message (`link.asks`) opens a chain that continues the one it was in."""
    return await hub.interactions.write(
        "POST", f"/interactions/{item_id}/split", None, employee=me.login, key=write.key
    )


@interaction_routes.post(
    "/interactions/{id}/keep",
    operation_id="keepInteraction",
    dependencies=[needs(Right.WRITE_MESSAGES)],
    **gives(InteractionView, NOT_FOUND, CONFLICT),
)
async def keep_interaction(item_id: Id, me: Me, write: Write, hub: Hub) -> Response:
    """No, the same matter: the message (`link.asks`) stays where it is."""
    return await hub.interactions.write(
        "POST", f"/interactions/{item_id}/keep", None, employee=me.login, key=write.key
    )


@mailbox_routes.get(
    "/mailboxes",
    operation_id="listMailboxes",
    dependencies=[needs(Right.READ_CHANNELS)],
    **gives(MailboxList),
)
async def list_mailboxes(query: Annotated[Paging, Query()], me: Me, hub: Hub) -> Response:
    """Our mailboxes."""
    return await hub.email.read("/mailboxes", query, employee=me.login)


@mailbox_routes.post(
    "/mailboxes",
    operation_id="addMailbox",
    dependencies=[needs(Right.MANAGE_CHANNELS)],
    **gives(MailboxView, CONFLICT, status=201),
)
async def add_mailbox(form: NewMailbox, me: Me, write: Write, hub: Hub) -> Response:
    """Add a mailbox. Both logins are tried first; the answer says which of the two failed and why."""
    body = form.model_dump(exclude_unset=True)
    return await hub.email.write("POST", "/mailboxes", body, employee=me.login, key=write.key)


@mailbox_routes.get(
    "/mailboxes/{id}",
    operation_id="showMailbox",
    dependencies=[needs(Right.READ_CHANNELS)],
    **gives(MailboxView, NOT_FOUND),
)
async def show_mailbox(item_id: Id, me: Me, hub: Hub) -> Response:
    """One mailbox."""
    return await hub.email.read(f"/mailboxes/{item_id}", None, employee=me.login)


@mailbox_routes.patch(
    "/mailboxes/{id}",
    operation_id="changeMailbox",
    dependencies=[needs(Right.MANAGE_CHANNELS)],
    **gives(MailboxView, NOT_FOUND, CONFLICT),
)
async def change_mailbox(item_id: Id, form: MailboxChanges, me: Me, write: Write, hub: Hub) -> Response:
    """Change a mailbox; new servers and logins are tried first."""
    body = form.model_dump(exclude_unset=True)
    return await hub.email.write("PATCH", f"/mailboxes/{item_id}", body, employee=me.login, key=write.key)


@mailbox_routes.delete(
    "/mailboxes/{id}",
    operation_id="removeMailbox",
    status_code=204,
    response_class=Response,
    responses=NOT_FOUND,
    dependencies=[needs(Right.MANAGE_CHANNELS)],
)
async def remove_mailbox(item_id: Id, me: Me, write: Write, hub: Hub) -> Response:
    """Read and send from this mailbox no more; what it brought stays."""
    return await hub.email.write("DELETE", f"/mailboxes/{item_id}", None, employee=me.login, key=write.key)


@mailbox_routes.post(
    "/mailboxes/{id}/reread",
    operation_id="rereadMailbox",
    dependencies=[needs(Right.MANAGE_CHANNELS)],
    **gives(JobView, NOT_FOUND, status=202),
)
async def reread_mailbox(item_id: Id, form: NewReread, me: Me, write: Write, hub: Hub) -> Response:
    """Read all mails of a mailbox again, as a job; show, or change, what is read otherwise today. Nothing is sent."""
    path = f"/mailboxes/{item_id}/reread"
    return await hub.email.write("POST", path, form.model_dump(), employee=me.login, key=write.key)


@mailbox_routes.get(
    "/channels",
    operation_id="listChannels",
    dependencies=[needs(Right.READ_CHANNELS)],
    **gives(ChannelList),
)
async def list_channels(me: Me, hub: Hub) -> Response:
    """The health of every channel: last in, last out, lag, credentials; red with the reason."""
    found = await asyncio.gather(*(_channels(peer, me.login) for peer in hub.channels), return_exceptions=True)
    told = [one for one in found if isinstance(one, list)]
    if not told:
        raise PeerUnavailable("no service of a channel answers now; try again in a few seconds")
    silent = [peer.name for peer, one in zip(hub.channels, found, strict=True) if not isinstance(one, list)]
    items = [item for one in told for item in one]
    return Response(orjson.dumps({"items": items, "next": None, "silent": silent}), media_type="application/json")


async def _channels(peer: Peer, login: str) -> list[Any]:
    """How the accounts of one service are; raises PeerUnavailable."""
    items: list[Any] = orjson.loads(await peer.ask("/channels", employee=login))["items"]
    return items
