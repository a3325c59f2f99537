"""Log lines: one event, one line of `key=value`, without secrets, addresses or phone numbers.

What is only counted is in `bot/metrics.py`; what is kept as evidence is in `crm_store/audit.py`.
Libraries log request bodies and URLs with tokens in them, so a line is cleaned at its last step, in
the formatter: whatever was logged, by whomever, through whichever logger.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from pathlib import PurePath
from traceback import TracebackException
from typing import TextIO

# Loggers that tell the URL (with Telegram's token) or the body of every request below this level.
QUIET = ("apscheduler", "httpcore", "httpx", "slack_bolt", "slack_sdk", "telegram")
HIDDEN = "***"
MAX_FRAMES = 12  # the innermost: the outer ones are the same for every request
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_SECRETS = (
    re.compile(r"\b(?:xox[a-z]|xapp|xoxe\.xox[a-z])-[\w.-]+", re.IGNORECASE),
    re.compile(r"(?<=/bot)\d+(?::|%3A)[^/\s\"']+", re.IGNORECASE),
    re.compile(r"(?<![\d.-])\d{3,}(?::|%3A)[\w-]{16,}", re.IGNORECASE),
    re.compile(r"(?<=://)[^/\s@\"']*:[^/\s@\"']+(?=@)"),
    re.compile(r"(?<=hooks\.slack\.com/)[^\s\"'<>]+", re.IGNORECASE),
    re.compile(r"(?<=bearer )[^\s\"']+|(?<=basic )[A-Za-z0-9+/=]{8,}", re.IGNORECASE),
    re.compile(
        r"(?<![^\W_])(?:token|secret|password|passwd|ticket|signature|api_?key|rapport_(?:llm_)?key)"
        r"[\"']?\s*[=:]\s*[\"']?(?P<value>[^\s\"',;&}]+)",
        re.IGNORECASE,
    ),
)
_EMAIL = re.compile(r"[^\s@<>\"'(),:;=|/]+(?:@|%40)[^\W_](?:[\w-]*\.)+[^\W\d_]{2,}", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.:/#-])[+＋(]?\d[\d ().\u00a0\u2010-\u2015/-]{5,}\d(?![\w:/])")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d|\d{1,3}(?:\.\d{1,3}){3}$|\d+\.\d+$")
# What JSON leaves as it is, though a terminal or a reader of lines obeys it.
_UNSAFE = re.compile(r"[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_PLAIN = re.compile(r"[^\s\"'=\\\x00-\x1f]+")


def redact(text: str) -> str:
    """Return `text` with `***` for tokens, passwords, e-mail addresses and phone numbers."""
    for pattern in _SECRETS:
        text = pattern.sub(_hidden, text)
    text = _EMAIL.sub(HIDDEN, text)
    return _NUMBER.sub(lambda found: HIDDEN if _is_phone(found[0]) else found[0], text)


def has_secret(text: str) -> bool:
    """Tell whether a token, a password or a key stands in `text`."""
    return any(pattern.search(text) for pattern in _SECRETS)


def _hidden(found: re.Match[str]) -> str:
    value = found.groupdict().get("value")
    return HIDDEN if value is None else found[0].removesuffix(value) + HIDDEN


def _is_phone(text: str) -> bool:
    """Tell a phone number from a record's number, a date, a version and a Slack time stamp.

    Without a sign or a gap it is one that starts as national numbers do (0, or 1 and 3 to 9 for
    China); other long numbers are the ids of chats and stay readable.
    """
    if _MOMENT.match(text):
        return False
    digits = re.sub(r"\D", "", text)
    if text[0] in "+＋(":
        return 7 <= len(digits) <= 15  # noqa: PLR2004 - E.164 allows no more
    if digits == text:
        return re.fullmatch(r"0\d{8,10}|1[3-9]\d{9}|00\d{7,13}", digits) is not None
    return 9 <= len(digits) <= 15  # noqa: PLR2004 - fewer in groups are amounts


def encode(value: object) -> str:
    """Return `value` as one word of a log line: cleaned, and quoted where needed."""
    text = redact(str(value))
    if not _PLAIN.fullmatch(text):
        text = json.dumps(text, ensure_ascii=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def describe(error: BaseException) -> str:
    """Return the chain of an exception on one line, with its innermost frames and no quoted data.

    What stands in quotes, in brackets after `=` or among the parameters of a statement is data of a
    person more often than not, so it is left out; the frames say where to look.
    """
    return _chain(TracebackException.from_exception(error, lookup_lines=False))


def _chain(trace: TracebackException) -> str:
    name = trace.exc_type.__qualname__ if trace.exc_type else "Exception"
    text = "".join(TracebackException.format_exception_only(trace)).strip()
    frames = [
        f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}"
        for frame in reversed(trace.stack[-MAX_FRAMES:])
    ]
    told = f"{name}: {_without_data(text.partition(':')[2].strip())} at {' < '.join(frames)}"
    for member in trace.exceptions or ():
        told += f" [{_chain(member)}]"
    cause = trace.__cause__ or (None if trace.__suppress_context__ else trace.__context__)
    return f"{told} from {_chain(cause)}" if cause else told


def _without_data(text: str) -> str:
    text = re.sub(r"\[(?:SQL|parameters):.*", "[statement]", text, flags=re.DOTALL)
    text = re.sub(r"(?s)(['\"]).*\1", "'…'", text)
    return re.sub(r"=\([^)]*\)|\{.*\}", "=(…)", text, flags=re.DOTALL)


class LineFormatter(logging.Formatter):
    """Writes a record as `time= level= logger= msg=`, then the `extra`, then the trace."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record on one line, cleaned."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        words = [
            f"time={moment} level={record.levelname.lower()} logger={encode(record.name)}",
            f"msg={encode(record.getMessage())}",
        ]
        for key, value in vars(record).items():
            if key not in _OWN:
                words.append(f"{_UNSAFE.sub('', key)}={encode(value)}")
        if record.exc_info and record.exc_info[1]:
            words.append(f"trace={encode(describe(record.exc_info[1]))}")
        return " ".join(words)


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes to standard error; a record that cannot be written is named without what it held."""

    def __init__(self, level: int) -> None:
        super().__init__(sys.stderr)
        self.least = level
        self.setFormatter(LineFormatter())
        self.addFilter(self.is_wanted)

    def is_wanted(self, record: logging.LogRecord) -> bool:
        """Drop what chatty libraries say below WARNING.

        The level of their loggers is not enough: Bolt copies the root's level onto its own loggers
        when an app is built.
        """
        quiet = record.name.partition(".")[0] in QUIET
        return record.levelno >= max(self.least, logging.WARNING if quiet else logging.NOTSET)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - named by the library
        """Say where the bad record came from; the library would print its arguments as they are."""
        where = f"{PurePath(record.pathname).name}:{record.lineno}"
        self.stream.write(f"level=error logger=bot.logs msg=unwritable at={where}\n")


def setup(level: str = "INFO") -> None:
    """Send every log line and warning of the process to standard error, cleaned, from `level` on.

    A plain stream handler that stood at the root is taken away: it would write uncleaned lines.

    Raises:
        ValueError: there is no such level.
    """
    least = logging.getLevelNamesMapping().get(level.upper())
    if least is None:
        message = f"no log level is called {level!r}"
        raise ValueError(message)
    root = logging.getLogger()
    for handler in list(root.handlers):
        if type(handler) in {LineHandler, logging.StreamHandler}:  # no test's or collector's own
            root.removeHandler(handler)
    root.addHandler(LineHandler(least))
    root.setLevel(least)
    logging.captureWarnings(capture=True)
