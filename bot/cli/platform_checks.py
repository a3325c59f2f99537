"""What `rapport doctor` asks Slack and Telegram; it posts nothing and changes nothing there.

The answers' meaning for sending stands in `bot/slack/sending.py` and `bot/telegram/sending.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from bot.cli.checks import Check
from bot.config import Config
from bot.config_values import Secret
from bot.surface import DeliveryError
from crm_store.addresses import Address

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient
    from telegram import Bot

_ADVICE = {
    "not connected": "Is the network up and api_base_url right?",
    "no answer": "Is the network up and api_base_url right?",
    "invalid_auth": "Copy the token again from the page of the app.",
    "account_inactive": "Install the app into the workspace again.",
    "token_revoked": "Install the app into the workspace again.",
    "not_allowed_token_type": "The two tokens are mixed up: xoxb- is the bot's, xapp- the app's.",
    "missing_scope": "Update the app with `rapport slack-manifest` and install it again.",
    "channel_not_found": "Check the id; the bot has to be invited to a private channel.",
}


async def everything(config: Config) -> list[Check]:
    """Ask every platform that is switched on."""
    found: list[Check] = []
    if config.slack.enabled:
        found += [check async for check in _slack(config)]
    if config.telegram.enabled:
        found += [check async for check in _telegram(config)]
    return found


async def _slack(config: Config) -> AsyncIterator[Check]:
    import aiohttp

    from bot.slack import sending

    timeout = aiohttp.ClientTimeout(sending.TIMEOUT)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        client = sending.client(
            _text(config.secrets.slack_bot_token), config.slack.api_base_url, session
        )
        try:
            me = await sending.call(client.auth_test())
        except DeliveryError as error:
            yield _problem("Slack", error)
            return
        yield Check("Slack", ok=True, found=f"signed in to {me['team']} as {me['user']}.")
        yield _scopes(me)
        if config.slack.mode == "socket":
            yield await _app_token(client, _text(config.secrets.slack_app_token))
        for address in _routes(config, "slack"):
            yield await _slack_route(client, address)


def _scopes(me: Any) -> Check:  # noqa: ANN401 - an answer of slack_sdk
    from bot.slack.manifest import SCOPES

    told = me.headers.get("x-oauth-scopes")
    if told is None:
        return Check("Slack scopes", ok=True, found="not told by this endpoint.")
    missing = sorted(set(SCOPES) - {scope.strip() for scope in told.split(",")})
    if not missing:
        return Check("Slack scopes", ok=True, found="all there.")
    found = f"missing: {', '.join(missing)}."
    return Check("Slack scopes", ok=False, found=found, advice=_ADVICE["missing_scope"])


async def _app_token(client: AsyncWebClient, token: str) -> Check:
    from bot.slack import sending

    try:
        await sending.call(client.apps_connections_open(app_token=token))
    except DeliveryError as error:
        return _problem("Slack socket", error)
    return Check("Slack socket", ok=True, found="a connection can be opened.")


async def _slack_route(client: AsyncWebClient, address: Address) -> Check:
    from bot.slack import sending

    name = f"route {address}"
    if address.chat.startswith(("U", "W")):
        return Check(name, ok=True, found="a person.")
    try:
        answer = await sending.call(client.conversations_info(channel=address.chat))
    except DeliveryError as error:
        return _problem(name, error)
    if answer["channel"].get("is_member") or answer["channel"].get("is_im"):
        return Check(name, ok=True, found="the bot is in it.")
    advice = "Type `/invite @rapport` there."
    return Check(name, ok=False, found="the bot is not in the channel.", advice=advice)


async def _telegram(config: Config) -> AsyncIterator[Check]:
    from bot.telegram import sending

    bot = sending.client(_text(config.secrets.telegram_bot_token), config.telegram.api_base_url)
    try:
        me = await sending.call(bot.get_me())
        yield Check("Telegram", ok=True, found=f"signed in as @{me.username}.")
        sees = "every message" if me.can_read_all_group_messages else "commands and replies to it"
        yield Check(
            "Telegram groups", ok=True, found=f"the bot sees {sees} (BotFather: /setprivacy)."
        )
        yield await _webhook(bot, config)
        for address in _routes(config, "telegram"):
            yield await _telegram_route(bot, address)
        if config.telegram.tickets_chat:
            chat = Address.parse(config.telegram.tickets_chat).chat
            yield await _tickets_chat(bot, chat, topics=config.telegram.tickets_topics)
    except DeliveryError as error:
        yield _problem("Telegram", error)
    finally:
        await bot.request.shutdown()


async def _webhook(bot: Bot, config: Config) -> Check:
    from bot.telegram import sending

    info = await sending.call(bot.get_webhook_info())
    wanted = config.telegram.webhook_url if config.telegram.mode == "webhook" else ""
    waiting = f"{info.pending_update_count} updates wait."
    if info.last_error_message and wanted:
        found = f"Telegram could not reach it ({info.last_error_message}); {waiting}"
        advice = "Is webhook_url reachable from outside, with a valid certificate?"
        return Check("Telegram webhook", ok=False, found=found, advice=advice)
    if info.url != wanted:
        return Check("Telegram webhook", ok=True, found=f"`rapport run` will set it; {waiting}")
    return Check("Telegram webhook", ok=True, found=f"as configured; {waiting}")


async def _telegram_route(bot: Bot, address: Address) -> Check:
    from bot.telegram import sending

    name = f"route {address}"
    try:
        await sending.call(bot.get_chat(address.chat))
    except DeliveryError as error:
        return Check(name, ok=False, found=f"{error.reason}.", advice="Add the bot to the chat.")
    return Check(name, ok=True, found="the bot is in it.")


async def _tickets_chat(bot: Bot, chat: str, *, topics: bool) -> Check:
    from bot.telegram import sending

    name = "Telegram tickets_chat"
    try:
        described = await sending.call(bot.get_chat(chat))
        ours = await sending.call(bot.get_chat_member(chat, int(bot.token.partition(":")[0])))
    except DeliveryError as error:
        return Check(name, ok=False, found=f"{error.reason}.", advice="Add the bot to the group.")
    if topics and not described.is_forum:
        advice = "Switch on Topics in its settings, or set tickets_topics = false."
        return Check(name, ok=False, found="the group has no topics.", advice=advice)
    if topics and not getattr(ours, "can_manage_topics", False):
        advice = "Make the bot an admin of the group with Manage topics."
        return Check(name, ok=False, found="the bot may not open topics.", advice=advice)
    return Check(name, ok=True, found="the bot can talk about tickets there.")


def _routes(config: Config, platform: str) -> Sequence[Address]:
    addresses = (address for group in config.routes.values() for address in group)
    return list(dict.fromkeys(each for each in addresses if each.platform == platform))


def _problem(name: str, error: DeliveryError) -> Check:
    advice = _ADVICE.get(error.reason, "Try again; if it stays, look the word up in its manual.")
    return Check(name, ok=False, found=f"{error.reason}.", advice=advice)


def _text(secret: Secret | None) -> str:
    return secret.reveal() if secret else ""
