"""Nobody is told of what he does not see, by whatever operation, in whatever role: tried over all of them."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.interaction import Attachment, Participant, Role
from hub.contracts.scope import SHOWN
from hub.testing.builders import an_arrival, envelopes
from hub.testing.waiting import eventually
from services.gateway.live.shown import About
from services.interactions.handover import ChainChange, Handover
from services.interactions.repository import Repository

pytestmark = pytest.mark.slow
SEED = 1
RECORDS = 16
PEOPLE = {
    "anna": ("operator", "sales"),
    "boris": ("solo", "sales"),
    "olga": ("chief", None),
    "ivan": ("operator", "support"),
    "petr": ("marketer", None),
    "vera": ("supervisor", "support"),
    "admin": ("administrator", None),
}
LED = {"sales": "olga"}
READS = {"own_account", "read_correspondence", "write_messages", "read_channels", "read_jobs"}
OWN_ROLES = {"solo": {"*": "own"}, "chief": {"*": "subordinates"}}


@dataclass(frozen=True)
class Kept:
    """A chain with one letter, and the words by which it would be recognised."""

    number: int
    team: str | None
    others: str
    owner: str | None
    private: bool

    @property
    def subject(self) -> str:
        return f"Дело{self.number}х"

    @property
    def secret(self) -> str:
        return f"тайна{self.number}х"

    @property
    def address(self) -> str:
        return f"client{self.number}x@example.com"

    def shown_to(self, login: str) -> str:
        """What somebody is shown of it, by the sentences of the documentation."""
        role, member_of = PEOPLE[login]
        teams = {team for team, lead in LED.items() if lead == login} | ({member_of} if member_of else set())
        if self.owner == login:
            return "full"
        reached = role in ("administrator", "supervisor")
        reached |= role in ("operator", "marketer", "chief") and (self.team is None or self.team in teams)
        led = [each for each, (_, team) in PEOPLE.items() if team and LED.get(team) == login]
        reached |= role == "chief" and self.owner in led
        if not reached:
            return "nothing"
        if self.private:
            return "metadata" if self.others != "nothing" else "nothing"
        return "full" if self.team is not None and self.team in teams else self.others


@dataclass
class Office:
    """Teams, roles and people, and what they have."""

    whole: Any
    clients: dict[str, Any]
    kept: list[Kept]
    listed: dict[str, dict[str, str]]
    """By subject: ids of the interaction, its chain, its client and its file."""
    begin: Any


async def staffed(whole: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Everybody logged in, and the ids of the teams."""
    admin = await whole.admin()
    for name, scopes in OWN_ROLES.items():
        role = {"title": name, "rights": sorted(READS), "scopes": scopes}
        assert (await admin.put(f"/roles/{name}", json=role)).status_code == 200
    clients = {"admin": admin}
    for login, (role, _) in PEOPLE.items():
        if login != "admin":
            clients[login] = await whole.employee(role, login)
    teams = {}
    for team in ("sales", "support"):
        members = [login for login, (_, of) in PEOPLE.items() if of == team]
        made = await admin.post("/teams", json={"name": team, "members": members, "lead": LED.get(team)})
        teams[team] = made.json()["id"]
    return clients, teams


def at_random(seed: int) -> Iterator[Kept]:
    chance = random.Random(seed)
    for number in range(RECORDS):
        team = chance.choice([None, "sales", "support"])
        owner = chance.choice([None, *PEOPLE])
        yield Kept(
            number=number,
            team=team,
            others=chance.choice(SHOWN) if team else "full",
            owner=owner,
            private=owner is not None and chance.random() < 0.4,
        )


async def moved_in(whole: Any, seed: int) -> Office:
    clients, teams = await staffed(whole)
    live = whole.gateway.http.state.parts.live
    begin = await live.place(None)
    kept = list(at_random(seed))
    arrivals = [
        an_arrival(
            id=f"in_{each.number}x",
            subject=each.subject,
            text=each.secret,
            team=teams.get(each.team or ""),
            others=each.others,
            keys=(f"email:<{each.number}x@example.com>",),
            refs=(),
            participants=(
                Participant(role=Role.FROM, address=f"email:{each.address}", raw=each.address, name=""),
                Participant(role=Role.TO, address="email:us@example.com", raw="us@example.com", ours=True),
            ),
            attachments=(
                Attachment(
                    id=f"att_{each.number}x", filename=each.secret, content_type="a/b", size=1, state="failed"
                ),
            ),
        )
        for each in kept
    ]
    bus = whole.footing.bus("tests")
    await bus.start()
    await bus.publish(envelopes(*arrivals))
    await bus.stop()

    async def found() -> dict[str, Any]:
        ids = [f"in_{each.number}x" for each in kept]
        answers = [await whole.stored("interactions", doc_id) for doc_id in ids]
        return {each["subject"]: each for each in answers if each}

    stored = await eventually(found, lambda got: len(got) == RECORDS)
    listed = {
        subject: {
            "interactions": each["_id"],
            "chains": each["chain_id"],
            "clients": each["client_id"],
            "attachments": each["attachments"][0]["id"],
        }
        for subject, each in stored.items()
    }
    await _hand_over(whole, kept, listed)
    return Office(whole, clients, kept, listed, begin)


async def _hand_over(whole: Any, kept: list[Kept], listed: dict[str, dict[str, str]]) -> None:
    """As those who may; who may is another test."""
    store, bus = whole.footing.store("interactions"), whole.footing.bus("tests")
    repository = Repository(store)
    repository.on(bus, whole.footing.clock)
    handover = Handover(repository)
    await store.start()
    await bus.start()
    for each in kept:
        if each.owner:
            chain_id, owner = listed[each.subject]["chains"], Actor(login=each.owner, reach=("*",))
            await handover.chain(chain_id, ChainChange(owner=each.owner), actor=owner)
            await handover.chain(chain_id, ChainChange(private=each.private), actor=owner)
    await bus.stop()
    await store.stop()


