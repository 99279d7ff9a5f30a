"""What every provider may answer, as the hub's errors."""

from hub.kit.errors import HubError


class LoginRefused(HubError):
    """The provider refused the login; check the credentials of the account."""

    def __init__(self, words: str, *, fix: str = "check user and password") -> None:
        super().__init__(f"login refused: {words}; {fix}")
