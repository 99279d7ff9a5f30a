"""A marketer's desk with mailings: the job that launches is stepped by hand, the channels are the test."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hub.contracts.base import Event
from hub.contracts.interaction import DeliveryRecorded, DeliveryState, Recipient, SendPage
from hub.kit.restraint import Restraint
from hub.store.leases import LEASES, Leases
from hub.testing.builders import envelopes
from services.campaigns.consent.models import NewTopic
from services.campaigns.mailings import handlers
from services.campaigns.mailings.contents import Library
from services.campaigns.mailings.hits import Hits
from services.campaigns.mailings.launching import Launch
from services.campaigns.mailings.looking import Looking
from services.campaigns.mailings.models import MailingForm
from services.campaigns.mailings.outcomes import Outcomes
from services.campaigns.mailings.repository import MailingRepository
from services.campaigns.mailings.runner import Runner
from services.campaigns.mailings.service import Mailings
from services.campaigns.templates.models import NewTemplate
from tests.services.campaigns.conftest import BASE, MARKETER, MASTER, Desk

HTML = (
    '<p>{{ first_name | default("друг") }}, <a href="https://example.com/sale">сюда</a></p>'
    '<a href="{{ unsubscribe_url }}">x</a>'
)
OURS = {
    "mb_1": ("email", "us@example.com"),
    "num_1": ("sms", "+74950000000"),
    "bot_1": ("telegram", "@romashka_bot"),
}


class Ours:
    """Our accounts."""

    async def addresses(self) -> Mapping[str, tuple[str, str]]:
        return OURS


@dataclass
class Post:
    """All that sends."""

    desk: Desk
    repository: MailingRepository
    library: Library
    mailings: Mailings
    launch: Launch
    outcomes: Outcomes
    runner: Runner
    restraint: Restraint
    hits: Hits
    looking: Looking

    def another_runner(self, owner: str) -> Runner:
        leases = Leases(self.desk.store.collection(LEASES), self.desk.clock, owner, timedelta(seconds=30))
        about: dict[str, Any] = {"leases": leases, "restraint": self.restraint}
        return Runner(self.repository, self.library, self.desk.bus, self.desk.clock, **about)

    async def template(self, **over: Any) -> str:
        fields = {"name": "x", "channel": "email", "bodies": {"ru": {"subject": "Скидка", "html": HTML}}, **over}
        made = await self.desk.templates.add(NewTemplate(**fields), actor=MARKETER, key=None)
        return str(made["_id"])

    async def sms(self, text: str = "Скидка!") -> str:
        return await self.template(channel="sms", bodies={"ru": {"text": text}})

    async def draft(self, **over: Any) -> dict[str, Any]:
        if "messages" not in over:
            over["messages"] = [{"channel": "email", "template": await self.template(), "account": "mb_1"}]
        given = {"name": "Весна", "topic": "offers", "include": {"all": []}, **over}
        return await self.mailings.add(MailingForm.model_validate(given), actor=MARKETER, key=None)

    async def frozen(self, mailing_id: str) -> dict[str, Any]:
        """Launched, and all steps of its job done."""
        await self.mailings.launch(mailing_id, actor=MARKETER)
        cursor: str | None = None
        while True:
            step = await self.launch.step({"mailing": mailing_id}, cursor)
            if step.act:
                await step.act()
            if (cursor := step.cursor) is None:
                return await self.mailing(mailing_id)

    async def launched(self, **over: Any) -> dict[str, Any]:
        return await self.frozen((await self.draft(**over))["_id"])

    async def mailing(self, mailing_id: str) -> dict[str, Any]:
        return await self.mailings.get(mailing_id, MARKETER)

    async def run(self) -> None:
        """Until nothing more is asked for."""
        while await self.runner.look():
            pass

    def pages(self) -> list[SendPage]:
        return [one for one in self.desk.bus.events() if isinstance(one, SendPage)]

    def asked(self) -> list[Recipient]:
        return [one for page in self.pages() for one in page.recipients]

    async def told(self, *recipients: Recipient, state: str = "sent", **over: Any) -> None:
        """The channel says what became of these."""
        fields = {"at": self.desk.clock.now(), "state": DeliveryState(state), "group": "x", **over}
        events = [DeliveryRecorded(interaction_id=one.id, **fields) for one in recipients]
        await self.outcomes.hear_deliveries(envelopes(*events))

    async def rows(self, mailing_id: str) -> list[dict[str, Any]]:
        return (await self.repository.page(mailing_id, None, limit=500, after=None)).items

    async def states(self, mailing_id: str) -> dict[str, int]:
        counts = await self.repository.count(mailing_id, "state")
        return {str(state): count for state, count in counts.items()}

    async def statistics(self, mailing_id: str) -> dict[str, Any]:
        return await self.looking.statistics(await self.mailing(mailing_id))

    def events(self, kind: type[Event]) -> list[Any]:
        return [one for one in self.desk.bus.events() if isinstance(one, kind)]


async def a_post(desk: Desk) -> Post:
    repository = MailingRepository(desk.store, desk.blobs)
    repository.on(desk.bus, desk.clock)
    library = Library(desk.templates, master=MASTER, base=BASE)
    mailings = Mailings(
        repository,
        templates=desk.templates,
        segments=desk.segments,
        columns=desk.columns,
        consents=desk.consents,
        accounts=Ours(),
        library=library,
        clock=desk.clock,
    )
    outcomes = Outcomes(repository, library, desk.bus, desk.clock)
    hits = Hits(repository, outcomes)
    handlers.subscribe(desk.bus, outcomes, hits)
    restraint = Restraint()
    leases = Leases(desk.store.collection(LEASES), desk.clock, "one", timedelta(seconds=30))
    runner = Runner(repository, library, desk.bus, desk.clock, leases=leases, restraint=restraint)
    await desk.store.start()
    fields: dict[str, Any] = {"title": {"ru": "Акции"}, "requires": "not_withdrawn", "basis": "покупал у нас"}
    await desk.consents.add_topic(NewTopic(id="offers", **fields), actor=MARKETER)
    await desk.consents.add_topic(NewTopic(id="news", title={"ru": "Новости"}), actor=MARKETER)
    looking = Looking(repository, mailings, desk.columns)
    launch = Launch(repository, mailings.prepare, desk.clock)
    return Post(desk, repository, library, mailings, launch, outcomes, runner, restraint, hits, looking)
