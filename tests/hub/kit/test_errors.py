"""The error tree and the text of each error."""

import inspect
import re

import pytest

from hub.kit import errors
from hub.kit.errors import ConfigurationError, HubError, InvalidInput, NotFound, TooManyRequests, TransientError

ALL = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, Exception)]


@pytest.mark.parametrize("error", ALL)
def test_an_error_is_drawn_in_the_tree_with_its_status(error: type[Exception]) -> None:
    line = re.search(rf"(?<!\w){error.__name__}\b(.*)", errors.__doc__ or "")
    assert line
    status = re.search(r"\d{3}", line[1])
    assert status is None or int(status[0]) == error.status_code  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [error for error in ALL if issubclass(error, HubError)])
def test_an_error_says_what_to_do_without_being_told(error: type[HubError]) -> None:
    assert str(error()) == (error.__doc__ or "").strip()
    assert len(str(error())) > 20


def test_a_message_and_fields_replace_the_default() -> None:
    error = InvalidInput("port: give a number", fields={"port": "give a number"})
    assert (str(error), error.fields, error.status_code) == ("port: give a number", {"port": "give a number"}, 422)
    assert NotFound().fields == {}


def test_too_many_requests_says_when_to_come_back() -> None:
    assert TooManyRequests(retry_after=30).retry_after == 30


def test_a_configuration_error_is_never_retried_or_answered() -> None:
    assert not issubclass(ConfigurationError, HubError)
    assert issubclass(errors.BusUnavailable, TransientError)
