"""What Prometheus may count of the email service."""

from prometheus_client import Counter, Gauge

RECEIVED = Counter("omnihub_email_received_total", "Mails taken over and published", ["mailbox"])
PARKED = Counter("omnihub_email_parked_total", "Mails parked as dead letters", ["mailbox"])
SENT = Counter("omnihub_email_sends_total", "Mails by what became of handing them over", ["mailbox", "state"])
COPIES = Counter("omnihub_email_copies_total", "Copies for the Sent folder", ["mailbox", "state"])
LAG = Gauge("omnihub_email_fetch_lag_seconds", "For how long there may be mail that was not fetched", ["mailbox"])
UP = Gauge("omnihub_email_up", "1 while the mailbox is green", ["mailbox"])
