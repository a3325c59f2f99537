"""Nobody reads a half-translated program."""

from __future__ import annotations

import string

from tests.catalogue import catalogue, messages


def _names(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name}


def test_every_text_is_translated() -> None:
    translated = {str(entry.id) for entry in catalogue() if entry.string}
    assert messages() - translated == set()


def test_the_catalogue_has_no_text_that_nobody_says() -> None:
    assert {str(entry.id) for entry in catalogue() if entry.id} - messages() == set()


def test_a_translation_fills_in_the_same_values() -> None:
    wrong = [
        str(e.id) for e in catalogue() if e.string and _names(str(e.id)) != _names(str(e.string))
    ]
    assert wrong == []


def test_commands_and_options_stay_as_they_are_typed() -> None:
    def typed(text: str) -> set[str]:
        return set(text.split("`")[1::2])

    wrong = [
        str(e.id) for e in catalogue() if e.string and typed(str(e.id)) != typed(str(e.string))
    ]
    assert wrong == []
