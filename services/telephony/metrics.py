"""What Prometheus may count of the telephony service."""

from prometheus_client import Counter, Gauge

EVENTS = Counter("omnihub_telephony_events_total", "Events of exchanges taken over", ["exchange"])
CALLS = Counter("omnihub_telephony_calls_total", "Calls told, by what became of them", ["exchange", "result"])
PARKED = Counter("omnihub_telephony_parked_total", "Payloads parked as dead letters", ["exchange"])
FORGED = Counter("omnihub_telephony_forged_total", "Webhook calls that are not from the provider", ["exchange"])
SENT = Counter("omnihub_telephony_sends_total", "Calls asked for, by what became of asking", ["exchange", "state"])
UP = Gauge("omnihub_telephony_up", "1 while the exchange is green", ["exchange"])
LAG = Gauge("omnihub_telephony_lag_seconds", "For how long there may be what was not taken over", ["exchange"])
