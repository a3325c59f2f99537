"""The `rapport` command line; each subcommand stands in a module of `bot/cli/` that is imported when it is run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

OK, FAILED, WRONG = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code: 0 done, 1 refused or failed, 2 wrong usage."""
    given = parser().parse_args(arguments)
    # Set before numpy is imported by anything.
    import os

    from bot.bounds import ONE_THREAD
    from bot.cli.common import Refused, settings

    for name, count in ONE_THREAD.items():
        os.environ.setdefault(name, count)

    try:
        run = import_module(f"bot.cli.{given.module}")
        code: int = getattr(run, given.function)(given, settings(given))
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        return refused.code
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return 130
    except BrokenPipeError:
        return FAILED
    return code


def parser() -> argparse.ArgumentParser:
    """Return the grammar of the command line."""
    root = argparse.ArgumentParser(prog="rapport", description="The CRM that a team talks to.")
    commands = root.add_subparsers(dest="command", required=True, metavar="command")
    _everyday(commands)
    _data(commands)
    _operation(commands)
    return root


def _everyday(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    _add(commands, "demo", "demo", "try it with sample data; no account and no network needed")
    run = _add(commands, "run", "run", "start every surface that the configuration switches on")
    _config(run)
    chat = _add(commands, "chat", "chat", "talk to Rapport in this terminal")
    _config(chat)
    chat.add_argument(
        "--as", dest="email", metavar="EMAIL", help="who you are; the first admin otherwise"
    )
    job = _add(commands, "job", "job", "run one scheduled job now, once")
    _config(job)
    job.add_argument("name", help="reminders, churn_alerts, segment_summary, …")
    job.add_argument("--now", metavar="TIME", help="run it for this moment (ISO 8601)")
    job.add_argument("--json", action="store_true", help="print what it did as JSON")
    user = commands.add_parser("user", help="add the first admin, and others").add_subparsers(
        dest="verb", required=True, metavar="add|link"
    )
    add = _add(user, "add", "users", "add a colleague", function="add")
    _config(add)
    add.add_argument("email")
    add.add_argument("--role", required=True, choices=("rep", "agent", "manager", "admin"))
    add.add_argument("--name")
    add.add_argument("--slack", metavar="U…")
    add.add_argument("--telegram", metavar="ID")
    link = _add(
        user, "link", "users", "print a link that signs in to the web chat", function="link"
    )
    _config(link)
    link.add_argument("email")


def _data(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    load = _add(commands, "import", "imports", "read a CSV file into the store")
    _config(load)
    load.add_argument("file", type=Path, nargs="?")
    kinds = ("contacts", "companies", "deals", "tickets", "orders", "activities")
    load.add_argument("--kind", choices=kinds, help="what the rows are")
    load.add_argument(
        "--map", nargs="+", default=[], metavar="their=ours", help="name their columns"
    )
    load.add_argument("--dry-run", action="store_true", help="check everything, change nothing")
    load.add_argument("--json", action="store_true", help="print the result as JSON")
    load.add_argument("--revert", type=int, metavar="ID", help="delete what an import brought")
    export = _add(commands, "export", "export", "write records to CSV files")
    _config(export)
    export.add_argument("folder", type=Path)
    export.add_argument("--kind", choices=("contacts", "companies", "deals", "tickets", "orders"))
    backup = _add(
        commands,
        "backup",
        "backup",
        "write a checked, encrypted copy of the store",
        function="backup",
    )
    _config(backup)
    backup.add_argument("file", type=Path)
    restore = _add(
        commands, "restore", "backup", "put a backup in the place of the store", function="restore"
    )
    _config(restore)
    restore.add_argument("file", type=Path)
    restore.add_argument("--replace", action="store_true", help="also when the store is not empty")


def _operation(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for name, help_ in (
        ("migrate", "bring the tables to the newest form"),
        ("status", "show the queues, the last jobs and the failed messages"),
        ("doctor", "check the configuration against the store and the platforms"),
    ):
        command = _add(commands, name, "operation", help_, function=name)
        _config(command)
        command.add_argument("--json", action="store_true", help="print it as JSON")
    audit = commands.add_parser("audit", help="check the log of changes").add_subparsers(
        dest="verb", required=True, metavar="verify"
    )
    verify = _add(
        audit,
        "verify",
        "operation",
        "find the first change that was tampered with",
        function="verify",
    )
    _config(verify)
    verify.add_argument(
        "--anchor", metavar="ROW:HEX", help="what an earlier check printed; finds a cut-off end"
    )
    verify.add_argument("--json", action="store_true", help="print it as JSON")
    manifest = _add(commands, "slack-manifest", "manifest", "print the manifest of the Slack app")
    _config(manifest)


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    module: str,
    help_: str,
    function: str = "run",
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=help_, description=help_)
    command.set_defaults(module=module, function=function, config=None)
    return command


def _config(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--config", type=Path, metavar="FILE", help="config.toml; the defaults otherwise"
    )


if __name__ == "__main__":
    sys.exit(main())
