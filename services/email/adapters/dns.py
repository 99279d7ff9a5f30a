"""Asks name servers, with dnspython."""

from hub.kit.errors import ConfigurationError

_PATIENCE = 5.0


class Resolver:
    """See `services.email.domains.checking.Dns`."""

    def __init__(self, server: str = "") -> None:
        """`server` is `ADDRESS:PORT`; empty: those of this machine."""
        self._address, _, port = server.rpartition(":")
        if server and not (self._address and port.isdigit()):
            raise ConfigurationError(f"[email] dns_server: {server!r}: write it as 192.0.2.53:53")
        self._port = int(port or 53)

    async def texts(self, name: str) -> list[str] | None:
        from dns.asyncresolver import Resolver as Asking  # for those who have domains
        from dns.exception import DNSException
        from dns.resolver import NXDOMAIN, NoAnswer

        asking = Asking(configure=not self._address)
        if self._address:
            asking.nameservers, asking.port = [self._address], self._port
        try:
            answer = await asking.resolve(name, "TXT", lifetime=_PATIENCE)
        except (NXDOMAIN, NoAnswer):
            return []
        except DNSException:
            return None
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
