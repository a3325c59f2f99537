"""Money as the store keeps it: an exact decimal amount and its currency.

Reading money from what people type lives in `handlers/reading/money.py`; showing it lives in `handlers/wording.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

PLACES = Decimal("0.01")
LIMIT = Decimal(1000000000000000)  # 10**15: with two places it fits a 64-bit integer


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount with two decimal places and an ISO 4217 code such as `EUR`."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Refuse what the store could not keep exactly.

        Raises:
            ValueError: the amount is not finite, has more than two places or is not below 10**15.
        """
        if not self.amount.is_finite():
            message = f"amount must be finite, got {self.amount}"
            raise ValueError(message)
        if abs(self.amount) >= LIMIT:
            message = f"amount must be below {LIMIT}, got {self.amount}"
            raise ValueError(message)
        if self.amount != self.amount.quantize(PLACES):
            message = f"amount must have at most two places, got {self.amount}"
            raise ValueError(message)
