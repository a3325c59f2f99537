"""The rules of the house that no linter knows, each also shown to fail on a planted file.

A rule takes the root of a source tree and returns what breaks it, one line each, as `path:line: why`.
"""

from __future__ import annotations

import ast
import io
import re
import statistics
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "handlers", "jobs", "crm_store")
FOLDERS = (*PACKAGES, "tests", "benchmarks")
MAX_MODULE, MEDIAN_FUNCTION, P95_FUNCTION, MAX_FUNCTION = 500, 10, 45, 80
BOUNDARIES = ("bot/router.py", "bot/scheduler.py", "bot/delivery.py")
STORE = ("crm_store/store.py",)
# Migrations run outside of the store's sessions, on the bare engine.
ENGINE = (*STORE, "crm_store/migrations/*")
# Who opens a transaction. A job's steps do so through the context that the scheduler hands them.
OPENERS = (
    "bot/__main__.py",
    "bot/app.py",
    "bot/asked.py",
    "bot/cli/*.py",
    "bot/delivery.py",
    "bot/demo/world.py",
    "bot/leadership.py",
    "bot/router.py",
    "bot/scheduler.py",
    "bot/worker.py",
    "crm_store/store.py",
    "jobs/*.py",
)
ROOMS = {
    ("aiohttp", "apscheduler", "httpx", "slack_bolt", "slack_sdk"): ("bot/*",),
    ("starlette", "telegram", "uvicorn"): ("bot/*",),
    ("alembic", "psycopg", "sqlalchemy", "sqlite3"): ("crm_store/*",),
    ("dask", "distributed", "numpy", "pandas", "scipy", "sklearn"): ("jobs/analytics/*",),
    ("matplotlib",): ("bot/charts.py",),
    ("bot",): ("bot/*",),
    ("handlers",): ("bot/*", "handlers/*"),
    ("jobs",): ("bot/*", "jobs/*"),
}
# Each costs from 50 ms to over a second at start, for what most calls do without.
HEAVY = (
    "babel",
    "distributed",
    "matplotlib",
    "numpy",
    "pandas",
    "phonenumbers",
    "scipy",
    "sklearn",
)
BY_NAME = ("import_module", "__import__")
VAGUE = {"util", "helper", "manager", "service"}
CLIENTS = {"AsyncWebClient", "AsyncWebhookClient", "WebClient", "WebhookClient"}

Rule = Callable[[Path], list[str]]


@dataclass(frozen=True, slots=True)
class Module:
    """One source file: its path from the root, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    def at(self, node: ast.AST, why: str) -> str:
        """A line of a report."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {why}"

    def is_in(self, patterns: Iterable[str]) -> bool:
        """Tell whether a pattern covers the path: `a/*` all below, `a/*.py` one folder alone."""
        return any(
            fnmatch(self.path, pattern)
            and (pattern.endswith("/*") or pattern.count("/") == self.path.count("/"))
            for pattern in patterns
        )

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call with the last part of the name that is called."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                called = node.func
                name = (
                    called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                )
                yield node, name


