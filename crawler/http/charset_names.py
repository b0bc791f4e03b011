"""Charset names from outside: only those of the WHATWG Encoding Standard are known, as in browsers.

Python knows more codecs. Some are no charsets (``zlib``, ``rot13``, ``idna``), some always fail (``undefined``), some
take superlinear time (``punycode``), and looking up an unknown name keeps it in memory. None of them is looked up here.
"""

from __future__ import annotations

from encodings import normalize_encoding
from encodings.aliases import aliases

from w3lib.encoding import resolve_encoding

LABEL_MAX = 40  # characters; the longest label of the standard has 19
CODECS = frozenset(
    {
        "utf_8", "utf_16", "utf_16_le", "utf_16_be", "ascii", "cp866", "cp874", "koi8_r", "koi8_u", "mac_roman",
        "mac_cyrillic", "tis_620", "gb2312", "gbk", "gb18030", "big5", "big5hkscs", "euc_jp", "iso2022_jp", "shift_jis",
        "cp932", "euc_kr", "cp949", "latin_1",
        *(f"cp{number}" for number in range(1250, 1259)),
        *(f"iso8859_{number}" for number in (*range(1, 12), *range(13, 17))),
    }
)  # fmt: skip
"""Python's codecs for the encodings of https://encoding.spec.whatwg.org/#names-and-labels."""
_LABELS = {
    "utf8": "utf_8", "unicode_1_1_utf_8": "utf_8", "dos_874": "cp874", "x_sjis": "shift_jis", "x_gbk": "gbk",
    "windows_31j": "cp932",
    "x_euc_jp": "euc_jp", "x_mac_cyrillic": "mac_cyrillic", "x_mac_roman": "mac_roman", "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8", "logical": "iso8859_8", "visual": "iso8859_8", "cn_big5": "big5", "x_x_big5": "big5",
    "windows_949": "cp949", "ks_c_5601_1989": "cp949", "koi": "koi8_r", "ibm866": "cp866",
    **{f"x_cp{number}": f"cp{number}" for number in range(1250, 1259)},
}  # fmt: skip
"""Labels of the standard that Python has no alias for."""
_KNOWN = {
    **{alias: codec for alias, codec in aliases.items() if codec in CODECS},
    **{codec: codec for codec in CODECS},
    **_LABELS,
}


def text_codec(label: str | None) -> str | None:
    """Return Python's codec for a charset's name as browsers read it; None for what is no charset of the web.

    A browser reads ``gb2312`` as GB 18030 and ``iso-8859-1`` as windows-1252, and so does w3lib, which is used here.
    """
    if not label or len(label) > LABEL_MAX or not label.isascii():
        return None
    codec = _KNOWN.get(normalize_encoding(label.strip().lower()))
    return (resolve_encoding(codec) or codec) if codec else None
