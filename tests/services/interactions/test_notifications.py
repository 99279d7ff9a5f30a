"""What is told to whom, and stays until he has read it: notifications, and the queue of those that name him."""

from datetime import timedelta
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.interaction import SendMessage
from hub.contracts.notification import NotificationChanged, NotificationGiven
from hub.kit.errors import Forbidden, InvalidInput, NotFound, StoreUnavailable
from hub.testing.builders import NOON, an_arrival
from services.interactions.addresses import Addresses
from services.interactions.byhand.forms import Note
from services.interactions.byhand.service import ByHand
from services.interactions.chains.queues import Queues
from services.interactions.handover import READERS, ChainChange, Handover
from services.interactions.notifications.forms import PreferencesForm, ReadNotifications
from services.interactions.notifications.mails import PER_HOUR, Mails
from services.interactions.notifications.models import KINDS, MOST
from services.interactions.notifications.service import Notifications
from services.interactions.tasks.forms import NewTask, TaskChange
from services.interactions.tasks.service import Tasks
from tests.services.interactions.conftest import Bench

ALL = Actor(login="olga", reach=("*",), reads=("*",))


def somebody(login: str, *more: str, teams: tuple[str, ...] = ()) -> Actor:
    reach = (f"owner:{login}", *more)
    return Actor(login=login, reach=reach, reads=reach, teams=teams)


ANNA, BORIS = somebody("anna"), somebody("boris")


async def a_chain(bench: Bench, owner: str = "", **over: Any) -> str:
    await bench.receive(an_arrival(**{"team": "legal", **over}))
    chain_id = str((await bench.chains())[0]["_id"])
    if owner:
        await handed(bench, chain_id, owner)
    return chain_id


async def handed(bench: Bench, chain_id: str, owner: str, actor: Actor = ALL) -> None:
    await Handover(bench.repository, bench.clock).chain(chain_id, ChainChange(owner=owner), actor=actor)
    await bench.follow()


async def noted(bench: Bench, chain_id: str, text: str, *mentions: str, actor: Actor = ALL) -> None:
    handover, addresses = Handover(bench.repository, bench.clock), Addresses(bench.repository, region="RU")
    by_hand = ByHand(bench.repository, bench.seen, handover, addresses, bench.clock, bench.calendars)
    await by_hand.note(chain_id, Note(text=text, mentions=mentions), actor=actor, key=None)
    await bench.follow()


def tasks_of(bench: Bench) -> Tasks:
    return Tasks(bench.tasks, bench.seen, bench.clock, bench.calendars)


async def told(bench: Bench, actor: Actor, *, unread: bool | None = None) -> list[tuple[str, str, str]]:
    """Kind, who caused it, and what it says: the newest first."""
    page = await bench.notifications.page(actor, unread=unread, limit=500, after=None)
    return [(one["kind"], one["by"], one["words"]) for one, _ in page.items]


async def test_whom_a_note_names_reads_the_chain_finds_it_in_his_queue_and_is_told(bench: Bench) -> None:
    chain_id = await a_chain(bench)
    queues = Queues(bench.repository.chains)
    assert await queues.count(BORIS, "mentions") == 0
    await noted(bench, chain_id, "@boris глянь", "boris")
    assert await told(bench, BORIS) == [("mention", "olga", "@boris глянь")]
    listed = await queues.page(BORIS, "mentions", limit=10, after=None)
    assert [chain["_id"] for chain in listed.items] == [chain_id]
    assert await bench.seen.whole_chain(BORIS, chain_id)
    assert (await queues.count(BORIS, "mentions"), await queues.count(ANNA, "mentions")) == (1, 0)
    await Handover(bench.repository, bench.clock).chain(chain_id, ChainChange(state="closed"), actor=ALL)
    assert (await queues.count(BORIS, "mentions"), await bench.notifications.unread(BORIS)) == (0, 1)


class Killed(Handover):
    """In the midst of it."""

    async def show(self, chain_id: str, *_: Any, **__: Any) -> Any:
        raise StoreUnavailable(chain_id)


async def test_no_note_is_kept_that_names_somebody_who_could_not_be_shown_the_chain(bench: Bench) -> None:
    chain_id, addresses = await a_chain(bench), Addresses(bench.repository, region="RU")
    by_hand = ByHand(
        bench.repository, bench.seen, Killed(bench.repository, bench.clock), addresses, bench.clock, bench.calendars
    )
    with pytest.raises(StoreUnavailable):
        await by_hand.note(chain_id, Note(text="@boris", mentions=("boris",)), actor=ALL, key="1")
    assert [one["channel"] for one in await bench.everything()] == ["email"]


