"""How an Asterisk rings the phone of an employee."""

from services.telephony.exchanges.models import AmiInput
from services.telephony.phones.models import Phone


def channel_of(given: AmiInput, phone: Phone) -> str:
    """An extension as the exchange says; a number outside by its dialplan for calls out."""
    if phone.kind == "number":
        return f"Local/{given.prefix}{phone.number.lstrip('+')}@{given.context}/n"
    return given.dial.replace("{extension}", phone.number)
