"""`rapport export`: a CSV file per kind of record, in UTF-8 as spreadsheets expect it.

Which columns there are stands in `crm_store/exports.py`.
"""

from __future__ import annotations

import argparse
import csv
import os
from functools import partial
from pathlib import Path

from bot.cli.backup import UNREACHABLE, existing_store
from bot.cli.common import Refused, say
from bot.config import Config
from crm_store import exports
from crm_store.spreadsheets import BOM
from crm_store.store import Store, StoreUnavailable


def run(arguments: argparse.Namespace, config: Config) -> int:
    """Write the files; one that is there already is refused before anything is written."""
    kinds = (arguments.kind,) if arguments.kind else exports.KINDS
    files = {kind: arguments.folder / f"{kind}.csv" for kind in kinds}
    there = [str(file) for file in files.values() if file.exists()]
    if there:
        raise Refused(f"{', '.join(there)} exists already; name another folder.")
    store = existing_store(config)
    try:
        store.upgrade()
        arguments.folder.mkdir(parents=True, exist_ok=True)
        for kind, file in files.items():
            count = _write(store, kind, file)
            say(f"{count:,} {exports.SINGULAR[kind] if count == 1 else kind} in {file}")
    except StoreUnavailable as error:
        raise Refused(UNREACHABLE) from error
    except OSError as error:
        raise Refused(f"{arguments.folder} cannot be written: {error.strerror}.") from error
    finally:
        store.close()
    return 0


def _write(store: Store, kind: str, file: Path) -> int:
    part = file.with_name(f".{file.name}.part")
    count = -1  # the titles are no record
    try:
        with (
            open(
                part, "w", encoding="utf-8", newline="", opener=partial(os.open, mode=0o600)
            ) as out,
            store.reading() as session,
        ):
            out.write(BOM)
            writer = csv.writer(out)
            for row in exports.rows(session, kind):
                writer.writerow(row)
                count += 1
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return count
