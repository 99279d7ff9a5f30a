"""What an error says, fit to be stored: valid Unicode, bounded in length and in the time it takes to make."""

from pydantic import ValidationError

REASON = 2_000
"""Characters of a reason."""
_SHOWN_ERRORS = 5
_RENDERED_ERRORS = 100
"""Pydantic makes all errors of a validation or none; of more than so many only the number is told."""
_CUT = "…"


def storable(value: object, limit: int) -> str:
    """The value as text of at most `limit` characters, without what is no Unicode; never raises an Exception."""
    try:
        text = str(value)
    except Exception as exc:
        text = f"(cannot be shown: {type(exc).__name__})"
    if len(text) > limit:
        text = text[: limit - len(_CUT)] + _CUT
    return text.encode("utf-8", "replace").decode()


def reason_of(error: BaseException, limit: int = REASON) -> str:
    """What the error says, as `storable`."""
    if isinstance(error, ValidationError):
        return storable(_of_validation(error), limit)
    return storable(error, limit)


def _of_validation(error: ValidationError) -> str:
    # Not str(error): a list of a hundred thousand faulty items makes 26 million characters.
    count = error.error_count()
    told = f"{count:,} errors in {error.title}" if count > 1 else f"an error in {error.title}"
    if count > _RENDERED_ERRORS:
        return told
    found = error.errors(include_url=False, include_context=False, include_input=False)[:_SHOWN_ERRORS]
    lines = [
        f"{'.'.join(storable(part, 100) for part in each['loc']) or 'body'}: {each['msg'][:300]}" for each in found
    ]
    if count > len(lines):
        lines.append(_CUT)
    return f"{told}: {'; '.join(lines)}"
