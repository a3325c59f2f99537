"""Values with spaces behind `name=`, without quotes: read as meant, never scattered over the line."""

from __future__ import annotations

import pytest

from handlers.command import match
from handlers.subjects import load

load()


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("deal add Big company=@Acme amount=12,000 EUR", {"title": "Big", "amount": "12,000 EUR"}),
        (
            "deal add Big order company=Acme Ltd amount=1 200 000 EUR close=next tue",
            {
                "title": "Big order",
                "company": "Acme Ltd",
                "amount": "1 200 000 EUR",
                "close": "next tue",
            },
        ),
        ("contact add Bob title=Head of sales", {"name": "Bob", "title": "Head of sales"}),
        ("contact edit Bob phone=030 901820 title=x", {"phone": "030 901820", "title": "x"}),
        ("task add call due=next tue 15:00 about=@Acme", {"text": "call", "due": "next tue 15:00"}),
        ("task add call due=friday about it", {"due": "friday", "text": "call about it"}),
        ("digest add deal list every=weekdays 8:30 to=me", {"every": "weekdays 8:30", "to": "me"}),
        ("meeting log @Acme saw the plant at=yesterday 15:00", {"at": "yesterday 15:00"}),
        ("deal move 1 stage=lost too expensive", {"stage": "lost", "reason": "too expensive"}),
        (
            "followup Acme when=friday 15:00 call back",
            {"record": "Acme", "when": "friday 15:00", "text": "call back"},
        ),
        ("followup when=friday 15:00 Acme", {"record": "Acme", "when": "friday 15:00"}),
        ("task snooze when=friday 15", {"when": "friday", "task": "15"}),
        ("ticket new priority=high The printer", {"priority": "high", "text": "The printer"}),
        ("ticket new company=Acme The printer", {"company": "Acme", "text": "The printer"}),
        ("deal add Big company=@Acme amount=5 stage=closed won", {"stage": "closed won"}),
        ("user add jo@rapport.example role=rep name=Jo Smith", {"role": "rep", "name": "Jo Smith"}),
        ('deal list company="Acme" owner=me', {"company": "Acme", "owner": "me"}),
    ],
)
def test_a_value_takes_the_words_that_belong_to_it(line: str, values: dict[str, str]) -> None:
    found = match(line)
    assert found
    command, rest = found
    parsed = command.parse(rest)
    assert {name: parsed.get(name) for name in values} == values
    assert "" not in parsed
    again = match(command.line(parsed))
    assert again
    assert again[0].parse(again[1]) == parsed
