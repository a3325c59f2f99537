"""`rapport migrate`, `status`, `doctor` and `audit verify`: what an operator asks from the shell.

What the doctor looks at stands in `bot/cli/checks.py` and `bot/cli/platform_checks.py`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from bot.app import open_store
from bot.cli import checks
from bot.cli.backup import UNREACHABLE, existing_store
from bot.cli.common import Refused, say, show
from bot.config import Config
from crm_store import audit, health, migrations
from crm_store.health import Health
from crm_store.store import StoreUnavailable

_ANCHOR = 16  # digits of the mac that name a row well enough


def migrate(arguments: argparse.Namespace, config: Config) -> int:
    """Bring the tables to the newest form and print from which to which."""
    store = open_store(config)
    try:
        before = migrations.recorded(store.engine)
        store.upgrade()
        after = migrations.recorded(store.engine)
    except StoreUnavailable as error:
        raise Refused(UNREACHABLE) from error
    finally:
        store.close()
    if arguments.json:
        show({"from": before or None, "to": after}, as_json=True)
    elif before == after:
        say(f"The tables have the newest form already, {after}.")
    else:
        say(f"The tables went from {before or 'nothing'} to {after}.")
    return 0


def status(arguments: argparse.Namespace, config: Config) -> int:
    """Print what waits, what ran and what failed."""
    store = existing_store(config)
    try:
        with store.reading() as session:
            facts = _facts(health.read(session, store.now(session)))
    except StoreUnavailable as error:
        raise Refused(UNREACHABLE) from error
    finally:
        store.close()
    if arguments.json:
        show({"store": config.store.url.partition("://")[0], **facts}, as_json=True)
    else:
        for line in _lines(facts):
            say(line)
    return 0


def doctor(arguments: argparse.Namespace, config: Config) -> int:
    """Print every check; 1 when one of them found a problem that cannot be borne."""
    found = checks.everything(config)
    if arguments.json:
        say(json.dumps([check.facts() for check in found], ensure_ascii=False))
    else:
        for check in found:
            say(str(check))
    return 0 if all(check.ok or check.bearable for check in found) else 1


def verify(arguments: argparse.Namespace, config: Config) -> int:
    """Walk the log of changes; print its head, which is the anchor of the next check, or the first bad row."""
    key = config.secrets.rapport_key
    anchor = _anchor(arguments.anchor)
    store = existing_store(config)
    try:
        with store.reading() as session:
            broken = audit.verify(session, key.reveal().encode() if key else b"", anchor)
            number, mac = audit.head(session)
    except StoreUnavailable as error:
        raise Refused(UNREACHABLE) from error
    finally:
        store.close()
    head = f"{number}:{mac[:_ANCHOR]}"
    if arguments.json:
        row: dict[str, object] = {}
        if broken:
            row = {"row": broken.row_id, "reason": broken.reason, "unsealed": broken.unsealed}
        show({"ok": broken is None, "keyed": key is not None, "head": head, **row}, as_json=True)
    elif broken and broken.unsealed:
        sys.stderr.write(f"{_unsealed(broken.unsealed, number)} --anchor {head}\n")
    elif broken:
        sys.stderr.write(
            f"The log of changes does not hold from row {broken.row_id} on: {broken.reason}, or"
            " RAPPORT_KEY is not the one it was written with.\n"
        )
    else:
        say(f"The log of changes holds, {number:,} rows. Keep this elsewhere: --anchor {head}")
        if key is None:
            say("RAPPORT_KEY is not set: accidents are found, a forger is not.")
    return 1 if broken else 0


def _unsealed(count: int, newest: int) -> str:
    rest = f"from row {count + 1:,} on it is sealed" if newest > count else "none is sealed yet"
    return (
        f"The log of changes holds, but was begun without RAPPORT_KEY: rows 1 to {count:,} are not"
        f" sealed, {rest}. A forger who wrote those rows cannot be found. If you trust them, keep"
        " this elsewhere and give it to every check:"
    )


def _anchor(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    number, _colon, mac = text.partition(":")
    if not (number.isascii() and number.isdigit() and mac):
        raise Refused(f"--anchor wants what an earlier check printed, not {text!r}", 2)
    return int(number), mac


def _facts(found: Health) -> dict[str, Any]:
    return {
        "commands": {state.value: count for state, count in found.events.items()},
        "messages": {state.value: count for state, count in found.notices.items()},
        "oldest_command_at": found.oldest_event_at,
        "oldest_message_at": found.oldest_notice_at,
        "runs": [
            {
                "job": run.schedule,
                "started_at": run.started_at,
                "finished_at": run.finished_at,
                "failed": run.failed,
                "summary": run.summary,
                "progress": run.progress,
            }
            for run in found.runs
        ],
        "requests": [
            {
                "id": one.id,
                "job": one.job,
                "arguments": one.arguments,
                "asked_at": one.asked_at,
                "started_at": one.started_at,
                "finished_at": one.finished_at,
                "failed": one.failed,
                "progress": one.progress,
            }
            for one in found.requests
        ],
        "leases": [{"name": one.name, "until": one.expires_at} for one in found.leases],
        "halts": found.halts,
        "given_up": [
            {"id": row.id, "platform": row.platform, "received_at": row.received_at}
            for row in found.dead
        ],
        "not_sent": [
            {"id": one.id, "kind": one.kind, "due_at": one.due_at, "reason": one.reason}
            for one in found.failed
        ],
    }


def _lines(facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"Commands: {_counted(facts['commands'])}."
    yield f"Messages: {_counted(facts['messages'])}."
    for name, word in (("oldest_command_at", "command"), ("oldest_message_at", "message")):
        if facts[name]:
            yield f"The oldest waiting {word} is from {_stamp(facts[name])}."
    for run in facts["runs"]:
        yield f"Job {run['job']} {_end(run)} {_stamp(run['started_at'])}: {_ended_with(run)}."
    for one in facts["requests"]:
        name = one["arguments"].get("name", one["job"])
        yield f"Request #{one['id']} for {name}, {_stamp(one['asked_at'])}: {_request(one)}."
    for lease in facts["leases"]:
        yield f"A running process holds {lease['name']} until {_stamp(lease['until'])}."
    for bucket, until in facts["halts"].items():
        yield f"{bucket} asked us to wait until {_stamp(until)}."
    for row in facts["given_up"]:
        yield (
            f"Command #{row['id']} from {row['platform']} was given up; an admin can type"
            f" `status retry {row['id']}`."
        )
    for one in facts["not_sent"]:
        yield (
            f"Message #{one['id']} ({one['kind']}) was not sent: {one['reason']}; an admin can"
            f" type `status resend {one['id']}`."
        )


def _end(run: Mapping[str, Any]) -> str:
    if run["finished_at"] is None:
        return "began"
    return "failed" if run["failed"] else "ran"


def _ended_with(run: Mapping[str, Any]) -> str:
    if run["finished_at"] is None:
        return run["progress"] or "not finished"
    return run["summary"] or "not finished"


def _request(one: Mapping[str, Any]) -> str:
    if one["started_at"] is None:
        return "waits"
    if one["finished_at"] is None:
        return one["progress"] or "began"
    return "failed" if one["failed"] else "answered"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in counts.items())


def _stamp(moment: Any) -> str:  # noqa: ANN401 - a datetime out of a mapping
    return f"{moment:%Y-%m-%d %H:%M} UTC"
