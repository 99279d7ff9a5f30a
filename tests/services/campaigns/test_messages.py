"""Single messages: once for a key, on a ground, and what became of them."""

from typing import Any

import pytest

from hub.api.actor import Actor
from hub.channels.bodies import with_bodies
from hub.contracts.interaction import DeliveryRecorded, DeliveryState, SendMessage
from hub.kit.errors import BusUnavailable, Conflict, InvalidInput, NotFound
from hub.testing.builders import envelopes
from services.campaigns.messages.service import Messages, NewMessage
from tests.services.campaigns.conftest import BASE, MARKETER, MASTER, a_client
from tests.services.campaigns.mailing_desk import Ours, Post, a_post

ORDER = {"ru": {"subject": "Заказ {{ data.order }}", "text": "{{ first_name }}, заказ {{ data.order }} готов."}}


@pytest.fixture
async def post(desk: Any) -> Post:
    return await a_post(desk)


@pytest.fixture
def messages(post: Post) -> Messages:
    desk = post.desk
    return Messages(
        post.repository,
        templates=desk.templates,
        consents=desk.consents,
        accounts=Ours(),
        whose=desk.columns,
        bus=desk.bus,
        clock=desk.clock,
        master=MASTER,
        base=BASE,
    )


def to_anna(**over: Any) -> NewMessage:
    fields = {"to": "anna@example.com", "account": "mb_1", "data": {"order": "118"}, "name": "Анна Смирнова"}
    return NewMessage(**{**fields, **over})


async def test_a_message_is_sent_once_for_its_key(post: Post, messages: Messages) -> None:
    template = await post.template(bodies=ORDER)
    first = await messages.send(template, to_anna(), actor=MARKETER, key="k")
    again = await messages.send(template, to_anna(), actor=MARKETER, key="k")
    assert first["message"] == again["message"]
    asked = post.events(SendMessage)
    assert {one.id for one in asked} == {first["message"]}
    made = await with_bodies(asked[0], post.desk.blobs)
    assert (made.subject, made.text) == ("Заказ 118", "Анна, заказ 118 готов.")
    assert (asked[0].in_lane, asked[0].unsubscribe) == ("automatic", "")
    with pytest.raises(Conflict, match="another message"):
        await messages.send(template, to_anna(data={"order": "119"}), actor=MARKETER, key="k")


async def test_what_the_bus_did_not_take_is_asked_for_when_it_is_repeated(post: Post, messages: Messages) -> None:
    template = await post.template(bodies=ORDER)
    post.desk.bus.failures = 1
    with pytest.raises(BusUnavailable):
        await messages.send(template, to_anna(), actor=MARKETER, key="k")
    await messages.send(template, to_anna(), actor=MARKETER, key="k")
    assert len(post.events(SendMessage)) == 1


async def test_who_said_no_gets_service_messages_alone(post: Post, messages: Messages) -> None:
    template = await post.template(bodies=ORDER)
    desk = post.desk
    await desk.consents.publish([desk.consents.said("email:anna@example.com", "withdrawn", source="page", words="x")])
    await desk.bus.deliver("inbound", [one for one in desk.bus.published if one.event.TOPIC == "inbound"])
    with pytest.raises(Conflict, match="he said no"):
        await messages.send(template, to_anna(topic="offers"), actor=MARKETER, key=None)
    row = await messages.send(template, to_anna(), actor=MARKETER, key=None)
    assert row["ground"] == "a service message"


async def test_what_is_about_a_topic_names_its_ground_and_can_be_left(post: Post, messages: Messages) -> None:
    template = await post.template(bodies=ORDER)
    row = await messages.send(template, to_anna(topic="offers"), actor=MARKETER, key=None)
    assert row["ground"] == "basis: покупал у нас"
    made = await with_bodies(post.events(SendMessage)[0], post.desk.blobs)
    assert made.unsubscribe.startswith(f"{BASE}/m/u/{row['mailing']}-0-")
    assert made.mass


async def test_what_became_of_it_is_on_its_row(post: Post, messages: Messages) -> None:
    row = await messages.send(await post.template(bodies=ORDER), to_anna(), actor=MARKETER, key=None)
    told = DeliveryRecorded(
        interaction_id=row["message"], at=post.desk.clock.now(), state=DeliveryState.SENT, group=row["mailing"]
    )
    await post.outcomes.hear_deliveries(envelopes(told))
    assert (await messages.get(row["mailing"], MARKETER))["state"] == "sent"


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"to": "+79161234567"}, "to"),
        ({"to": "nobody"}, "address"),
        ({"account": "num_1"}, "account"),
        ({"data": {}}, "variables"),
    ],
)
async def test_what_cannot_be_sent_is_refused_with_its_field(
    post: Post, messages: Messages, over: Any, field: str
) -> None:
    template = await post.template(bodies=ORDER)
    with pytest.raises(InvalidInput) as refused:
        await messages.send(template, to_anna(**over), actor=MARKETER, key=None)
    assert list(refused.value.fields) == [field]


async def test_nobody_writes_to_a_client_whom_he_does_not_see(post: Post, messages: Messages) -> None:
    addresses = [{"address": "email:anna@example.com"}]
    await post.desk.hear(a_client(1, addresses=addresses, seen_by=["team:t_1"]))
    template = await post.template(bodies=ORDER)
    actor = Actor(login="petr", reach=("team:", "owner:petr"))
    with pytest.raises(NotFound):
        await messages.send(template, to_anna(), actor=actor, key=None)
