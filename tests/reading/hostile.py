"""Text that no reader may stumble over: the collected bad lines, and generated ones.

The expectations stand in the tests.
"""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import strategies as st

_WORDS = (
    *(
        "next",
        "tue",
        "15:00",
        "in",
        "3",
        "days",
        "-5m",
        "at",
        "25:61",
        "3pm",
        "noon",
        "end of",
        "month",
        "2026-12-01",
    ),
    *(
        "01/02/2027",
        "1 Dec",
        "31st",
        "of",
        "Feb",
        "Europe/Berlin",
        "UTC+25",
        "../x",
        "every",
        "mon,thu",
        "last",
        "2h",
    ),
    *(
        "下周",
        "二",
        "下午",
        "3点",
        "半",
        "三天后",
        "百百",
        "十",
        "月底",
        "1号",
        "每",
        "工作日",
        "〇〇年",
        "两小时后",
        "的",
        "、",
    ),
    *(
        "12k",
        "1.2",
        "万",
        "€",
        "EUR",
        "1,234",
        ".56",
        "(",
        ")",
        "-",
        "+",
        "NaN",
        "1e999",
        "'",
        " ",
        "\u00a0",
        "²",
        "٣",
    ),
    *(
        "a@",
        "@b.de",
        "<mailto:",
        "|",
        ">",
        "http://",
        "[::1]",
        ":99999",
        "//",
        "\\",
        "+49",
        "x4",
        "xn--",
        "аррӏе.com",
    ),
    *(
        '"',
        "“",
        "”",
        "„",
        "«",
        "»",
        "＂",
        "email=",
        "ＥＭＡＩＬ＝",
        "phone=",
        '\\"',
        "\n",
        "\t",
        "\u200b",
        "/crm",
        "@bot",
    ),
)
anything = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=60),
    st.lists(st.sampled_from(_WORDS), max_size=10).map("".join),
    st.lists(st.sampled_from(_WORDS), max_size=10).map(" ".join),
)


def bad_lines() -> list[str]:
    """Return the lines of `bad_inputs.txt`; an object in it stands for a long line."""
    path = Path(__file__).with_name("bad_inputs.txt")
    rows = [row for row in path.read_text().splitlines() if not row.startswith("#")]
    return [
        row if isinstance(row, str) else row["pre"] + row["rep"] * row["n"]
        for row in map(json.loads, rows)
    ]
