"""Labels and themes on real texts, where the data lie beside the checkout.

Parts of the sets, so that it takes seconds; the whole ones are for the benchmarks.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from jobs.analytics.routing import learn
from jobs.analytics.themes import find_themes

DATA = Path(__file__).parents[3] / "shared" / "data"
NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason="shared/data does not lie beside the checkout"
)


def drawn(name: str, count: int, **columns: str) -> pd.DataFrame:
    """Draw rows of a set, with the columns named as ours."""
    rows = pd.read_csv(DATA / name).rename(
        columns={theirs: ours for ours, theirs in columns.items()}
    )
    return rows.dropna(subset=[*columns]).sample(count, random_state=0)[[*columns]]


def test_the_queue_of_an_it_ticket_is_foretold_and_what_is_told_is_right() -> None:
    """All 38,269 give .866 and a macro-F1 of .868; 6,000 of them nearly as much."""
    rows = drawn("it_service_tickets_80.csv.gz", 6_000, text="Document", label="Topic_group")
    found = learn(rows, NOW)
    quality = found.receipt.quality
    assert quality is not None
    assert quality.accuracy > 0.81
    assert quality.macro_f1 > 0.81
    assert quality.told_share > 0.65
    assert quality.told_accuracy is not None
    assert quality.told_accuracy > 0.9


@pytest.mark.parametrize("label", ["Ticket Priority", "Ticket Channel"])
def test_priorities_that_were_dealt_at_random_are_found_out(label: str) -> None:
    rows = drawn("support_tickets.csv.gz", 3_000, text="Ticket Description", label=label)
    found = learn(rows, NOW)
    assert found.router is None
    assert found.receipt.why == "not_better_than_commonest_label"


def test_the_mood_of_chinese_reviews_is_read() -> None:
    """All 52,774 give .937."""
    rows = drawn("chinese_shopping_reviews.csv.gz", 6_000, text="review", label="label")
    found = learn(rows, NOW)
    quality = found.receipt.quality
    assert quality is not None
    assert quality.accuracy > 0.88
    assert found.router is not None
    bad, good = (
        found.router.answerer().suggest(text)
        for text in ("质量很差，用了两天就坏了", "非常满意，下次还来")
    )
    assert bad is not None
    assert good is not None
    assert (bad.label, good.label) == ("0", "1")


def test_what_a_chinese_shop_is_written_to_about_has_readable_words() -> None:
    rows = drawn("chinese_shopping_reviews.csv.gz", 20_000, text="review", cat="cat")
    phones, shampoo = (
        rows["text"][rows["cat"] == cat].head(400).tolist() for cat in ("手机", "洗发水")
    )
    mixed = phones[:100] + shampoo[:300], phones[100:400] + shampoo[300:400]
    found = find_themes(*mixed)
    assert {"手机", "信号", "电池"} & {change.term for change in found.rising}
    assert {"洗发水", "头发", "味道"} & {change.term for change in found.falling}
