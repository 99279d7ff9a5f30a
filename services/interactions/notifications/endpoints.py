"""Notifications over HTTP."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Response

from hub.api.actor import Acting
from hub.api.pages import listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.scope import Shown
from hub.store.base import Document
from services.interactions.notifications.forms import (
    NotificationList,
    NotificationQuery,
    NotificationView,
    PreferencesForm,
    PreferencesView,
    ReadNotifications,
    UnreadView,
)
from services.interactions.notifications.service import Notifications


def add(routes: Public, notifications: Notifications) -> None:
    _add_settings(routes, notifications)

    @routes.get("/notifications", right=Right.READ_CORRESPONDENCE, noun="chain", answer=NotificationList)
    async def list_notifications(query: Annotated[NotificationQuery, Query()], actor: Acting) -> Response:
        """What happened that concerns you, the newest first; the newest 200 are kept.

        What it is about is shown as far as you see it now.
        """

        async def show(found: Sequence[tuple[Document, Shown]]) -> list[NotificationView]:
            return [_shown(one) for one, _ in found]

        return await listed(
            lambda limit: notifications.page(actor, unread=query.unread, limit=limit, after=query.after),
            show,
            limit=query.limit,
        )

    @routes.get("/notifications/unread", right=Right.READ_CORRESPONDENCE, noun="chain")
    async def count_unread_notifications(actor: Acting) -> UnreadView:
        """How many you have not read."""
        return UnreadView(unread=await notifications.unread(actor))

    @routes.post(
        "/notifications/read",
        right=Right.READ_CORRESPONDENCE,
        noun="chain",
        action="read",
        status=204,
        personal=True,
    )
    async def mark_notifications(form: ReadNotifications, actor: Acting) -> None:
        """You have read these, or all: on whatever device. Reading a chain reads what tells of it, too."""
        await notifications.mark(actor, form)


def _add_settings(routes: Public, notifications: Notifications) -> None:
    @routes.get("/notification-preferences", right=Right.READ_CORRESPONDENCE, noun="chain")
    async def show_notification_preferences(actor: Acting) -> PreferencesView:
        """How you are told of what."""
        return await notifications.preferences(actor.login)

    @routes.patch(
        "/notification-preferences",
        right=Right.READ_CORRESPONDENCE,
        noun="chain",
        action="read",
        personal=True,
    )
    async def change_notification_preferences(form: PreferencesForm, actor: Acting) -> PreferencesView:
        """Say how you want to be told of each kind, and which teams and accounts are muted.

        A colleague who mentions you, asks you, or offers you something is heard all the same.
        """
        return await notifications.prefer(actor.login, form)


def _shown(notification: Document) -> NotificationView:
    view = {name: value for name, value in notification.items() if name in NotificationView.model_fields}
    return NotificationView.model_validate({**view, "id": notification["_id"]})