async def test_whom_a_note_in_a_private_chain_names_reads_it_and_does_not_take_it(bench: Bench) -> None:
    chain_id, handover = await a_chain(bench, "anna"), Handover(bench.repository, bench.clock)
    await handover.chain(chain_id, ChainChange(private=True), actor=ANNA)
    await noted(bench, chain_id, "@boris", "boris", actor=ANNA)
    assert await bench.seen.whole_chain(BORIS, chain_id)
    for change in (ChainChange(owner="boris"), ChainChange(team="sales"), ChainChange(owner="")):
        with pytest.raises(Forbidden, match="private"):
            await handover.chain(chain_id, change, actor=BORIS)
    assert (await handover.chain(chain_id, ChainChange(owner="olga"), actor=ALL))["owner"] == "olga"


async def test_a_client_who_writes_is_told_to_whoever_owns_the_chain_and_to_nobody_else(bench: Bench) -> None:
    await a_chain(bench, "boris")
    bench.clock.advance(timedelta(seconds=1))
    await bench.receive(an_arrival(2, subject="Re: Где мой заказ?", refs=("email:<1@example.com>",), text="Ну что?"))
    assert await told(bench, BORIS) == [("client_wrote", "", "Ну что?"), ("assigned", "olga", "")]
    assert (await told(bench, ALL), await told(bench, ANNA)) == ([], [])


async def test_what_a_robot_writes_is_told_to_nobody(bench: Bench) -> None:
    await a_chain(bench, "boris")
    refs = ("email:<1@example.com>",)
    await bench.receive(an_arrival(2, refs=refs, text="Я в отпуске", auto="auto-reply"))
    assert await told(bench, BORIS) == [("assigned", "olga", "")]


async def test_who_takes_a_chain_himself_is_not_told_that_he_has_it(bench: Bench) -> None:
    chain_id = await a_chain(bench)
    await handed(bench, chain_id, "olga")
    assert await told(bench, ALL) == []


async def test_a_task_is_told_when_it_is_given_when_it_reminds_and_once_when_its_time_has_passed(
    bench: Bench,
) -> None:
    tasks = tasks_of(bench)
    due = NOON + timedelta(hours=2)
    form = NewTask(title="Счёт", assignee="boris", due=due, reminders=({"before": 3600},))  # type: ignore[arg-type]
    task = await tasks.open(form, actor=ALL, key=None)
    await bench.follow()
    assert await told(bench, BORIS) == [("assigned", "olga", "Счёт")]
    for minutes in (70, 60, 60):
        bench.clock.advance(timedelta(minutes=minutes))
        await tasks.due.look()
        await bench.follow()
    expected = [("overdue", "", "Счёт"), ("reminder", "", "Счёт"), ("assigned", "olga", "Счёт")]
    assert await told(bench, BORIS) == expected
    await tasks.change(task["_id"], TaskChange(due=bench.clock.now() + timedelta(hours=1)), actor=ALL)
    bench.clock.advance(timedelta(hours=2))
    await tasks.due.look()
    await bench.follow()
    kinds = sorted(kind for kind, _, _ in await told(bench, BORIS))
    assert kinds == ["assigned", "overdue", "overdue", "reminder", "reminder"]


async def test_a_task_that_is_done_in_time_is_never_overdue(bench: Bench) -> None:
    tasks = tasks_of(bench)
    task = await tasks.open(NewTask(title="Счёт", due=NOON + timedelta(hours=1)), actor=BORIS, key=None)
    await tasks.change(task["_id"], TaskChange(state="done"), actor=BORIS)
    bench.clock.advance(timedelta(hours=2))
    await tasks.due.look()
    await bench.follow()
    assert await told(bench, BORIS) == []


async def test_what_is_told_twice_on_the_bus_is_one_notification(bench: Bench) -> None:
    chain_id = await a_chain(bench)
    await noted(bench, chain_id, "@boris", "boris")
    notices = [one for one in bench.bus.published if one.event.TOPIC == "notices"]
    await bench.notifications.hear(notices)
    assert len(await told(bench, BORIS)) == 1
    assert [one.to for one in bench.bus.events("notices") if isinstance(one, NotificationGiven)] == ["boris"]


async def test_what_happened_long_ago_is_told_to_nobody(bench: Bench) -> None:
    chain_id = await a_chain(bench)
    bench.bus.subscriptions = [one for one in bench.bus.subscriptions if one.topic != "notices"]
    await noted(bench, chain_id, "@boris", "boris")
    bench.clock.advance(timedelta(days=2))
    await bench.notifications.hear([one for one in bench.bus.published if one.event.TOPIC == "notices"])
    assert await told(bench, BORIS) == []


