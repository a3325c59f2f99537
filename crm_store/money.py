"""Money as the store keeps it: an exact decimal amount and its currency.

Reading money from what people type lives in `handlers/reading/money.py`; showing it lives in `handlers/wording.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

PLACES = Decimal("0.01")
# 10**15, of one amount: with two places it fits a 64-bit integer. A sum may be larger.
LIMIT = Decimal(1000000000000000)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount with two decimal places and an ISO 4217 code such as `EUR`."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Refuse what is no exact amount.

        Raises:
            ValueError: the amount is not finite or has more than two places.
        """
        if not self.amount.is_finite():
            message = f"amount must be finite, got {self.amount}"
            raise ValueError(message)
        if self.amount != self.amount.quantize(PLACES):
            message = f"amount must have at most two places, got {self.amount}"
            raise ValueError(message)
