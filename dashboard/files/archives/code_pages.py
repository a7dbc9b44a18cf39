"""Guess the code page of names that are not UTF-8, from all names of an archive.

`charset-normalizer` measures how disorderly a text is in each code page. It is made for prose, and
names are short, so the odd characters of names are counted in addition.
"""

import codecs
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from charset_normalizer import from_bytes

# The choices on the page; of two that score equally, the earlier one wins.
CODE_PAGES: Final = {
    "cp850": "Western Europe (DOS 850)",
    "cp437": "United States (DOS 437)",
    "cp852": "Central Europe (DOS 852)",
    "cp866": "Cyrillic (DOS 866)",
    "cp932": "Japanese (Shift-JIS)",
    "cp949": "Korean (949)",
    "gb18030": "Chinese, simplified (GBK)",
    "big5": "Chinese, traditional (Big5)",
    "cp1252": "Western Europe (Windows 1252)",
    "cp1250": "Central Europe (Windows 1250)",
    "cp1251": "Cyrillic (Windows 1251)",
    "cp737": "Greek (DOS 737)",
    "cp1253": "Greek (Windows 1253)",
    "cp857": "Turkish (DOS 857)",
    "cp1254": "Turkish (Windows 1254)",
    "cp862": "Hebrew (DOS 862)",
    "cp1255": "Hebrew (Windows 1255)",
    "cp1256": "Arabic (Windows 1256)",
    "cp874": "Thai (874)",
    "koi8_r": "Cyrillic (KOI8-R)",
    "euc_jp": "Japanese (EUC)",
    "mac_roman": "Western Europe (Mac)",
}
ESCAPED: Final = "likewise.escaped"
# A larger sample gives no better guess; this one takes a fraction of a second.
_SAMPLE: Final = 32 * 1024
_MARGIN: Final = 0.12
_USUAL_SIGNS: Final = frozenset("½°–—’‘“”…·¿¡№ªº©®´€£§¥«»")
_USUAL_LATIN: Final = frozenset("äöüßéèêëàâáãåæçñôòóõøœùûúíìîïłśźżąęńćěščřžůťďňőűăşţğıý")
# The common Han and Hangul characters are contiguous: the first byte of their codes.
_EVERYDAY: Final = {
    "cp932": (0x82, 0x97),
    "gb18030": (0xB0, 0xD7),
    "big5": (0xA4, 0xC6),
    "cp949": (0xB0, 0xC8),
    "euc_jp": (0xA4, 0xCF),
}


@dataclass(frozen=True, slots=True)
class Guess:
    """A code page, and whether no other one is nearly as likely."""

    code_page: str
    is_sure: bool


def guess(names: Iterable[bytes]) -> Guess:
    """Return the code page in which the names together score best; `names` are not UTF-8."""
    sample = _sample(names)
    scores = sorted(
        # The order of `CODE_PAGES` decides only where pages score equally.
        (_oddness(sample, page) + 0.002 * place, page)
        for place, page in enumerate(CODE_PAGES)
    )
    best, page = scores[0]
    text = _text(sample, page)
    # A page in which the names are the same text is not an alternative: there is nothing to choose.
    rivals = (score for score, other in scores[1:] if _text(sample, other) != text)
    return Guess(page, next(rivals, 9.0) - best > _MARGIN)


def _sample(names: Iterable[bytes]) -> bytes:
    found, size = dict[bytes, None](), 0
    for name in names:
        for part in name.split(b"/"):
            if not part.isascii() and part not in found:
                found[part] = None
                size += len(part) + 1
        if size >= _SAMPLE:
            break
    return b"\n".join(found)[:_SAMPLE]


def _oddness(sample: bytes, page: str) -> float:
    """Score the names in that code page: 0 is what people write, above 1 nobody does."""
    text = _text(sample, page)
    foreign = [place for place, char in enumerate(text) if not char.isascii()]
    if not foreign:
        return 9.0
    own = sum(_odd(text, place, page) for place in foreign) / len(foreign)
    options = {"threshold": 1.0, "preemptive_behaviour": False, "enable_fallback": False}
    found = from_bytes(sample, cp_isolation=[page], **options).best()  # type: ignore[arg-type]
    return own + (found.chaos if found is not None else 1.0)


def _odd(text: str, place: int, page: str) -> float:
    char = text[place]
    before = text[place - 1] if place else "\n"
    after = text[place + 1] if place + 1 < len(text) else "\n"
    if char == "\ufffd" or "\uff61" <= char <= "\uff9f" or not char.isprintable():
        return 1.0
    if not char.isalpha() and unicodedata.category(char)[0] not in "MN":
        is_usual = char in _USUAL_SIGNS or "\u3000" <= char <= "\u303f" or char >= "\uff01"
        return 0.4 if is_usual else 1.0
    if _is_latin(char):
        return _odd_latin(char, before, after)
    return _odd_other(char, before, after, page)


def _odd_latin(char: str, before: str, after: str) -> float:
    """Score a Latin letter: most letters of a word are plain ones, and case is not mixed in it."""
    odd = 0.0 if char.lower() in _USUAL_LATIN else 0.3
    is_run = _is_foreign(before) and _is_foreign(after)
    if is_run or (_is_foreign(before) and not after.isalpha()):
        odd += 0.3
    if not before.isalpha() and not after.isalpha():
        odd += 0.3
    mixes_up = char.isupper() and before.islower()
    mixes_down = char.islower() and before.isupper() and after.isupper()
    return odd + (0.5 if mixes_up or mixes_down else 0.0)


def _odd_other(char: str, before: str, after: str, page: str) -> float:
    odd = 0.0
    if any(near.isascii() and near.isalpha() for near in (before, after)):
        odd += 0.4
    if char.isupper() and before.islower():
        odd += 0.5
    everyday = _EVERYDAY.get(page)
    if everyday is not None and char >= "\u2e80":
        first = char.encode(page)[0]
        odd += 0.0 if everyday[0] <= first <= everyday[1] else 0.4
    elif unicodedata.combining(char) or unicodedata.category(char) == "Lo":
        odd += 0.1  # scripts without case give no hint of a wrong page
    return odd


def _is_latin(char: str) -> bool:
    return char < "\u0250" or "\u1e00" <= char <= "\u1eff"


def _is_foreign(char: str) -> bool:
    return char.isalpha() and not char.isascii()


def _text(sample: bytes, page: str) -> str:
    return sample.decode(page, "replace")


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Return the undecodable bytes as digits, so that different names stay different."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(f"\ufffd{byte:02X}" for byte in wrong), error.end


codecs.register_error(ESCAPED, _escape)
