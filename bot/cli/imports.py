"""`rapport import`: a file into the store in one transaction, or an import taken back."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.cli.common import Refused, say, show, store
from bot.config import Config
from crm_store import imports
from crm_store.store import Actor, Session, Store
from handlers.errors import UserError
from handlers.wording import _, number, plural, speaking

if TYPE_CHECKING:
    from handlers.importing.running import Order, Result

_PACE_S = 2


class _NotKept(Exception):
    """A dry run is over: the transaction is rolled back."""


def run(arguments: argparse.Namespace, config: Config) -> int:
    """Import a file, or with `--revert` delete what one brought."""
    from bot.app import defaults

    given = defaults(config)
    with speaking(given.language, given.time_zone):
        if arguments.revert is not None:
            return _revert(arguments, config)
        order = _order(arguments)
        with store(config) as opened:
            result = _imported(opened, order, config, dry_run=arguments.dry_run)
        show(_facts(result, dry_run=arguments.dry_run), as_json=True) if arguments.json else _tell(
            result, dry_run=arguments.dry_run
        )
    return 0


def _order(arguments: argparse.Namespace) -> Order:
    from handlers.importing.columns import Kind
    from handlers.importing.running import Order

    if arguments.file is None or arguments.kind is None:
        raise Refused("Name a file and its --kind, or an import to --revert.", 2)
    return Order(arguments.file, Kind(arguments.kind), _mapping(arguments.map))


def _mapping(pairs: Sequence[str]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        theirs, sign, ours = pair.rpartition("=")
        if not (sign and theirs.strip() and ours.strip()):
            raise Refused(f"--map wants their=ours, not {pair!r}", 2)
        mapping[theirs.strip()] = ours.strip()
    return mapping


def _imported(opened: Store, order: Order, config: Config, *, dry_run: bool) -> Result:
    from bot.app import defaults
    from handlers.importing import running

    done: list[Result] = []
    tell = _progress(time.monotonic)
    try:
        with opened.transaction(_actor(f"import {order.kind}")) as session:
            done.append(running.run(session, order, defaults(config), datetime.now(UTC), tell))
            _keep(dry_run=dry_run)
    except _NotKept:
        pass
    except UserError as error:
        raise Refused(" ".join(filter(None, (error.what, error.hint)))) from error
    return done[0]


def _keep(*, dry_run: bool) -> None:
    if dry_run:
        raise _NotKept


def _progress(clock: Callable[[], float]) -> Callable[[int], None]:
    began = told = clock()

    def tell(rows: int) -> None:
        nonlocal told
        now = clock()
        if now - told >= _PACE_S:
            told = now
            pace = number(rows / (now - began))
            sys.stderr.write(
                _("{rows} rows, {pace} rows per second", rows=number(rows), pace=pace) + "\n"
            )

    return tell


def _tell(result: Result, *, dry_run: bool) -> None:
    from handlers.imports import counted

    tally = result.tally
    if dry_run:
        say(_("Dry run: everything was checked and nothing was changed."))
    elif result.earlier is not None:
        say(_("This very file was imported before, as import #{id}.", id=result.earlier))
    say(plural("{count} row read.", "{count} rows read.", tally.rows))
    say(plural("{count} row taken.", "{count} rows taken.", tally.taken))
    if created := counted(tally.created):
        say(_("Created: {counts}.", counts=created))
    if tally.known:
        say(
            plural(
                "{count} row was known already.", "{count} rows were known already.", tally.known
            )
        )
    if tally.repeated:
        say(_("Repeated in the file and taken once: rows {rows}.", rows=_numbers(result)))
    if result.encoding == "cp1252":
        say(_("The file is not UTF-8; it was read as Windows-1252 (Western European)."))
    if result.kept:
        say(_("Kept as custom values: {names}.", names=", ".join(result.kept)))
    if result.ignored:
        say(_("Ignored, because a file never sets them: {names}.", names=", ".join(result.ignored)))
    _tell_rejections(result)
    if not dry_run:
        say(_("Import #{id}; `rapport import --revert {id}` takes it back.", id=result.run_id))


def _tell_rejections(result: Result) -> None:
    tally = result.tally
    if not tally.rejected:
        return
    say(plural("{count} row rejected:", "{count} rows rejected:", tally.rejected))
    for problem in tally.problems:
        say("  " + _("row {row}: {reason}", row=problem.row, reason=problem.reason))
    say(_("They stand with their reasons in {file}.", file=result.rejected_file))


def _numbers(result: Result) -> str:
    shown = ", ".join(map(str, result.tally.repeated_rows))
    return shown if result.tally.repeated == len(result.tally.repeated_rows) else f"{shown}, …"


def _facts(result: Result, *, dry_run: bool) -> dict[str, Any]:
    tally = result.tally
    return {
        "import": None if dry_run else result.run_id,
        "dry_run": dry_run,
        "rows": tally.rows,
        "taken": tally.taken,
        "known": tally.known,
        "repeated": tally.repeated,
        "rejected": tally.rejected,
        "created": {kind: count for kind, count in tally.created.items() if count},
        "problems": [problem._asdict() for problem in tally.problems],
        "kept_as_custom": list(result.kept),
        "ignored": list(result.ignored),
        "encoding": result.encoding,
        "rejected_file": str(result.rejected_file) if result.rejected_file else None,
        "same_file_as_import": result.earlier,
    }


def _revert(arguments: argparse.Namespace, config: Config) -> int:
    from handlers.imports import reverted

    with store(config) as opened, opened.transaction(_actor("import revert")) as session:
        reply = reverted(*_taken_back(session, arguments.revert))
    if arguments.json:
        show({"import": arguments.revert, "result": reply.text}, as_json=True)
    else:
        say(f"{reply.title}\n{reply.text}")
    return 0


def _taken_back(session: Session, run_id: int) -> tuple[Any, imports.Reverted]:
    found = imports.find(session, run_id)
    if found is None or found.reverted_at:
        raise Refused(_("There is no import #{id} to revert.", id=run_id))
    return found, imports.revert(session, found, datetime.now(UTC))


def _actor(command: str) -> Actor:
    return Actor(None, "command line", command, secrets.token_hex(6))
