"""How each value of the configuration is read: from TOML, or, a secret, from the environment.

Which keys there are and what they mean together is in `bot/config.py`. A reader returns the value,
or raises `InvalidValue`, which says what is wrong and what was expected, and never shows a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from stat import S_IMODE, S_ISREG
from urllib.parse import SplitResult, urlsplit

from bot import logs
from crm_store.addresses import Address

MAX_PORT = 65535
LEAST_MEMORY_MB = 512  # the libraries alone take a third of it
OTHERS_MAY_READ = 0o077
WEBHOOK_PORTS = (443, 80, 88, 8443)  # https://core.telegram.org/bots/api#setwebhook
PLATFORMS = ("slack", "telegram", "console", "web")
TOPIC_WORDS = ("sign", "status", "number", "customer", "subject")
POSTGRESQL = "postgresql+psycopg"
_STORE = f'"sqlite:///FILE" or "{POSTGRESQL}://USER@HOST/DATABASE"'
_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)*", re.IGNORECASE)
_COMMAND = re.compile(r"[a-z0-9_-]{1,32}")
_EMOJI = re.compile(r"[a-z0-9_+'-]{1,100}")
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,}")
MADE = ("ticket", "note", "task")  # what a message can become
_HOURS = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d)")


class InvalidValue(ValueError):
    """A value cannot be used.

    Attributes:
        what: what is wrong with it.
        expected: what would be right.
    """

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(f"{what}; expected {expected}")
        self.what = what
        self.expected = expected


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that is shown to nobody: printed, logged or formatted it is `***`."""

    _value: str

    def reveal(self) -> str:
        """Return the value itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "***"


def shown(value: object) -> str:
    """Return a value of the file as a message may show it: short, and without secrets."""
    text = logs.redact(f'"{value}"' if isinstance(value, str) else str(value))
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - half a terminal line


def suggestion(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """Return `, did you mean "…"?` for the closest of the known words, else nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f', did you mean "{close[0]}"?' if close else ""


def text(raw: object, expected: str) -> str:
    """Read a string; `expected` says what kind, for the message."""
    if not isinstance(raw, str):
        what = f"{shown(raw)} is not a text in quotes"
        raise InvalidValue(what, expected)
    return raw


def switch(raw: object) -> bool:
    """Read true or false."""
    if not isinstance(raw, bool):
        what = f"{shown(raw)} is neither"
        raise InvalidValue(what, "true or false, without quotes")
    return raw


def one_of(*choices: str) -> Callable[[object], str]:
    """Return a reader of one of these words."""
    expected = " or ".join(f'"{choice}"' for choice in choices)

    def read(raw: object) -> str:
        if (word := text(raw, expected)) not in choices:
            what = f"{shown(word)} is unknown"
            raise InvalidValue(what, expected + suggestion(word, choices))
        return word

    return read


def port(raw: object) -> int:
    """Read a TCP port; 0 takes any free one."""
    if not isinstance(raw, int) or isinstance(raw, bool) or not 0 <= raw <= MAX_PORT:
        what = f"{shown(raw)} is not a port"
        raise InvalidValue(what, f"a number from 0 (any free one) to {MAX_PORT}, without quotes")
    return raw


def megabytes(raw: object) -> int:
    """Read an amount of memory that a numerical job can do with."""
    if not isinstance(raw, int) or isinstance(raw, bool) or raw < LEAST_MEMORY_MB:
        what = f"{shown(raw)} is not enough memory"
        raise InvalidValue(what, f"a number of megabytes from {LEAST_MEMORY_MB}, without quotes")
    return raw


def optional_scheduler(raw: object) -> str:
    """Read the address of a Dask scheduler; empty for none."""
    expected = '"tcp://HOST:PORT" or "tls://HOST:PORT", or empty for none'
    address = text(raw, expected)
    if not address:
        return address
    parts = _split(address, expected)
    if parts.scheme not in {"tcp", "tls"} or not parts.hostname or not parts.port:
        what = f"{shown(address)} is not the address of a Dask scheduler"
        raise InvalidValue(what, expected)
    return address


def host(raw: object) -> str:
    """Read the address or the name that the web server binds to."""
    expected = 'an address such as "127.0.0.1", or a host name'
    name = text(raw, expected)
    if not (_is_ip(name) or _HOST_NAME.fullmatch(name)):
        what = f"{shown(name)} is neither"
        raise InvalidValue(what, expected)
    return name


