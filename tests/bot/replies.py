"""Strategies for arbitrary replies and texts that try to become markup, for all renderers.

No test stands here.
"""

from __future__ import annotations

from hypothesis import strategies as st

from handlers.reply import (
    Action,
    Chart,
    ChartKind,
    Choice,
    Field,
    FieldKind,
    Form,
    FormField,
    Reply,
    Row,
    Series,
    Style,
    Table,
    Tone,
)

HOSTILE = (
    "<!channel>",
    "<!here|here>",
    "<@U1>",
    "<!subteam^S1>",
    "<https://evil.example|bank>",
    "<b>bold</b>",
    "</pre><a href='https://evil.example'>x</a>",
    "&lt;b&gt; & &amp;",
    "=cmd()",
    "*bold* _italic_ ~gone~ `code`",
    "@everyone and @some_body",
    "[bank](https://evil.example)",
    "$\\frac{$ and $x^2$",
    "A\u202egnp.exe",
    "zero\u200bwidth\ufeff",
    "\x1b[31mred\x1b[0m\x07",
    "e" + "\u0301" * 8,
    "👨‍👩‍👧‍👦 🇩🇪 👍🏽 ❤️",
    "张伟 <谈判>",
    "{count} %s {}",
)
TEXTS = st.one_of(st.text(max_size=60), st.sampled_from(HOSTILE))
LONG_TEXTS = st.one_of(
    TEXTS, st.builds(lambda text, times: text * times, TEXTS, st.integers(100, 900))
)
LINES = st.one_of(st.just("deal show 42"), TEXTS, LONG_TEXTS)
NUMBERS = st.one_of(st.none(), st.floats(), st.integers(-1000, 1000).map(float))

actions = st.builds(
    Action, LONG_TEXTS, LINES, st.sampled_from(Style), st.booleans(), st.just("") | LONG_TEXTS
)
fields = st.builds(Field, LONG_TEXTS, LONG_TEXTS)
rows = st.builds(Row, st.lists(LONG_TEXTS, max_size=25).map(tuple), st.just("") | LINES)
tables = st.builds(
    Table,
    st.lists(TEXTS, max_size=25).map(tuple),
    st.lists(rows, max_size=12).map(tuple),
    st.lists(st.integers(-3, 30), max_size=4).map(tuple),
)
values = st.lists(NUMBERS, max_size=32).map(tuple)
charts = st.builds(
    Chart,
    st.sampled_from(ChartKind),
    TEXTS,
    st.lists(TEXTS, max_size=30).map(tuple),
    st.lists(st.builds(Series, TEXTS, values, values, values), max_size=10).map(tuple),
    TEXTS,
)
form_fields = st.builds(
    FormField,
    st.uuids().map(str),
    LONG_TEXTS,
    st.sampled_from(FieldKind),
    st.booleans(),
    st.just("") | LONG_TEXTS,
    LONG_TEXTS,
    st.just("") | LONG_TEXTS,
    st.lists(st.builds(Choice, TEXTS, LINES), max_size=8).map(tuple),
)
forms = st.builds(
    Form, st.just("deal add"), LONG_TEXTS, st.lists(form_fields, min_size=1, max_size=6).map(tuple)
)
replies = st.builds(
    Reply,
    LONG_TEXTS,
    LONG_TEXTS,
    st.lists(fields, max_size=8).map(tuple),
    st.none() | tables,
    st.none() | charts,
    st.none() | forms,
    st.lists(actions, max_size=8).map(tuple),
    LONG_TEXTS,
    st.sampled_from(Tone),
)


def everywhere(text: str) -> Reply:
    """Return a reply that carries `text` in every place that a person's text can reach."""
    return Reply(
        title=text,
        text=text,
        fields=(Field(text, text),),
        table=Table((text, "B"), (Row((text, text), "deal show 1"),)),
        chart=Chart(ChartKind.BARS, text, (text,), (Series(text, (1.0,)),), text),
        form=Form("deal add", text, (FormField("a", text, hint=text, error=text),)),
        actions=(Action(text, text, confirm=text), Action(text, text)),
        footer=text,
    )


def enormous(text: str = "Ünïcode & <b> 👨‍👩‍👧‍👦 ") -> Reply:
    """Return a reply that is far beyond the limits of every platform in every part."""
    long = text * 400
    return Reply(
        title=long,
        text=long,
        fields=(Field(long, long),) * 300,
        table=Table(
            (long,) * 30, tuple(Row((long,) * 30, f"deal show {n}") for n in range(10_000))
        ),
        chart=Chart(ChartKind.BARS, long, (long,) * 300, (Series(long, (1.0,) * 300),) * 20, long),
        form=Form("deal add", long, (FormField("a", long, choices=(Choice(long, long),) * 300),)),
        actions=(Action(long, long, Style.DANGER, confirm=long),) * 200,
        footer=long,
        tone=Tone.BAD,
    )
