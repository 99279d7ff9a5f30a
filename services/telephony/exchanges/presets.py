"""Providers whose webhooks need no mapping of one's own: where they write what, and how they prove who they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.telephony.calls.mapping import WebhookMapping


@dataclass(frozen=True, slots=True)
class Preset:
    """One provider."""

    title: str
    check: str
    """See `services.telephony.exchanges.proofs`."""
    mapping: WebhookMapping
    inner: str = ""
    """The field of a form that holds the JSON, where there is one."""


_MANGO: Mapping[str, Any] = {
    "paths": {
        "id": "entry_id",
        "direction": "call_direction",
        "from": ["from.extension", "from.number"],
        "to": ["to.number", "to.extension"],
        "line": ["line_number", "to.line_number", "from.line_number"],
        "operator": ["to.extension", "from.extension"],
        "queue": "to.acd_group",
        "result": "entry_result",
        "started_at": "create_time",
        "answered_at": "talk_time",
        "ended_at": "end_time",
        "recording": "recording_id",
    },
    "paths_in": {"from": "from.number", "to": ["line_number", "to.line_number"], "operator": "to.extension"},
    "paths_out": {"operator": "from.extension", "from": "from.extension", "to": "to.number"},
    "words": {"direction": {"0": "internal", "1": "in", "2": "out"}, "result": {"0": "missed", "1": "answered"}},
    "happens": {
        "path": "location+call_state",
        "ivr/Appeared": "started_at",
        "queue/Appeared": "started_at",
        "abonent/Appeared": "started_at",
        "abonent/Connected": "answered_at",
    },
}
"""https://www.mango-office.ru/support/integratsiya-api/ : events/call, events/summary, events/recording."""

_MEGAFON: Mapping[str, Any] = {
    "paths": {
        "id": "callid",
        "direction": "type",
        "customer": "phone",
        "line": ["diversion", "telnum"],
        "operator": ["ext", "user"],
        "queue": "groupRealName",
        "result": "status",
        "started_at": "start",
        "talk": "duration",
        "recording": "link",
    },
    "words": {
        "direction": {
            "INCOMING": "in", "OUTGOING": "out", "missed": "in",
            "ACCEPTED": "", "COMPLETED": "", "CANCELLED": "", "TRANSFERRED": "",
        },
        "result": {
            "Success": "answered", "success": "answered", "Missed": "missed", "Cancel": "missed", "cancel": "missed",
            "Busy": "busy", "busy": "busy", "NotAvailable": "failed", "NotAllowed": "failed", "NotFound": "failed",
        },
    },
    "happens": {
        "path": "cmd+type",
        "event/INCOMING": "started_at", "event/OUTGOING": "started_at", "event/ACCEPTED": "answered_at",
        "event/COMPLETED": "ended_at", "event/CANCELLED": "ended_at",
        "history/in": "ended_at", "history/out": "ended_at", "history/missed": "ended_at",
    },
}  # fmt: skip
"""https://vats.megafon.ru : REST API, the commands `event` and `history` that it sends."""

_ZADARMA: Mapping[str, Any] = {
    "paths": {
        "id": "pbx_call_id",
        "direction": "event",
        "customer": "caller_id",
        "line": "called_did",
        "operator": ["internal", "last_internal"],
        "result": "disposition",
        "talk": "duration",
        "recording": "call_id_with_rec",
    },
    "paths_out": {"customer": "destination", "line": "caller_id", "operator": "internal"},
    "words": {
        "direction": {
            "NOTIFY_START": "in", "NOTIFY_INTERNAL": "in", "NOTIFY_ANSWER": "in", "NOTIFY_END": "in",
            "NOTIFY_OUT_START": "out", "NOTIFY_OUT_END": "out", "NOTIFY_RECORD": "", "NOTIFY_IVR": "in",
        },
        "result": {
            "answered": "answered", "busy": "busy", "cancel": "missed", "no answer": "missed", "failed": "failed",
            "call failed": "failed", "no money": "failed", "unallocated number": "failed", "no limit": "failed",
            "no day limit": "failed", "line limit": "failed", "no money, no limit": "failed",
        },
    },
    "happens": {
        "path": "event",
        "NOTIFY_START": "started_at", "NOTIFY_OUT_START": "started_at", "NOTIFY_ANSWER": "answered_at",
        "NOTIFY_END": "ended_at", "NOTIFY_OUT_END": "ended_at",
    },
}  # fmt: skip
"""https://zadarma.com/en/support/api/ : webhooks."""

_3CX: Mapping[str, Any] = {
    "paths": {
        "id": ["CallID", "Number+CallStartTimeUTC"],
        "direction": "CallType",
        "customer": "Number",
        "operator": "Agent",
        "line": "DID",
        "name": "Name",
        "queue": "QueueExtension",
        "result": "CallType",
        "started_at": "CallStartTimeUTC",
        "answered_at": "CallEstablishedTimeUTC",
        "ended_at": "CallEndTimeUTC",
    },
    "words": {
        "direction": {"Inbound": "in", "Missed": "in", "Outbound": "out", "Notanswered": "out"},
        "result": {"Inbound": "answered", "Outbound": "answered", "Missed": "missed", "Notanswered": "missed"},
    },
}
"""https://www.3cx.com/docs/server-side-crm-template/ : a template whose ReportCall posts these variables as JSON."""

PRESETS: Mapping[str, Preset] = {
    "mango": Preset("Mango Office", "mango", WebhookMapping.of(_MANGO), inner="json"),
    "megafon": Preset("MegaFon", "form-token", WebhookMapping.of(_MEGAFON)),
    "zadarma": Preset("Zadarma", "zadarma", WebhookMapping.of(_ZADARMA)),
    "3cx": Preset("3CX", "token", WebhookMapping.of(_3CX)),
}
