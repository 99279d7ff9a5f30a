"""Devices over HTTP."""

from hub.api.actor import Acting
from hub.api.forms import Id
from hub.api.public import Public
from hub.api.rights import Right
from hub.store.base import Document
from services.interactions.push.devices import Devices
from services.interactions.push.forms import DeviceForm, DeviceList, DeviceView


def add(routes: Public, devices: Devices, key: str) -> None:
    """`key` is the hub's public one, by which browsers know it."""

    @routes.get("/notification-devices", right=Right.READ_CORRESPONDENCE, noun="chain")
    async def list_notification_devices(actor: Acting) -> DeviceList:
        """The browsers that you are told in while no page is open."""
        return DeviceList(items=[_shown(one) for one in await devices.of(actor.login)], key=key)

    @routes.post(
        "/notification-devices",
        right=Right.READ_CORRESPONDENCE,
        noun="chain",
        action="read",
        status=201,
        personal=True,
    )
    async def add_notification_device(form: DeviceForm, actor: Acting) -> DeviceView:
        """Be told in this browser, of what has `push` among its ways; of more than ten the newest count."""
        return _shown(await devices.add(actor.login, form))

    @routes.delete(
        "/notification-devices/{id}",
        right=Right.READ_CORRESPONDENCE,
        noun="chain",
        action="read",
        status=204,
        personal=True,
    )
    async def remove_notification_device(device_id: Id, actor: Acting) -> None:
        """Be told there no more."""
        await devices.remove(actor.login, device_id)


def _shown(device: Document) -> DeviceView:
    return DeviceView(id=device["_id"], name=device["name"], added_at=device["at"])