@cache
def modules(root: Path, folders: Sequence[str] = PACKAGES) -> tuple[Module, ...]:
    """Every module of the four packages, or of other folders."""
    paths = sorted(path for folder in folders for path in (root / folder).rglob("*.py"))
    texts = (
        (path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")) for path in paths
    )
    return tuple(Module(path, text, ast.parse(text, path)) for path, text in texts)


def long_modules(root: Path) -> list[str]:
    """A module is read in one sitting."""
    counted = [(module, len(module.text.splitlines())) for module in modules(root, FOLDERS)]
    return [
        f"{module.path}:1: {count} lines, at most {MAX_MODULE}"
        for module, count in counted
        if count > MAX_MODULE
    ]


def functions(
    root: Path, folders: Sequence[str] = PACKAGES
) -> list[tuple[Module, ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Every function with its lines, from `def` to its end, docstring and all."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [
        (module, node)
        for module in modules(root, folders)
        for node in ast.walk(module.tree)
        if isinstance(node, kinds)
    ]
    return [(module, node, (node.end_lineno or 0) - node.lineno + 1) for module, node in found]


def long_functions(root: Path) -> list[str]:
    """No function is long, also in the tests, and most of the program's are short."""
    told = [
        module.at(node, f"{node.name} has {length} lines, at most {MAX_FUNCTION}")
        for module, node, length in functions(root, FOLDERS)
        if length > MAX_FUNCTION
    ]
    lengths = sorted(length for _, _, length in functions(root))
    if lengths and statistics.median(lengths) > MEDIAN_FUNCTION:
        told.append(f"median of functions: {statistics.median(lengths)}, at most {MEDIAN_FUNCTION}")
    if lengths and lengths[int(len(lengths) * 0.95)] > P95_FUNCTION:
        told.append(
            f"p95 of functions: {lengths[int(len(lengths) * 0.95)]}, at most {P95_FUNCTION}"
        )
    return told


def broad_excepts(root: Path) -> list[str]:
    """Exactly three places catch everything: the boundaries of a call, a job and a delivery."""
    found = [(module, node) for module in modules(root) for node in _broad(module.tree)]
    told = [
        module.at(node, "catches everything")
        for module, node in found
        if module.path not in BOUNDARIES
    ]
    for path in BOUNDARIES:
        count = sum(module.path == path for module, _ in found)
        if count != 1 and (root / path).exists():
            told.append(f"{path}:1: {count} broad excepts, exactly 1")
    return told


def _broad(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or _is_broad(node.type)):
            yield node
        if isinstance(node, ast.Call) and "suppress" in ast.unparse(node.func):
            yield from (argument for argument in node.args if _is_broad(argument))


def _is_broad(kind: ast.expr) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(ast.unparse(one) in {"Exception", "BaseException"} for one in kinds)


def strange_commits(root: Path) -> list[str]:
    """Only the store makes engines and sessions and ends their transactions."""
    ends, makes = {"commit", "rollback", "begin"}, {"sessionmaker", "create_engine", "Session"}
    return [
        module.at(call, f"{name}() belongs to crm_store/store.py")
        for module in modules(root)
        if not module.is_in(ENGINE)
        for call, name in module.calls()
        if name in makes
        or (name in ends and not call.args and isinstance(call.func, ast.Attribute))
    ]


def strange_transactions(root: Path) -> list[str]:
    """Only the named modules open a transaction; a handler and a query are given a session."""
    return [
        module.at(call, "opens a transaction")
        for module in modules(root)
        if not module.is_in(OPENERS)
        for call, name in module.calls()
        if name == "transaction"
    ]


def prints(root: Path) -> list[str]:
    """What the program says goes through a surface or the log."""
    return [
        module.at(call, f"{name}()")
        for module in modules(root)
        for call, name in module.calls()
        if name in {"print", "pprint"}
    ]


def imports(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Every import below a node, also inside functions and by name, with its top package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node, node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(BY_NAME):
            names = [one.value for one in node.args if isinstance(one, ast.Constant)]
            yield from ((node, str(name).partition(".")[0]) for name in names[:1])


def strange_imports(root: Path) -> list[str]:
    """Each library has its room, and imports go one way, also lazy ones."""
    rooms = {name: places for names, places in ROOMS.items() for name in names}
    return [
        module.at(node, f"imports {name}, which stays in {', '.join(rooms[name])}")
        for module in modules(root)
        for node, name in imports(module.tree)
        if name in rooms and not module.is_in(rooms[name])
    ]


def eager_imports(root: Path) -> list[str]:
    """A heavy library is imported inside the function that needs it."""
    return [
        module.at(node, f"imports {name} when it is loaded")
        for module in modules(root)
        if not module.is_in(("jobs/analytics/*",))
        for statement in module.tree.body
        if isinstance(statement, ast.Import | ast.ImportFrom)
        for node, name in imports(statement)
        if name in HEAVY
    ]


def slow_start(root: Path) -> list[str]:
    """The command line starts without any heavy library, whoever would import it."""
    program = (
        f"import sys, bot.__main__; sys.stdout.write(' '.join({{*{HEAVY}}} & {{*sys.modules}}))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return [f"bot/__main__.py:1: cannot be imported: {done.stderr.strip()[-300:]}"]
    return [f"bot/__main__.py:1: loads {name}" for name in done.stdout.split()]


def vague_names(root: Path) -> list[str]:
    """A file is named after its subject."""
    paths = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*.py"))]
    relative = [path.relative_to(root) for path in paths]
    return [
        f"{path.as_posix()}:1: says nothing about its subject"
        for path in relative
        if VAGUE
        & {word.removesuffix("s") for word in re.split("[_/]", path.with_suffix("").as_posix())}
    ]


def unfinished(root: Path) -> list[str]:
    """What is there works; what does not is not there."""
    stubs = [
        module.at(node, "is not implemented")
        for module in modules(root)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Raise) and "NotImplementedError" in ast.unparse(node)
    ]
    promises = [
        f"{module.path}:{token.start[0]}: {token.string}"
        for module in modules(root)
        for token in tokenize.generate_tokens(io.StringIO(module.text).readline)
        if token.type == tokenize.COMMENT and re.search(r"\b(TODO|FIXME|XXX|HACK)\b", token.string)
    ]
    return stubs + promises


def retrying_clients(root: Path) -> list[str]:
    """Delivery owns every retry: a client that repeats by itself would send a message twice."""
    return [
        module.at(call, f"{name} without retry_handlers=[]")
        for module in modules(root)
        for call, name in module.calls()
        if name in CLIENTS
        and not any(
            word.arg == "retry_handlers"
            and isinstance(word.value, ast.List)
            and not word.value.elts
            for word in call.keywords
        )
    ]


RULES = (
    long_modules,
    long_functions,
    broad_excepts,
    strange_commits,
    strange_transactions,
    prints,
    strange_imports,
    eager_imports,
    slow_start,
    vague_names,
    unfinished,
    retrying_clients,
)
SHORT = "def f():\n    f()\n"


def long(lines: int) -> str:
    """A function with this many lines."""
    return "def long():\n" + "    f()\n" * (lines - 1)


PLANTED = [
    (long_modules, "bot/a.py", "\n" * (MAX_MODULE + 1)),
    (long_modules, "tests/bot/test_a.py", "\n" * (MAX_MODULE + 1)),
    (long_modules, "benchmarks/a.py", "\n" * (MAX_MODULE + 1)),
    (long_functions, "jobs/a.py", SHORT * 60 + long(MAX_FUNCTION + 1)),
    (long_functions, "jobs/a.py", SHORT * 10 + long(P95_FUNCTION + 1)),
    (long_functions, "tests/test_a.py", long(MAX_FUNCTION + 1)),
    (long_functions, "benchmarks/a.py", long(MAX_FUNCTION + 1)),
    (long_functions, "jobs/a.py", SHORT + long(MEDIAN_FUNCTION + 1) * 2),
    (broad_excepts, "bot/a.py", "try:\n    f()\nexcept Exception:\n    g()\n"),
    (broad_excepts, "handlers/a.py", "try:\n    f()\nexcept:\n    g()\n"),
    (broad_excepts, "jobs/a.py", "try:\n    f()\nexcept (OSError, BaseException):\n    g()\n"),
    (broad_excepts, "bot/a.py", "with contextlib.suppress(Exception):\n    f()\n"),
    (broad_excepts, "bot/router.py", "try:\n    f()\nexcept OSError:\n    g()\n"),
    (strange_commits, "handlers/a.py", "def f(session):\n    session.commit()\n"),
    (strange_commits, "crm_store/deals.py", "def f(session):\n    session.begin()\n"),
    (strange_commits, "bot/a.py", "make = orm.sessionmaker(engine)\n"),
    (strange_commits, "jobs/a.py", "engine = create_engine(url)\n"),
    (strange_transactions, "handlers/a.py", "with store.transaction(actor):\n    f()\n"),
    (strange_transactions, "crm_store/a.py", "store.transaction(actor)\n"),
    (strange_transactions, "jobs/analytics/a.py", "context.transaction()\n"),
    (prints, "bot/a.py", "print('x')\n"),
    (strange_imports, "handlers/a.py", "def f():\n    import sqlalchemy.orm\n"),
    (strange_imports, "bot/a.py", "from sqlalchemy import orm\n"),
    (strange_imports, "crm_store/a.py", "from handlers.wording import _\n"),
    (strange_imports, "handlers/a.py", "def f():\n    from jobs import reminders\n"),
    (strange_imports, "jobs/a.py", "import pandas\n"),
    (strange_imports, "bot/a.py", "def f():\n    import matplotlib.pyplot\n"),
    (strange_imports, "crm_store/a.py", "importlib.import_module('telegram.ext')\n"),
    (eager_imports, "handlers/a.py", "import phonenumbers\n"),
    (slow_start, "bot/__main__.py", "import babel\n"),
    (slow_start, "bot/__main__.py", "import no_such_module\n"),
    (vague_names, "bot/text_utils.py", ""),
    (vague_names, "handlers/services/a.py", ""),
    (unfinished, "jobs/a.py", "def f():\n    raise NotImplementedError\n"),
    (unfinished, "jobs/a.py", "a = 1  # TODO: more\n"),
    (retrying_clients, "bot/a.py", "client = AsyncWebClient(token=token)\n"),
    (retrying_clients, "bot/a.py", "client = web.WebClient(retry_handlers=[one])\n"),
]
SOUND = {
    "bot/__main__.py": "import bot.router\n",
    "bot/router.py": "try:\n    f = 1\nexcept Exception:\n    f = 2\n",
    "bot/slack/adapter.py": "import slack_sdk\n\ndef f():\n    c = AsyncWebClient(retry_handlers=[])\n",
    "bot/charts.py": "def draw():\n    import matplotlib\n",
    "handlers/deals.py": "def f(session):\n    from babel import numbers\n    begin(session)\n",
    "jobs/reminders.py": "def f(context):\n    context.transaction()\n",
    "jobs/analytics/churn.py": "import pandas\n",
    "crm_store/store.py": "import sqlalchemy\n\ndef f(session):\n    session.commit()\n",
    "tests/test_deals.py": long(P95_FUNCTION + 1),
    "crm_store/calendar.py": "def f(session, day):\n    occurrences.begin(session, day)\n",
}


def planted(root: Path, files: dict[str, str]) -> Path:
    """A source tree with these files."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    for package in ("bot", "bot/slack"):
        if (root / package).exists():
            (root / package / "__init__.py").touch()
    return root


@pytest.mark.parametrize("rule", RULES)
def test_the_source_keeps_the_rule(rule: Rule) -> None:
    assert "\n".join(rule(ROOT)) == ""


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_a_planted_breach_turns_the_rule_red(
    rule: Rule, path: str, text: str, tmp_path: Path
) -> None:
    told = rule(planted(tmp_path, {path: text}))
    assert len(told) == 1


@pytest.mark.parametrize("rule", RULES)
def test_a_sound_tree_is_left_alone(rule: Rule, tmp_path: Path) -> None:
    assert rule(planted(tmp_path, SOUND)) == []


def test_every_rule_has_a_planted_breach() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)
