"""What an Asterisk would write on its manager interface, told call by call."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count


class Exchange:
    """Writes events of one exchange; `now` is its clock in seconds, moved by `after`.

    Channels are named by what they do: `arrives` a call from outside, `dials` a phone of ours picks up a number,
    `rings` somebody is dialled. Each gives the channel's name, which the other methods take.
    """

    def __init__(self, start: float = 1_795_775_000.0) -> None:
        self.now = start
        self.said: list[bytes] = []
        self._ids = count()
        self._of: dict[str, dict[str, str]] = {}
        self._in: dict[str, str] = {}

    @property
    def stream(self) -> bytes:
        """All that was said, as the bytes of one connection."""
        return b"".join(self.said)

    def after(self, seconds: float) -> None:
        self.now = round(self.now + seconds, 6)

    def says(self, kind: str, **fields: object) -> None:
        """One event, as it is written; `Uniqueid` and the like are the caller's."""
        lines = [
            f"Event: {kind}",
            f"Timestamp: {self.now:.6f}",
            *(f"{key}: {value}" for key, value in fields.items()),
        ]
        self.said.append("".join(f"{line}\r\n" for line in [*lines, ""]).encode())

    def arrives(self, number: str = "+74950002001", line: str = "74950000100", *, trunk: str = "trunk") -> str:
        return self._begins(f"PJSIP/{trunk}", "4", number=number, exten=line, context="from-trunk")

    def dials(self, extension: str = "101", number: str = "74950003001") -> str:
        return self._begins(f"PJSIP/{extension}", "4", number=extension, exten=number, context="internal")

    def rings(self, extension: str = "101", *, by: str = "", uid: str = "", linked: str = "") -> str:
        """A phone of ours; by nobody where the hub asked for it."""
        linked = linked or (self._of[by]["Linkedid"] if by else "")
        name = self._begins(
            f"PJSIP/{extension}", "0", number=extension, exten="s", context="internal", uid=uid, linked=linked
        )
        self._dialled("DialBegin", name, by, DialString=extension)
        return name

    def rings_outside(self, number: str = "74950003001", *, by: str, trunk: str = "trunk") -> str:
        name = self._begins(
            f"PJSIP/{trunk}", "0", number="", exten="s", context="from-trunk", linked=self._of[by]["Linkedid"]
        )
        self._dialled("DialBegin", name, by, DialString=f"{number}@{trunk}", CallerIDNum="74950000100")
        return name

    def rings_alone(self, number: str, *, uid: str = "", trunk: str = "trunk") -> str:
        """Somebody outside, by nobody: the hub asked for it."""
        name = self._begins(f"PJSIP/{trunk}", "0", number="", exten="s", context="from-trunk", uid=uid)
        self._of[name]["DialString"] = f"{number}@{trunk}"
        dialled = {key: value for key, value in self._of[name].items() if key != "DialString"}
        dest = {f"Dest{key}": dialled[key] for key in ("Channel", "ChannelState", "Uniqueid", "Linkedid")}
        self.says("DialBegin", **dest, DialString=f"{number}@{trunk}")
        return name

    def up(self, name: str) -> None:
        self._of[name]["ChannelState"] = "6"
        self.of("Newstate", name)

    def answers(self, name: str, *, by: str, bridge: str = "b1") -> None:
        """It takes the call and is connected with who dialled it."""
        self.up(name)
        self._dialled("DialEnd", name, by, DialStatus="ANSWER")
        if self._of[by]["ChannelState"] != "6":
            self.up(by)
        self.enters(name, bridge)
        self.enters(by, bridge)

    def refuses(self, name: str, *, by: str, status: str = "NOANSWER", cause: int = 0) -> None:
        self._dialled("DialEnd", name, by, DialStatus=status)
        self.ends(name, cause=cause)

    def enters(self, name: str, bridge: str, kind: str = "basic") -> None:
        if name in self._in:
            self.leaves(name)
        self._in[name] = bridge
        self.of("BridgeEnter", name, BridgeUniqueid=bridge, BridgeType=kind)

    def leaves(self, name: str) -> None:
        self.of("BridgeLeave", name, BridgeUniqueid=self._in.pop(name))

    def hangs_up(self, name: str) -> None:
        """Its far end hangs up."""
        self.of("HangupRequest", name)
        self.ends(name)

    def ends(self, name: str, cause: int = 16) -> None:
        if name in self._in:
            self.leaves(name)
        self.of("Hangup", name, Cause=cause)

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        self.of("Hold", name)
        yield
        self.of("Unhold", name)

    def of(self, kind: str, name: str, **fields: object) -> None:
        """An event of one channel."""
        self.says(kind, **{**self._of[name], **fields})

    def uid(self, name: str) -> str:
        return self._of[name]["Uniqueid"]

    def pair(self, number: str = "103", *, linked_to: str) -> tuple[str, str]:
        """Both halves of a Local channel."""
        linked = self._of[linked_to]["Linkedid"]
        halves = [
            self._begins(
                f"Local/{number}@internal", state, number="", exten=number, context="internal", linked=linked
            )
            for state in ("0", "4")
        ]
        one, two = (f"{halves[0]};1", f"{halves[0]};2")
        for old, new in zip(halves, (one, two), strict=True):
            self._of[new] = {**self._of.pop(old), "Channel": new}
        self.says("LocalBridge", LocalOneUniqueid=self.uid(one), LocalTwoUniqueid=self.uid(two))
        return one, two

    def _begins(
        self, peer: str, state: str, *, number: str, exten: str, context: str, uid: str = "", linked: str = ""
    ) -> str:
        place = next(self._ids)
        name, uid = f"{peer}-{place:08x}", uid or f"{int(self.now)}.{place}"
        self._of[name] = {"Channel": name, "ChannelState": state, "Uniqueid": uid, "Linkedid": linked or uid}
        self._of[name] |= {"CallerIDNum": number or "<unknown>", "Exten": exten, "Context": context}
        self.of("Newchannel", name)
        return name

    def _dialled(self, kind: str, name: str, by: str, **fields: object) -> None:
        called = self._of[name]
        dest = {f"Dest{key}": called[key] for key in ("Channel", "ChannelState", "Uniqueid", "Linkedid")}
        self.says(kind, **{**(self._of[by] if by else {}), **dest, **fields})
