"""Log lines: one per event, and no secret or personal data in any of them."""

from __future__ import annotations

import io
import logging
import shlex
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import logs

SLACK = "xoxb-2411111111-2422222222-CaNaRyCaNaRyCaNaRyCaNaRy"
TELEGRAM = "7012345678:AAF-CaNaRy_CaNaRyCaNaRyCaNaRyCaNaRy"
CANARIES = [
    SLACK,
    "xapp-1-A0B1C2-3333333333-CaNaRycanary",
    "xoxp-1-2-3-CaNaRy",
    "xoxe.xoxp-1-CaNaRyCaNaRy",
    "xoxe-1-CaNaRyCaNaRy",
    TELEGRAM,
    f"https://api.telegram.org/bot{TELEGRAM}/getUpdates",
    f"https://api.telegram.org/file/bot{TELEGRAM}/photos/file_1.jpg",
    "http://127.0.0.1:8081/bot1:CaNaRy/sendMessage",
    "https://api.telegram.org/bot7012345678%3AAAF-CaNaRy_CaNaRyCaNaRy/getMe",
    "https://hooks.slack.com/services/T01/B02/CaNaRy",
    "wss://wss-primary.slack.com/link/?ticket=CaNaRy-1&app_id=2",
    "postgresql+psycopg://rapport:CaNaRy@db.internal/rapport",
    "Authorization: Bearer CaNaRy.CaNaRy",
    "Authorization: Basic Q2FOYVJ5OkNhTmFSeQ==",
    "RAPPORT_KEY=CaNaRy",
    "{'signing_secret': 'CaNaRy', 'token': 'CaNaRy'}",
    "CaNaRy@example.com",
    "Jane.CaNaRy+crm@mail.example.co.uk",
    "canary%40example.com",
]
PHONES = ["+49 30 901820", "+1 (555) 123-4567", "(030) 90 18 20 55", "13812345678", "0049309018201"]
HARMLESS = [
    "2026-11-21T11:51:47+00:00",
    "2026-11-21 11:51:47",
    "deal #42 moved, 1234567 rows in 12:30:45",
    "chat -1001234567890 user 7012345678",
    "ts 1700000000.123456",
    "127.0.0.1:8080",
    "version 3.11.7",
    "slack:C0123456789",
    "telegram:-1001234567890:17",
    "12000.50 EUR",
    "12 000 000 EUR",
]


def line_handlers() -> list[logs.LineHandler]:
    """The handlers at the root that `logs.setup` put there."""
    return [one for one in logging.getLogger().handlers if isinstance(one, logs.LineHandler)]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the process writes, with logging set up as in the program."""
    written = io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    logs.setup("info")
    line_handlers()[0].setStream(written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.mark.parametrize("canary", CANARIES)
def test_a_secret_never_reaches_the_log(canary: str, lines: io.StringIO) -> None:
    log = logging.getLogger("bot.slack")
    log.info("got %s", canary)
    log.info(canary)
    log.info("event", extra={"body": {"a": [canary]}, "url": canary})
    log.error("failed", exc_info=RuntimeError(canary))
    assert lines.getvalue().count("\n") == 4
    assert "canary" not in lines.getvalue().lower()
    assert "Q2FOYVJ5" not in lines.getvalue()


@pytest.mark.parametrize("phone", PHONES)
def test_a_phone_number_is_hidden(phone: str) -> None:
    assert logs.redact(f"call {phone} now") == "call *** now"


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_that_are_not_phones_stay_readable(text: str) -> None:
    assert logs.redact(text) == text


def test_what_stands_around_a_secret_stays() -> None:
    assert logs.redact("token=abc&channel=C1") == "token=***&channel=C1"
    assert logs.redact(f"POST https://api.telegram.org/bot{TELEGRAM}/getMe 200") == (
        "POST https://api.telegram.org/bot***/getMe 200"
    )


def test_a_line_has_the_time_level_logger_message_and_extras(lines: io.StringIO) -> None:
    logging.getLogger("bot.router").warning("slow %s", "call", extra={"ref": "a1b2", "took_ms": 12})
    words = dict(word.split("=", 1) for word in shlex.split(lines.getvalue()))
    assert words.pop("time").endswith("+00:00")
    assert words == {
        "level": "warning",
        "logger": "bot.router",
        "msg": "slow call",
        "ref": "a1b2",
        "took_ms": "12",
    }


def test_a_forged_line_stays_inside_its_message(lines: io.StringIO) -> None:
    logging.getLogger("bot").info(
        "hello\ntime=1 level=error msg=\x1b[31mfake\u2028\u202e\x85 \ufeff"
    )
    assert len(lines.getvalue().splitlines()) == 1
    assert "\\n" in lines.getvalue()
    assert not set("\x1b\u2028\u202e\x85\ufeff") & set(lines.getvalue())


@given(st.text())
def test_any_text_is_one_printable_word(text: str) -> None:
    word = logs.encode(text)
    assert len(word.splitlines()) <= 1
    assert not set("\n\r\x1b\x7f\u202e") & set(word)


def test_a_trace_names_the_place_and_the_cause_but_not_the_data(lines: io.StringIO) -> None:
    try:
        try:
            dict[str, int]()["Jane Miller"]
        except KeyError as error:
            message = 'Key (name)=(Jane Miller) exists [parameters: ("Jane Miller",)]'
            raise ValueError(message) from error
    except ValueError:
        logging.getLogger("bot.router").exception("reference a1b2")
    line = lines.getvalue()
    assert "trace=" in line
    assert "ValueError: Key (name)=(…) exists" in line
    assert "from KeyError" in line
    assert "tests/test_logs.py:" in line
    assert "Jane" not in line


def test_every_error_of_a_group_is_told() -> None:
    told = logs.describe(ExceptionGroup("two", [ValueError("a"), TypeError("b")]))
    assert "ValueError: a" in told
    assert "TypeError: b" in told


@pytest.mark.parametrize(
    "name", ["httpx", "httpcore.http11", "slack_bolt.AsyncRequestVerification", "slack_sdk.web"]
)
def test_chatty_libraries_are_heard_from_warning_on(name: str, lines: io.StringIO) -> None:
    log = logging.getLogger(name)
    log.setLevel(logging.INFO)  # as Bolt does with the root's level
    log.info("HTTP Request: POST")
    log.warning("closed")
    assert lines.getvalue().count("\n") == 1
    assert "closed" in lines.getvalue()
    log.setLevel(logging.NOTSET)


def test_a_record_that_cannot_be_written_is_named_without_its_arguments(lines: io.StringIO) -> None:
    record = logging.LogRecord("bot", logging.INFO, "/x/test_logs.py", 7, "%d", (SLACK,), None)
    line_handlers()[0].handle(record)
    assert lines.getvalue().startswith(
        "level=error logger=bot.logs msg=unwritable at=test_logs.py:7"
    )
    assert "canary" not in lines.getvalue().lower()


def test_a_warning_of_python_becomes_a_line(lines: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"old {SLACK}", DeprecationWarning, stacklevel=1)
    assert "logger=py.warnings" in lines.getvalue()
    assert SLACK not in lines.getvalue()


def test_setting_up_twice_writes_each_line_once(lines: io.StringIO) -> None:
    logs.setup("debug")
    assert len(line_handlers()) == 1


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="no log level is called 'loud'"):
        logs.setup("loud")
