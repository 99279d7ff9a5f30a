"""What Prometheus may count of the messaging service."""

from prometheus_client import Counter, Gauge

RECEIVED = Counter("omnihub_messaging_received_total", "Events taken over and published", ["account"])
PARKED = Counter("omnihub_messaging_parked_total", "Payloads parked as dead letters", ["account"])
FORGED = Counter("omnihub_messaging_forged_total", "Webhook calls without a right signature or secret", ["channel"])
FOREIGN = Counter("omnihub_messaging_foreign_total", "Receipts for messages that went another way", ["channel"])
SENT = Counter("omnihub_messaging_sends_total", "Messages by what became of handing them over", ["account", "state"])
LAG = Gauge("omnihub_messaging_lag_seconds", "For how long there may be what was not taken over", ["account"])
UP = Gauge("omnihub_messaging_up", "1 while the account is green", ["account"])
