"""E-mail addresses, phone numbers and websites as people type or paste them, in the one form that is kept.

Whether a contact point exists is not checked here, nor anywhere: nothing is sent to find out.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

from handlers.errors import UserError
from handlers.reading.characters import EDGES, plain, shown
from handlers.wording import _

_EMAIL_LIMIT, _LOCAL_LIMIT = 254, 64
_PHONE_LIMIT = 40
_HOST_LIMIT = 253
_WEBSITE_LIMIT = 500
_LINK = re.compile(r"<(?P<target>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_EMAIL = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?P<domain>[^@\s]+)")
_LABEL = r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+(?:[^\W\d_]{{2,63}}|xn--[a-z0-9-]+)")
_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_GROUPS = re.compile(r"\+\d{1,15}(?:[ .-]\d{2,15})*", re.ASCII)
_TRUNK_ZERO = re.compile(r"\+\d{1,3}[ .-]?0", re.ASCII)  # `+44 020…` has a zero too many
_SPREADSHEET = re.compile(r"\+?\d+(?:[.,]\d+)?e\+?\d+|\+?\d{7,}[.,]0+", re.ASCII | re.IGNORECASE)
_EXTENSION = re.compile(r"\s*(?:转|轉|分机|分機)\s*(?=\d)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.ASCII | re.IGNORECASE)
_PRIVATE_ENDINGS = (
    ".localhost",
    ".local",
    ".localdomain",
    ".internal",
    ".intranet",
    ".lan",
    ".home",
    ".corp",
    ".arpa",
)
# Scripts that are written together in one word.
_TOGETHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"})


def read_email(text: str) -> str:
    """Read one address and return it with its domain in lower case.

    Raises:
        UserError: it is not exactly one address, its domain is not a name, or it mixes letters of several alphabets.
    """
    written, _label = _unwrapped(text, "mailto:")
    found = _EMAIL.fullmatch(written) if len(written) <= _EMAIL_LIMIT else None
    if not found or len(found["local"]) > _LOCAL_LIMIT:
        raise _not_email(written)
    domain = _host(found["domain"])
    if domain is None:
        raise _not_email(written)
    if _mixes_scripts(found["local"]) or _mixes_scripts(domain):
        raise _mixed(written)
    return f"{found['local']}@{domain}"


def read_phone(text: str, region: str) -> str:
    """Read a phone number and return it as E.164, such as `+4930901820`, with `;ext=4` behind it for an extension.

    Args:
        text: what was typed.
        region: the ISO 3166 code of the country that a number without `+` belongs to.

    Raises:
        UserError: no number of any country looks so, or a spreadsheet has damaged it.
    """
    written, _label = _unwrapped(text, "tel:")
    written = _EXTENSION.sub(" ext. ", written)
    if _SPREADSHEET.fullmatch(written):
        raise UserError(
            _("“{text}” is how a spreadsheet damages a phone number.", text=shown(written)),
            _("Format the column as text and copy the number again, for example: +49 30 901820"),
        )
    if _GROUPS.fullmatch(written) and not _TRUNK_ZERO.match(written):
        digits = re.sub(r"[ .-]", "", written)
        if _E164.fullmatch(digits):
            return digits
    if len(written) > _PHONE_LIMIT or not written.isascii():
        raise _not_phone(written)
    return _parsed_phone(written, region)


def read_website(text: str) -> str:
    """Read the address of a public website; `https` is added where no scheme is written.

    Raises:
        UserError: it is not one, has another scheme or a password, or its host is not public.
    """
    written, label = _unwrapped(text, "")
    if len(written) > _WEBSITE_LIMIT or re.search(r"[\s\\<>\"^`{|}]", written):
        raise _not_website(written)
    parts = _parts(written)
    host = _host(parts.hostname or "") or _public_address(parts.hostname or "")
    if host is None:
        raise _not_website(written)
    if _mixes_scripts(host):
        raise _mixed(written)
    if label and "." in label and (_parts(label).hostname or "") != parts.hostname:
        raise UserError(
            _("The link shows another address than it opens."),
            _("Write the one that is meant, for example: acme.com"),
        )
    return _put_together(parts, host)


def _unwrapped(text: str, scheme: str) -> tuple[str, str]:
    """Return what was typed without the link a chat has made of it, and the label of that link."""
    written = plain(text).strip(EDGES)
    found = _LINK.fullmatch(written)
    target, label = (found["target"], found["label"] or "") if found else (written, "")
    if scheme and target.lower().startswith(scheme):
        target = target[len(scheme) :]
    return target.strip(), label.strip()


def _host(written: str) -> str | None:
    """Return a host name in the form that is kept; None when it is an address in digits, not public or no name."""
    host = unicodedata.normalize("NFKC", written).casefold().removesuffix(".")
    if len(host) > _HOST_LIMIT or not _HOST.fullmatch(host) or host.endswith(_PRIVATE_ENDINGS):
        return None
    if not host.isascii():
        try:
            host.encode("idna")
        except UnicodeError:
            return None
    return host


def _public_address(written: str) -> str | None:
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return None
    if not address.is_global or address.is_multicast:
        return None
    return f"[{address}]" if isinstance(address, ipaddress.IPv6Address) else str(address)


def _mixes_scripts(name: str) -> bool:
    """Whether one of the words in `name` has letters of several alphabets, as a forged address has."""
    if name.isascii():
        return False
    return any(len(_scripts(word)) > 1 for word in re.split(r"[^\w]+", name))


def _scripts(word: str) -> set[str]:
    letters = (
        unicodedata.name(character, "?").split()[0] for character in word if character.isalpha()
    )
    return {"CJK" if script in _TOGETHER else script for script in letters}


def _parsed_phone(written: str, region: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        raise _not_phone(written) from None
    if not phonenumbers.is_possible_number(number):
        raise _not_phone(written)
    kept = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{kept};ext={number.extension}" if number.extension else kept


def _parts(written: str) -> SplitResult:
    """Split a web address.

    Raises:
        UserError: it is not one of the web, or it has a user name.
    """
    try:
        parts = urlsplit(written if _SCHEME.match(written) else f"https://{written}")
        port = parts.port
    except ValueError:
        raise _not_website(written) from None
    if parts.scheme.lower() not in {"http", "https"} or "@" in parts.netloc or port == 0:
        raise _not_website(written)
    return parts


def _put_together(parts: SplitResult, host: str) -> str:
    port = f":{parts.port}" if parts.port else ""
    path = "" if parts.path == "/" and not parts.query and not parts.fragment else parts.path
    return parts._replace(scheme=parts.scheme.lower(), netloc=host + port, path=path).geturl()


def _not_email(written: str) -> UserError:
    return UserError(
        _("“{text}” is not an e-mail address.", text=shown(written)),
        _("Write one address, for example: ann@example.com"),
    )


def _not_phone(written: str) -> UserError:
    return UserError(
        _("“{text}” is not a phone number.", text=shown(written)),
        _("Write it with its country code, for example: +49 30 901820"),
    )


def _not_website(written: str) -> UserError:
    return UserError(
        _("“{text}” is not the address of a public website.", text=shown(written)),
        _("Write it like https://example.com"),
    )


def _mixed(written: str) -> UserError:
    return UserError(
        _(
            "“{text}” mixes letters of several alphabets, as forged addresses do.",
            text=shown(written),
        ),
        _("Type it yourself instead of copying it."),
    )
