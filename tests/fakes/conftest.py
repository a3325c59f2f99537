"""What the tests of the fakes share: a clock that is set by hand, and a platform with people on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.clock import Hands
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_client import workspace
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_client import chats


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def slack(clock: Hands, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSlack]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)  # the SDK ignores NO_PROXY
    with workspace(clock) as fake:
        yield fake


@pytest.fixture
def telegram(clock: Hands, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTelegram]:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # else the library warns on every 429
    with chats(clock) as fake:
        yield fake
