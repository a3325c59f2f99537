"""The office of these tests."""

from __future__ import annotations

import pytest

from crm_store.store import Store
from tests.bot.worker.office import Office


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)
