"""String formats as patterns: a natural part of each that every validator takes (RFC 3339, 3986, 4291, 5321, 6901).

Left out on purpose: leap seconds, the year 0000, lower-case t and z, quoted local parts, addresses as e-mail domains.
"""

from functools import lru_cache

from serving.grammar.regex import read_pattern
from serving.grammar.trees import Tree

_YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_DAY = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_DATE = f"(?:{_YEAR}-{_DAY}|{_LEAP_YEAR}-02-29)"
_HOUR_MINUTE = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_TIME = f"{_HOUR_MINUTE}:[0-5][0-9](?:\\.[0-9]{{1,9}})?(?:Z|[+-]{_HOUR_MINUTE})"

_NUMBER = "[0-9]{1,9}"
_CLOCK = f"T(?:{_NUMBER}H(?:{_NUMBER}M(?:{_NUMBER}S)?)?|{_NUMBER}M(?:{_NUMBER}S)?|{_NUMBER}S)"
_DAYS = f"{_NUMBER}D"
_MONTHS = f"{_NUMBER}M(?:{_DAYS})?"
_DURATION = f"P(?:{_NUMBER}W|{_CLOCK}|(?:{_NUMBER}Y(?:{_MONTHS})?|{_MONTHS}|{_DAYS})(?:{_CLOCK})?)"

# No two hyphens in a row: at the third place they announce punycode. At most 5 labels of 43 keep below 253.
_LABEL = "(?:[A-Za-z0-9]{1,40}|[A-Za-z0-9]{1,10}(?:-[A-Za-z0-9]{1,10}){1,3})"
_HOSTNAME = f"{_LABEL}(?:\\.{_LABEL}){{0,4}}"
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_EMAIL = f"(?:{_ATOM}{{1,64}}|{_ATOM}{{1,20}}(?:\\.{_ATOM}{{1,20}}){{1,2}})@{_HOSTNAME}"

_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = f"{_BYTE}(?:\\.{_BYTE}){{3}}"
_GROUP = "[0-9A-Fa-f]{1,4}"
_IPV6 = "(?:" + "|".join(
    [
        f"(?:{_GROUP}:){{7}}{_GROUP}",
        f"(?:{_GROUP}:){{1,7}}:",
        *(f"(?:{_GROUP}:){{1,{7 - after}}}(?::{_GROUP}){{1,{after}}}" for after in range(1, 7)),
        f":(?::{_GROUP}){{1,7}}",
        "::",
        f"::[Ff]{{4}}:{_IPV4}",
    ]
) + ")"  # fmt: skip

_FREE = "A-Za-z0-9._~!$&'()*+,;="
_SCHEME = "[A-Za-z][A-Za-z0-9+.-]*:"


def _uri(letters: str) -> tuple[str, str]:
    """An absolute reference and any reference; `letters`: what stands in a path beside ASCII."""
    piece = f"(?:[{_FREE}:@{letters}-]|%[0-9A-Fa-f]{{2}})"
    first = f"(?:[{_FREE}@{letters}-]|%[0-9A-Fa-f]{{2}})"
    host = f"(?:[A-Za-z0-9._~{letters}-]{{1,200}}|\\[{_IPV6}\\])"
    authority = f"//(?:[A-Za-z0-9._~-]+@)?{host}(?::[0-9]{{1,4}})?(?:/{piece}*)*"
    absolute_path = f"/(?:{piece}+(?:/{piece}*)*)?"
    tail = f"(?:\\?(?:{piece}|[/?])*)?(?:#(?:{piece}|[/?])*)?"
    rootless = f"{piece}+(?:/{piece}*)*"
    uri = f"{_SCHEME}(?:{authority}|{absolute_path}|{rootless}){tail}"
    relative = f"(?:{authority}|{absolute_path}|{first}+(?:/{piece}*)*)?{tail}"
    return uri, f"(?:{uri}|{relative})"


_URI, _URI_REFERENCE = _uri("")
_IRI, _IRI_REFERENCE = _uri(
    "\\u00c0-\\u024f\\u0391-\\u03a1\\u0400-\\u052f\\u3041-\\u3096\\u4e00-\\u9fea\\uac00-\\ud7a3"
)
_POINTER = "(?:/(?:[^/~]|~[01])*)*"

_PATTERNS = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f"{_DATE}T{_TIME}",
    "duration": _DURATION,
    "email": _EMAIL,
    "idn-email": _EMAIL,
    "hostname": _HOSTNAME,
    "idn-hostname": _HOSTNAME,
    "ipv4": _IPV4,
    "ipv6": _IPV6,
    "uri": _URI,
    "uri-reference": _URI_REFERENCE,
    "iri": _IRI,
    "iri-reference": _IRI_REFERENCE,
    "uuid": "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "json-pointer": _POINTER,
    "relative-json-pointer": f"(?:0|[1-9][0-9]{{0,8}})(?:#|{_POINTER})",
    "uri-template": f"(?:[{_FREE}:@/?#-]|%[0-9A-Fa-f]{{2}}|\\{{[+#./;?&]?[A-Za-z0-9_]+(?:,[A-Za-z0-9_]+)*\\}})*",
}
NOT_EXPRESSED = frozenset({"regex"})
"""Formats that validators check and a grammar of ours does not hold to."""

KNOWN = frozenset(_PATTERNS)
"""Formats that are held to; any other says nothing about the value."""


@lru_cache(maxsize=64)
def read_format(name: str) -> Tree:
    """The texts of a known format."""
    return read_pattern(f"^(?:{_PATTERNS[name]})$")