async def test_what_is_read_on_one_device_is_read_on_all_and_told_once(bench: Bench) -> None:
    chain_id = await a_chain(bench)
    await noted(bench, chain_id, "@boris раз", "boris")
    await noted(bench, chain_id, "@boris два", "boris")
    ids = [one["_id"] for one, _ in (await bench.notifications.page(BORIS, unread=True, limit=9, after=None)).items]
    for _ in range(2):
        await bench.notifications.mark(BORIS, ReadNotifications(ids=(ids[0],)))
    assert (await bench.notifications.unread(BORIS), len(await told(bench, BORIS, unread=True))) == (1, 1)
    await bench.notifications.mark(ANNA, ReadNotifications(ids=(ids[1],)))
    assert await bench.notifications.unread(BORIS) == 1
    await bench.notifications.mark(BORIS, ReadNotifications(all=True))
    assert await told(bench, BORIS, unread=True) == []
    await bench.notifications.mark(BORIS, ReadNotifications(ids=(ids[0],), read=False))
    assert await bench.notifications.unread(BORIS) == 1
    changed = [(one.id, one.read) for one in bench.bus.events("notices") if isinstance(one, NotificationChanged)]
    assert changed == [(ids[0], True), (ids[1], True), (ids[0], False)]


async def test_who_reads_a_chain_has_read_what_tells_of_it_but_not_his_tasks(bench: Bench) -> None:
    chain_id = await a_chain(bench, "boris")
    await noted(bench, chain_id, "@boris", "boris")
    await tasks_of(bench).open(NewTask(title="Счёт", assignee="boris", chain_id=chain_id), actor=ALL, key=None)
    await bench.follow()
    await bench.notifications.read_chain("boris", [chain_id])
    assert await told(bench, BORIS, unread=True) == [("assigned", "olga", "Счёт")]


async def test_a_chain_that_one_may_see_no_longer_is_not_named(bench: Bench) -> None:
    chain_id = await a_chain(bench, "boris")
    page = await bench.notifications.page(BORIS, unread=None, limit=9, after=None)
    assert [(one["title"], one["client_name"]) for one, _ in page.items] == [("Где мой заказ?", "Анна Смирнова")]
    await handed(bench, chain_id, "anna")
    assert (await told(bench, BORIS), await bench.notifications.unread(BORIS)) == ([], 0)


async def test_of_a_private_chain_nothing_is_said_but_that_it_is_there(bench: Bench) -> None:
    team = somebody("boris", "team:legal", "owner:anna", teams=("legal",))
    chain_id = await a_chain(bench, "boris")
    private = ChainChange(owner="anna", private=None)
    handover = Handover(bench.repository, bench.clock)
    await handover.chain(chain_id, private, actor=ALL)
    await handover.chain(chain_id, ChainChange(private=True), actor=ANNA)
    page = await bench.notifications.page(team, unread=None, limit=9, after=None)
    assert [(one.get("title", ""), one.get("client_name", ""), one["words"], level) for one, level in page.items] == [
        ("", "", "", "metadata")
    ]


async def test_of_more_than_are_kept_the_oldest_go(bench: Bench) -> None:
    chain_id = await a_chain(bench)
    for number in range(MOST + 2):
        bench.clock.advance(timedelta(seconds=1))
        await noted(bench, chain_id, f"@boris {number}", "boris")
    words = [each for _, _, each in await told(bench, BORIS)]
    assert (len(words), words[0], words[-1]) == (MOST, f"@boris {MOST + 1}", "@boris 2")


async def test_a_muted_team_is_silent_but_a_colleague_who_asks_is_heard(bench: Bench) -> None:
    await bench.notifications.prefer("boris", PreferencesForm(teams=("legal",)))
    chain_id = await a_chain(bench, "boris")
    await bench.receive(an_arrival(2, refs=("email:<1@example.com>",)))
    await noted(bench, chain_id, "@boris", "boris")
    assert [kind for kind, _, _ in await told(bench, BORIS)] == ["mention"]


async def test_what_clients_write_to_a_muted_mailbox_is_not_told(bench: Bench) -> None:
    await bench.notifications.prefer("boris", PreferencesForm(accounts=("mb_support",)))
    await a_chain(bench, "boris")
    await bench.receive(an_arrival(2, refs=("email:<1@example.com>",)))
    assert [kind for kind, _, _ in await told(bench, BORIS)] == ["assigned"]


async def test_what_shall_not_count_stands_in_the_list_and_what_nobody_wants_is_not_kept(bench: Bench) -> None:
    await bench.notifications.prefer("boris", PreferencesForm(ways={"mention": ("browser",), "assigned": ()}))
    chain_id = await a_chain(bench, "boris")
    await noted(bench, chain_id, "@boris", "boris")
    assert (await told(bench, BORIS), await bench.notifications.unread(BORIS)) == ([("mention", "olga", "@boris")], 0)
    given = [one.ways for one in bench.bus.events("notices") if isinstance(one, NotificationGiven)]
    assert given == [("browser",)]