def _is_ip(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _split(url: str, expected: str) -> SplitResult:
    """Take a URL apart; refuse broken ones, and a password inside, which belongs to no file."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        what = f"{shown(url)} is not a URL"
        raise InvalidValue(what, expected) from None
    if any(character.isspace() for character in url):
        what = f"{shown(url)} has a space in it"
        raise InvalidValue(what, expected)
    return parts


def api_url(raw: object) -> str:
    """Read the base of a platform's API: HTTPS, or HTTP to a host beside this one."""
    expected = '"https://HOST/…", or "http://…" for a host on this machine or private network'
    url = text(raw, expected)
    parts = _split(url, expected)
    near = parts.scheme == "http" and _is_near(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or near):
        what = f"{shown(url)} would send the token in clear, or nowhere"
        raise InvalidValue(what, expected)
    if parts.username or parts.query or parts.fragment:
        what = "it has more than a host and a path"
        raise InvalidValue(what, expected)
    return url


def optional_api_url(raw: object) -> str:
    """Read the base of an API that need not be there."""
    return api_url(raw) if raw != "" else ""


def plain_text(raw: object) -> str:
    """Read a name; empty where there is none."""
    return text(raw, "a text")


def _is_near(name: str) -> bool:
    """Tell loopback, private addresses and names without a domain, as containers have."""
    return ip_address(name).is_private if _is_ip(name) else bool(name) and "." not in name


def webhook_url(raw: object) -> str:
    """Read the public address of our own webhook; empty where there is none."""
    ports = ", ".join(str(number) for number in WEBHOOK_PORTS)
    expected = f'"https://HOST/telegram/webhook" on port {ports}'
    url = text(raw, expected)
    if not url:
        return url
    parts = _split(url, expected)
    if parts.scheme != "https" or not parts.hostname or (parts.port or 443) not in WEBHOOK_PORTS:
        what = f"{shown(url)} is not an address that Telegram calls"
        raise InvalidValue(what, expected)
    return url


def store_url(raw: object) -> str:
    """Read the URL of the store: a SQLite file, or a PostgreSQL database without its password."""
    url = text(raw, _STORE)
    parts = _split(url, _STORE)
    if parts.scheme == "sqlite":
        return _sqlite_url(url)
    if parts.scheme != POSTGRESQL:
        what = f"{shown(url)} is not a store that can be used"
        raise InvalidValue(what, _STORE)
    if parts.password or "password=" in parts.query:
        what = "it holds a password, and secrets are not read from this file"
        raise InvalidValue(what, "it in PGPASSWORD or in a .pgpass file, which libpq reads")
    return url


def _sqlite_url(url: str) -> str:
    path = url.removeprefix("sqlite:///")
    if path == url or not path.partition("?")[0] or path.startswith("file:"):
        what = f"{shown(url)} names no file"
        raise InvalidValue(what, '"sqlite:///FILE", or "sqlite:////FOLDER/FILE" from the root')
    return url


def in_folder(url: str, folder: Path) -> str:
    """Return a store URL with the relative file of a SQLite URL placed in `folder`."""
    path = url.removeprefix("sqlite:///")
    if path == url or path.startswith(("/", ":memory:")):
        return url
    return f"sqlite:///{folder.absolute() / path}"


def reactions(raw: object) -> tuple[tuple[str, str], ...]:
    """Read which emoji under a message makes what of it."""
    expected = f'{{ EMOJI = "WHAT" }}, an emoji without colons and one of {", ".join(MADE)}'
    if not isinstance(raw, dict):
        what = f"{shown(raw)} does not name emoji and what they make"
        raise InvalidValue(what, expected)
    for emoji, made in raw.items():
        if not _EMOJI.fullmatch(emoji) or made not in MADE:
            what = f"{shown(emoji)} makes {shown(made)}"
            raise InvalidValue(what, expected)
    return tuple(raw.items())


def domain(raw: object) -> str:
    """Read the host whose links are previewed; empty for none."""
    expected = 'a host name such as "crm.example.com", or ""'
    name = raw if raw == "" else text(raw, expected)
    if name and ("." not in name or not _HOST_NAME.fullmatch(name)):
        what = f"{shown(name)} is not a host name"
        raise InvalidValue(what, expected)
    return name.lower()


def channels(raw: object) -> tuple[str, ...]:
    """Read the ids of channels."""
    expected = 'a list of channel ids such as ["C0123ABCD"]'
    if not isinstance(raw, list):
        what = f"{shown(raw)} is not a list"
        raise InvalidValue(what, expected)
    for one in raw:
        if not _CHANNEL.fullmatch(text(one, expected)):
            what = f"{shown(one)} is not the id of a channel"
            raise InvalidValue(what, expected)
    return tuple(raw)


def names(raw: object) -> tuple[str, ...]:
    """Read a list of names."""
    expected = 'a list of names such as ["age", "gender"], or []'
    if not isinstance(raw, list):
        what = f"{shown(raw)} is not a list"
        raise InvalidValue(what, expected)
    return tuple(text(one, expected) for one in raw)


def commands(raw: object) -> tuple[str, ...]:
    """Read the slash commands that reach us, without their slash."""
    expected = 'a list such as ["crm"]: small letters, digits, - and _, at most 32, without a slash'
    if not isinstance(raw, list) or not raw:
        what = f"{shown(raw)} is not a list of commands"
        raise InvalidValue(what, expected)
    names = tuple(text(one, expected) for one in raw)
    for name in names:
        if not _COMMAND.fullmatch(name):
            what = f"{shown(name)} is not a command"
            raise InvalidValue(what, expected)
    if len(set(names)) < len(names):
        what = "a command stands there twice"
        raise InvalidValue(what, expected)
    return names


def zone(raw: object) -> str:
    """Read the name of a time zone of the IANA database."""
    from zoneinfo import ZoneInfo, available_timezones

    expected = 'an IANA time zone such as "Europe/Berlin"'
    name = text(raw, expected)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # a missing zone, a bad name, the name of a folder
        what = f"{shown(name)} is unknown"
        close = suggestion(name, tuple(available_timezones()))
        raise InvalidValue(what, expected + close) from None
    return name


def currency(raw: object) -> str:
    """Read an ISO 4217 code."""
    from handlers.reading.money import CURRENCIES

    expected = 'an ISO 4217 code such as "EUR"'
    code = text(raw, expected)
    if code not in CURRENCIES:
        what = f"{shown(code)} is unknown"
        raise InvalidValue(what, expected + suggestion(code.upper(), tuple(sorted(CURRENCIES))))
    return code


def working_hours(raw: object) -> str:
    """Read one period of a day, such as `09:00-18:00`."""
    expected = '"HH:MM-HH:MM" such as "09:00-18:00", the end after the start'
    hours = text(raw, expected)
    found = _HOURS.fullmatch(hours)
    if found is None or found[1] >= found[2]:
        what = f"{shown(hours)} is not a period of a day"
        raise InvalidValue(what, expected)
    return hours


def addresses(raw: object) -> tuple[Address, ...]:
    """Read the places that a route leads to."""
    expected = 'a list such as ["slack:C0123", "telegram:-100123:7"]: platform:chat[:topic]'
    if not isinstance(raw, list):
        what = f"{shown(raw)} is not a list of addresses"
        raise InvalidValue(what, expected)
    return tuple(_address(text(one, expected), expected) for one in raw)


def telegram_chat(raw: object) -> str:
    """Read the id of a Telegram group, as a number or a text, into its address; empty means none."""
    expected = 'the id of a group, such as -1001234567890, or ""'
    written = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw
    if written == "":
        return ""
    number = text(written, expected).removeprefix("telegram:")
    if not re.fullmatch(r"-\d{1,20}", number):
        what = f"{shown(raw)} is no group"
        raise InvalidValue(what, expected)
    return f"telegram:{number}"


def topic_name(raw: object) -> str:
    """Read the pattern of a topic's name."""
    expected = f"a text with {', '.join(f'{{{name}}}' for name in TOPIC_WORDS)} in it"
    pattern = text(raw, expected)
    try:
        pattern.format(**dict.fromkeys(TOPIC_WORDS, "x"))
    except (ValueError, LookupError, AttributeError):
        what = f"{shown(raw)} is no pattern"
        raise InvalidValue(what, expected) from None
    if "{number}" not in pattern:
        what = f"{shown(raw)} does not tell two tickets apart"
        raise InvalidValue(what, '"{number}" in it')
    return pattern


def _address(written: str, expected: str) -> Address:
    try:
        address = Address.parse(written)
    except ValueError:
        what = f"{shown(written)} is not an address"
        raise InvalidValue(what, expected) from None
    if address.platform not in PLATFORMS:
        what = f"{shown(written)} is on no platform"
        close = suggestion(address.platform, PLATFORMS)
        raise InvalidValue(what, f"one of {', '.join(PLATFORMS)}{close}")
    return address


def secret(name: str, env: Mapping[str, str], shape: str, expected: str) -> Secret | None:
    """Read a secret from the environment as `name`, or from the file that `name`_FILE names.

    Args:
        name: the variable.
        env: the environment; an empty variable counts as one that is not there.
        shape: the regular expression that the whole value matches.
        expected: the shape in words.

    Returns:
        None where neither is set.

    Raises:
        InvalidValue: both are set, the file cannot or may not be used, or the shape is wrong.
    """
    value, file = env.get(name, ""), env.get(f"{name}_FILE", "")
    if value and file:
        what = f"{name} and {name}_FILE are both set"
        raise InvalidValue(what, "one of them")
    if file:
        value = _read_private(Path(file))
    elif not value:
        return None
    if not re.fullmatch(shape, value):
        what = "its value has another shape"
        raise InvalidValue(what, expected)
    return Secret(value)


def _read_private(path: Path) -> str:
    """Return the one line of a file that only its owner may read."""
    try:
        status = path.stat()
        content = path.read_bytes() if S_ISREG(status.st_mode) else None
    except OSError as error:
        what = f"{path} cannot be read ({error.strerror})"
        raise InvalidValue(what, "a file of this user") from None
    if content is None:
        what = f"{path} is not a file"
        raise InvalidValue(what, "a file with one line")
    if status.st_mode & OTHERS_MAY_READ:
        what = f"{path} is open to other users (mode {S_IMODE(status.st_mode):04o})"
        raise InvalidValue(what, f"mode 0600 (chmod 600 {path})")
    try:
        return content.decode("ascii").strip()
    except UnicodeDecodeError:
        what = f"{path} holds more than plain letters"
        raise InvalidValue(what, "a file with one line of ASCII") from None
