"""Who may look inside the gateway: its metrics, and why it is not ready."""

from dataclasses import dataclass
from secrets import compare_digest

from starlette.requests import Request

from services.gateway.access.hops import Hops


@dataclass(frozen=True, slots=True)
class Looking:
    """Whoever shows `token`; where none is set, whoever asks from this machine and not through a proxy."""

    hops: Hops
    token: str

    def allowed(self, request: Request) -> bool:
        if self.token:
            shown = request.headers.get("Authorization", "")
            return compare_digest(shown.encode("latin-1"), f"Bearer {self.token}".encode())
        return self.hops.at_home(request.client.host if request.client else None, request.headers)