async def test_a_mail_goes_once_and_says_nothing_of_what_was_said(bench: Bench) -> None:
    await bench.notifications.prefer(
        "boris", PreferencesForm(ways={"mention": ("page", "mail")}, mail="b@example.com")
    )
    chain_id = await a_chain(bench)
    await noted(bench, chain_id, "@boris секрет", "boris")
    await bench.notifications.hear([one for one in bench.bus.published if one.event.TOPIC == "notices"])
    (mail,) = [one for one in bench.bus.events("outbound") if isinstance(one, SendMessage)]
    assert (mail.account, mail.to[0].address, mail.in_lane) == ("mb_1", "email:b@example.com", "automatic")
    assert mail.values == ("Вас упомянули", f"https://hub.example.com/inbox/{chain_id}")
    assert "секрет" not in mail.model_dump_json()


async def test_mails_of_an_hour_are_bounded_and_the_rest_is_read_in_the_page(bench: Bench) -> None:
    await bench.notifications.prefer(
        "boris", PreferencesForm(ways={"mention": ("page", "mail")}, mail="b@example.com")
    )
    chain_id = await a_chain(bench)
    for number in range(PER_HOUR + 3):
        await noted(bench, chain_id, f"@boris {number}", "boris")
    mails = [one for one in bench.bus.events("outbound") if isinstance(one, SendMessage)]
    assert (len(mails), await bench.notifications.unread(BORIS)) == (PER_HOUR, PER_HOUR + 3)
    bench.clock.advance(timedelta(hours=2))
    await noted(bench, chain_id, "@boris ещё", "boris")
    assert len([one for one in bench.bus.events("outbound") if isinstance(one, SendMessage)]) == PER_HOUR + 1


async def test_mails_of_an_hour_are_bounded_also_where_all_is_told_at_once(bench: Bench) -> None:
    await bench.notifications.prefer(
        "boris", PreferencesForm(ways={"mention": ("page", "mail")}, mail="b@example.com")
    )
    chain_id, notices = await a_chain(bench), bench.bus.subscriptions
    bench.bus.subscriptions = [one for one in notices if one.topic != "notices"]
    for number in range(PER_HOUR + 3):
        await noted(bench, chain_id, f"@boris {number}", "boris")
    await bench.notifications.hear([one for one in bench.bus.published if one.event.TOPIC == "notices"])
    mails = [one for one in bench.bus.events("outbound") if isinstance(one, SendMessage)]
    assert (len(mails), await bench.notifications.unread(BORIS)) == (PER_HOUR, PER_HOUR + 3)


async def test_who_is_asked_to_approve_an_answer_reads_the_chain_and_is_named_in_no_note(bench: Bench) -> None:
    chain_id = await a_chain(bench)
    await Handover(bench.repository, bench.clock).show(chain_id, ["boris"], by="olga", named=False)
    assert await bench.seen.whole_chain(BORIS, chain_id)
    assert await Queues(bench.repository.chains).count(BORIS, "mentions") == 0


async def test_of_more_readers_than_are_kept_the_oldest_see_the_chain_no_more_but_its_owner_does(
    bench: Bench,
) -> None:
    chain_id, handover = await a_chain(bench, "anna"), Handover(bench.repository, bench.clock)
    await handover.show(chain_id, ["anna", "boris", "olga"], by="olga")
    await handover.show(chain_id, ["olga", *(f"e{number}" for number in range(READERS - 1))], by="olga")
    chain = await bench.seen.whole_chain(ANNA, chain_id)
    assert (len(chain["readers"]), chain["readers"][0], len(chain["seen_by"])) == (READERS, "olga", READERS + 2)
    with pytest.raises(NotFound):
        await bench.seen.chain(BORIS, chain_id)


async def test_mails_need_an_address_and_an_account_of_the_hub(bench: Bench) -> None:
    with pytest.raises(InvalidInput) as refused:
        await bench.notifications.prefer("boris", PreferencesForm(ways={"mention": ("mail",)}))
    assert list(refused.value.fields) == ["mail"]
    silent = Notifications(
        bench.store,
        bench.bus,
        bench.clock,
        bench.repository,
        bench.seen,
        tasks=bench.tasks.tasks,
        mails=Mails(bench.blobs, account="", page="", language="en"),
    )
    with pytest.raises(InvalidInput) as refused:
        await silent.prefer("boris", PreferencesForm(ways={"mention": ("mail",)}, mail="b@example.com"))
    assert list(refused.value.fields) == ["ways.mention"]
    kept = await silent.preferences("boris")
    assert (kept.ways["mention"], kept.mail, kept.can_mail) == (("page", "browser", "push"), "", False)
    assert tuple(kept.ways) == KINDS
