"""What the platforms would refuse of a reply, asked of all of them at once. No test stands here."""

from __future__ import annotations

import json

from slack_sdk.models.views import View

from bot.console import render as console
from bot.slack import forms as slack_forms
from bot.slack import render as slack
from bot.telegram import render as telegram
from bot.visible import units, visible, width
from bot.webchat import render as webchat
from handlers.reply import Reply
from tests.bot.slack import test_render as slack_rendering
from tests.bot.telegram import test_render as telegram_rendering
from tests.surfaces.web import Drawn

PAGE = 1_000_000  # characters of one message in a browser; ours, as no platform sets it


def within_limits(reply: Reply) -> None:
    """Draw a reply on every surface and refuse what the platform would refuse."""
    message = slack.render(reply, lambda line: f"key-{len(line)}")
    slack_rendering.accept(message.blocks)
    assert 1 <= units(message.text) <= slack.FALLBACK
    assert not set("<>") & set(message.text)
    telegram_rendering.accept(telegram.render(reply, telegram_rendering.Keys()))
    for columns in (48, 100):
        screen = console.render(reply, width=columns)
        assert max(width(row) for row in screen.text.split("\n")) <= columns
        assert visible(screen.text) == screen.text
    markup = webchat.render(reply, webchat.Spot("m1-1", "/picture"))
    assert len(markup) <= PAGE
    assert len(Drawn(markup).all("tr")) <= webchat.ROWS + 1
    if reply.form:
        view = slack_forms.render_form(reply.form, "")
        View(**view).to_dict()
        assert len(json.dumps(view)) <= 250_000
