"""Which of two words is 1: what they say themselves, in the languages that labels are written in, or nothing at all.

The alphabet says nothing: "ja" comes before "nein", and a vector by it would take the glasses off.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

# No and yes, false and true, without and with, by language; a word may stand in several.
_PAIRS = """
no yes, n y, false true, f t, off on, absent present, without with, no has, no with, unchecked checked, - +
nein ja, n j, falsch wahr, aus an, aus ein, ohne mit, abwesend anwesend, fehlt vorhanden, kein mit, keine mit
non oui, faux vrai, sans avec, absent présent, absente présente
no sí, no si, falso verdadero, sin con, ausente presente
no sì, falso vero, senza con, assente presente
não sim, nao sim, falso verdadeiro, sem com
nee ja, onwaar waar, zonder met, afwezig aanwezig
nej ja, nei ja, falsk sann, falsk sand, utan med, uten med, uden med
ei kyllä, ei jah, ne da, ne ano, nie áno, nie tak, nem igen, nu da, ne taip, nē jā
fałsz prawda, bez z, bez s, hayır evet, hayir evet, yok var
не да, нет да, ні так, нет есть, όχι ναι, לא כן, لا نعم
いいえ はい, 無 有, 无 有, 否 是, 아니오 예, 아니요 네, 没有 有
"""
PAIRS = frozenset((zero, one) for zero, one in map(str.split, re.split(r"[,\n]+", _PAIRS.strip())))
"""Words for 0 and 1, in any case."""

_ZEROS = frozenset(zero for zero, _ in PAIRS)

_NOTHING = """
none no nothing nil without absent keine kein keiner keins nichts ohne aucun aucune rien sans ninguno ninguna nada sin
nessuno nessuna niente senza nenhum nenhuma sem geen niets zonder ingen inga inget intet utan uten uden brak bez žádný
žádné žádná yok нет без なし 無し 无 無 없음
"""
NOTHING = frozenset(_NOTHING.split())
"""Words that say that there is nothing, whatever the other word says there is."""
_NOT = r"(no|not|non|un|without|w/o|kein|keine|nicht|ohne|pas de|sans|sin|senza|sem|geen|niet|ingen)[\s_-]*"


class One(NamedTuple):
    """The word that is 1, of at most two, and why."""

    word: str
    why: str


def which_is_one(column: str, words: Sequence[str]) -> One | None:
    """What two words say of which of them is 1; None where they say nothing of it, or are not two."""
    if len(words) != 2:
        return None
    for zero, one in (words, words[::-1]):
        zero_said, one_said = zero.casefold(), one.casefold()
        if _is_pair(zero_said, one_said):
            return One(one, f"'{one}' is the opposite of '{zero}'")
        if zero_said in NOTHING and one_said not in NOTHING | _ZEROS:
            return One(one, f"'{zero}' says that there is nothing")
        if re.fullmatch(_NOT + re.escape(one_said), zero_said):
            return One(one, f"'{zero}' says that it is not '{one}'")
    called = re.sub(r"^(is|has|ist|hat)[\s_-]+", "", column.casefold())
    named = [word for word in words if word.casefold() in (called, column.casefold())]
    return One(named[0], "the column is called so") if len(named) == 1 else None


def alone(word: str) -> float | None:
    """0 or 1 for a word that stands alone in its column, where it is one of a pair that means the same everywhere."""
    said = word.casefold()
    zero, one = said in NOTHING | _ZEROS, any(said == pair[1] for pair in PAIRS)
    return float(one) if zero != one else None


def _is_pair(zero: str, one: str) -> bool:
    """Whether two texts are a pair, or differ only in their first or last word, and those are: no beard, with beard."""
    if (zero, one) in PAIRS:
        return True
    left, right = re.split(r"[\s_-]+", zero), re.split(r"[\s_-]+", one)
    if len(left) != len(right) or len(left) < 2:
        return False
    return ((left[0], right[0]) in PAIRS and left[1:] == right[1:]) or (
        (left[-1], right[-1]) in PAIRS and left[:-1] == right[:-1]
    )
