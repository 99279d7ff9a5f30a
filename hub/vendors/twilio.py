"""Twilio's signatures on what it posts: shared by everything that takes its webhooks."""

from collections.abc import Mapping, Sequence

from twilio.request_validator import RequestValidator

HEADER = "x-twilio-signature"


class Form(dict[str, Sequence[str]]):
    """A posted form; a name may come several times."""

    def getlist(self, name: str) -> list[str]:
        """As Twilio's validator asks for the values of a name."""
        return list(self[name])


def signature(url: str, form: Mapping[str, Sequence[str]], *, token: str) -> str:
    """What Twilio would sign a call with.

    https://www.twilio.com/docs/usage/security#validating-requests
    """
    computed: str = RequestValidator(token).compute_signature(url, Form(form))
    return computed


def is_signed(url: str, form: Mapping[str, Sequence[str]], shown: str, *, token: str) -> bool:
    """Whether a call comes from Twilio, compared in constant time. `url` is the public one, with its query; a port
    that is there or not makes no difference.
    """
    return bool(RequestValidator(token).validate(url, Form(form), shown))
