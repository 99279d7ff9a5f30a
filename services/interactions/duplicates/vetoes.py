"""What says that two cards are of different clients, however much else agrees."""

from collections.abc import Mapping, Sequence

from services.interactions.duplicates import levels
from services.interactions.duplicates.comparing import Found
from services.interactions.duplicates.distances import birth_slips, id_slips
from services.interactions.duplicates.records import Record

_LASTING = ("inn", "ogrn", "national_id")
"""Numbers that one keeps; a passport is renewed."""
_TWO_SLIPS = 2
_SIMILAR, _SURNAME_SLIP, _FAR = 4, 3, 99


def veto(a: Record, b: Record, *, slips: int = _TWO_SLIPS) -> str:
    """The field that tells them apart for certain, or nothing; `slips` are believed in a number or a date."""
    if a.kind != b.kind:
        return "kind"
    if a.generation and b.generation and a.generation != b.generation:
        return "generation"
    fewest, most = _slips_of_ids(a.ids, b.ids, slips) if a.ids and b.ids else (None, 0)
    if most > slips:
        return "id"
    if fewest != 0 and a.birth and b.birth and birth_slips(a.birth, b.birth, slips) > slips:
        return "birth_date"
    if a.kind == "organisation":
        return _firms(a, b, fewest == 0)
    return ""


def _slips_of_ids(ours: Mapping[str, str], theirs: Mapping[str, str], slips: int) -> tuple[int | None, int]:
    """The fewest and the most in a number that both have."""
    fewest, most = None, 0
    for kind, one in ours.items():
        other = theirs.get(kind)
        if other is not None and kind in _LASTING:
            found = 0 if one == other else id_slips(kind, one, other, slips)
            fewest = found if fewest is None else min(fewest, found)
            most = max(most, found)
    return fewest, most


def silent(reason: str, record: Record) -> bool:
    """Whether a card does not have what two others differ in, so that it may be of either."""
    return not {"birth_date": bool(record.birth), "id": bool(record.ids), "kpp": bool(record.kpp)}.get(reason, False)


def _firms(a: Record, b: Record, same_number: bool) -> str:
    if a.kpp and b.kpp and a.kpp != b.kpp and _apart(a.kpp, b.kpp):
        return "kpp"
    if not same_number and a.legal_form and b.legal_form and a.legal_form != b.legal_form:
        return "legal_form"
    return ""


def _apart(a: str, b: str) -> bool:
    return id_slips("kpp", a, b, 1) > 1


_TELLING = frozenset((levels.BIRTH, levels.ID, levels.PHONE, levels.MAIL, levels.STREET, levels.KPP))


def contradicts(found: Sequence[Found]) -> bool:
    """Whether what agrees is not enough by its kind: names alone, or slips in birth date and number at once."""
    agreeing = {field for field, level, _ in found if level < _weak(field)}
    if not agreeing & _TELLING:
        return True
    if names_differ(found):
        return True
    at = {field: level for field, level, _ in found}
    if levels.NAME not in at and at.get(levels.ID, _TWO_SLIPS) >= _TWO_SLIPS and not _named_alike(at):
        return True
    return at.get(levels.BIRTH, 0) >= _TWO_SLIPS + 1 and at.get(levels.ID, 0) >= _TWO_SLIPS


def _named_alike(at: Mapping[int, int]) -> bool:
    """Whether given names agree, or, where one is missing, all that relatives do not share at once: a twin has the
    surname, the birth date and the phone, too.
    """
    given = at.get(levels.GIVEN)
    if given is not None and given <= _SIMILAR:
        return True
    mail, birth = at.get(levels.MAIL) == 0, at.get(levels.BIRTH, _FAR) <= _TWO_SLIPS
    surname = at.get(levels.SURNAME, _FAR) <= _SURNAME_SLIP
    if given is None:
        return birth and surname and (mail or at.get(levels.PHONE) == 0)
    return birth and mail


def names_differ(found: Sequence[Found]) -> bool:
    """Whether given names or patronymics are others, beyond any form or slip of one, and no number says otherwise."""
    if any(field == levels.ID and level < _TWO_SLIPS for field, level, _ in found):
        return False
    return any(level == _weak(field) for field, level, _ in found if field in (levels.GIVEN, levels.PATRONYMIC))


def _weak(field: int) -> int:
    """The first level of a field that is no agreement: its last one."""
    return len(levels.LEVELS[field]) - 1
