"""The same mailing, each mail of which is signed by us (DKIM, RSA of 2,048 bits)."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from bench._sink import Sinking
from bench.mailing import RECIPIENTS, Variant, measured
from hub.testing.processes import Api
from hub.testing.servers.process import HOST

NAME = "mailing_dkim"
GOAL = "as mailing, with DKIM on"
_texts: dict[str, str] = {}
"""What the name server answers, by name."""


async def run() -> dict[str, float | str]:
    with _name_server() as server:
        variant = Variant(environ={"OMNIHUB_EMAIL__DNS_SERVER": server}, prepare=_sign, check=_checked)
        return await asyncio.to_thread(measured, variant)


def _sign(api: Api, address: str) -> None:
    domain = api.post("/domains", json={"domain": address.partition("@")[2]})
    _texts[domain["record_name"]] = domain["record"]
    assert api.patch(f"/domains/{domain['id']}", json={"signs": True})["signs"]


def _checked(taking: Sinking) -> dict[str, float | str]:
    assert taking.signed() == RECIPIENTS
    return {}


@contextmanager
def _name_server() -> Iterator[str]:
    """Where it is: it answers TXT as it is told, by UDP."""
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.bind((HOST, 0))
    Thread(target=_answer, args=(door,), daemon=True).start()
    try:
        yield f"{HOST}:{door.getsockname()[1]}"
    finally:
        door.close()


def _answer(door: socket.socket) -> None:
    from dns import flags, message, rcode, rrset

    while True:
        try:
            data, who = door.recvfrom(4_096)
        except OSError:
            return
        question = message.from_wire(data)
        answer = message.make_response(question)
        answer.flags |= flags.RA
        name = question.question[0].name
        text = _texts.get(name.to_text().rstrip("."))
        if text is None:
            answer.set_rcode(rcode.NXDOMAIN)
        else:
            parts = " ".join(f'"{text[at : at + 250]}"' for at in range(0, len(text), 250))
            answer.answer.append(rrset.from_text(name, 60, "IN", "TXT", parts))
        door.sendto(answer.to_wire(), who)