async def everything(client: Any, path: str) -> str:
    """The text of all pages of a list."""
    texts, after = [], None
    while True:
        answer = await client.get(path, params={"limit": 7, **({"after": after} if after else {})})
        assert answer.status_code == 200, answer.text
        texts.append(answer.text)
        if (after := answer.json()["next"]) is None:
            return "".join(texts)


def leaks(office: Office, login: str, text: str, *, asked: str = "") -> list[str]:
    """What is in the text and shall not be; the id that was asked for may be repeated."""
    found = []
    for each in office.kept:
        level = each.shown_to(login)
        forbidden = {
            "full": (),
            "subject": (each.secret,),
            "metadata": (each.secret, each.subject),
            "nothing": (each.secret, each.subject, office.listed[each.subject]["chains"]),
        }[level]
        found += [
            f"{login}: {words} of {each}"
            for words in forbidden
            if words != asked and re.search(rf"{words}(?!\w)", text)
        ]
    return found


def reading(whole: Any) -> list[str]:
    """The paths of all questions that services answer."""
    ways = whole.gateway.http.state.parts.table.ways
    return [way.operation.path for way in ways if way.operation.method == "GET"]


def writing(whole: Any) -> list[tuple[str, str]]:
    ways = whole.gateway.http.state.parts.table.ways
    nouns = {"interaction", "chain", "client", "message"}
    return [
        (w.operation.method, w.operation.path)
        for w in ways
        if w.operation.method != "GET" and w.operation.noun in nouns
    ]


async def test_no_operation_tells_anybody_of_what_he_does_not_see(whole: Any) -> None:
    office = await moved_in(whole, SEED)
    found: list[str] = []
    for login, client in office.clients.items():
        for path in ("/interactions", "/chains"):
            found += leaks(office, login, await everything(client, path))
        for each in office.kept:
            ids = office.listed[each.subject]
            for path in reading(whole):
                head = path.split("/")[1]
                if "{id}" not in path or head not in ids:
                    continue
                answer = await client.get(path.replace("{id}", ids[head]))
                found += leaks(office, login, answer.text, asked=ids[head])
                if head != "clients" and each.shown_to(login) == "nothing":
                    assert answer.status_code == 404, (login, path, each)
            for what in ("chain_id", "client_id"):
                text = await everything(client, f"/interactions?{what}={ids[what[:-3] + 's']}")
                found += leaks(office, login, text)
            found += leaks(office, login, (await client.get(f"/chains?client_id={ids['clients']}")).text)
    assert found == []


async def test_everybody_is_shown_what_he_does_see(whole: Any) -> None:
    office = await moved_in(whole, 3)
    for login, client in office.clients.items():
        chains, letters = await everything(client, "/chains"), await everything(client, "/interactions")
        clients = await everything(client, "/clients")
        for each in office.kept:
            ids, level = office.listed[each.subject], each.shown_to(login)
            assert (f'"{ids["chains"]}"' in chains) == (level != "nothing"), (login, each)
            assert (f'"id":"{ids["interactions"]}"' in letters) == (level != "nothing"), (login, each)
            assert (f'"text":"{each.secret}"' in letters) == (level == "full"), (login, each)
            assert (f'"subject":"{each.subject}"' in chains) == (level in ("full", "subject")), (login, each)
            if level == "full":
                assert ids["clients"] in clients, (login, each)


async def test_nobody_changes_what_he_does_not_see_whole(whole: Any) -> None:
    office = await moved_in(whole, 4)
    for login in ("anna", "boris", "olga", "ivan", "vera"):
        client = office.clients[login]
        for each in office.kept:
            level, ids = each.shown_to(login), office.listed[each.subject]
            if level == "full":
                continue
            for method, path in writing(whole):
                head = path.split("/")[1]
                if head not in ids.keys() - {"clients"} or "{id}" not in path:
                    continue
                if path.endswith("}") and head == "chains":
                    continue
                body = {"text": "x", "to": "x@example.com", "comment": "x"}
                for form in ({"text": "x"}, {"to": "x@example.com"}, {}, body):
                    answer = await client.request(method, path.replace("{id}", ids[head]), json=form)
                    assert answer.status_code in (403, 404, 422), (login, method, path, each, answer.text)
                    assert not leaks(office, login, answer.text, asked=ids[head])
            answer = await client.patch(f"/chains/{ids['chains']}", json={"owner": login})
            expected = (404,) if level == "nothing" else (200, 403)
            assert answer.status_code in expected, (login, each, answer.text)
            break


async def test_the_live_stream_tells_nobody_of_what_he_does_not_see(whole: Any) -> None:
    office = await moved_in(whole, 5)
    parts = whole.gateway.http.state.parts
    for login, client in office.clients.items():
        role, access = PEOPLE[login][0], (await client.get("/sessions")).json()["items"][0]["id"]

        def who(_: str, noun: str, login: str = login, role: str = role) -> Actor:
            staff = parts.staff
            return Actor(
                login=login,
                teams=staff.teams_of(login),
                reach=staff.reach(login, role, noun, "read"),
            )

        end = await parts.live.place(None)
        text = ""
        pieces = parts.live.events(office.begin, About(), access_id=access, who=who)
        seen = [each for each in office.kept if each.shown_to(login) == "full"]
        async for piece in pieces:
            text += piece
            if all(each.secret in text for each in seen):
                break
        await pieces.aclose()
        assert end
        assert leaks(office, login, text) == []
