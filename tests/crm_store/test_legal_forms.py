"""Names of companies with and without their legal form."""

from __future__ import annotations

import pytest

from crm_store.legal_forms import same, titles


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme", "Acme Ltd"),
        ("ACME", "Acme, Inc."),
        ("Acme Limited", "Acme Ltd."),
        ("Acme", "Acme Co., Ltd."),
        ("Acme", "Acme GmbH & Co. KG"),
        ("Danone", "Danone S.A."),
        ("华为技术", "华为技术有限公司"),
        ("工商银行", "工商银行股份有限公司"),
        ("ABC", "ABC有限公司"),
        ("华为", "华为 有限公司"),
    ],
)
def test_a_form_that_is_left_out_makes_no_difference(one: str, other: str) -> None:
    assert same(one, other)
    assert same(other, one)
    assert set(titles(one)) & set(titles(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Ltd", "Acme Inc"),
        ("Acme", "Acme Paints Ltd"),
        ("Ltd", "Inc"),
        ("Acme", "Acmeltd"),
        ("Cafe", "Café Ltd"),
    ],
)
def test_everything_else_does(one: str, other: str) -> None:
    assert not same(one, other)
