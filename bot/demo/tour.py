"""The tour: a rep, an agent and a manager at work on one store, and each scheduled job once."""

from __future__ import annotations

from dataclasses import dataclass

from bot.demo import sample
from bot.demo.world import World


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody types a line; `why` says what it shows, where that is not plain."""

    who: str
    line: str
    why: str = ""


SCENES: tuple[tuple[str, tuple[Step, ...]], ...] = (
    (
        "A rep starts the week",
        (
            Step("rita", "task list"),
            Step("rita", "deal list owner=me"),
            Step("rita", "deal show first", "“first” counts in the last list."),
            Step("rita", 'company add "Nordic Tableware AB" city=Stockholm industry=retail'),
            Step(
                "rita",
                'deal add "Opening order" company="Nordic Tableware AB" amount=12k close=friday',
            ),
            Step("rita", "deal move it proposal sent the offer by mail"),
            Step("rita", "undo", "Every write can be taken back."),
            Step("rita", "call log it she likes the blue bowls, decides on Thursday"),
            Step("rita", "followup it thu 10:00 ask for the decision"),
            Step("rita", 'timeline "Nordic Tableware AB"'),
            Step("rita", "find harbour"),
        ),
    ),
    (
        "Nobody has to know a command",
        (
            Step("rita", "what do we know about Nordic Tableware?"),
            Step("rita", "please move the Opening order to negotiation"),
            Step("rita", "1", "Button 1: only now something is changed."),
            Step("rita", "what will the weather be like tomorrow?"),
        ),
    ),
    (
        "A line that is not quite right is never guessed at",
        (
            Step("rita", "deal mvoe 1 won"),
            Step("rita", "deal add Lamp company=1 amount=NaN"),
            Step("agnes", "deal move 1 won", "Agents may read deals, not move them."),
        ),
    ),
    (
        "An agent takes care of a customer",
        (
            Step(
                "agnes",
                'ticket new "Two boxes arrived broken" company="Nordic Tableware AB" priority=high kind=complaint',
            ),
            Step("agnes", "ticket assign it me"),
            Step("agnes", "ticket reply it A replacement left our warehouse today."),
            Step("agnes", "ticket close it"),
            Step("agnes", "ticket list assignee=me"),
        ),
    ),
    (
        "A manager looks at the whole",
        (
            Step("mona", "report pipeline"),
            Step("mona", "report tickets"),
            Step("mona", "report forecast"),
            Step(
                "mona",
                'digest add report pipeline every="monday 9:00" to=me',
                "Any report can come by itself.",
            ),
        ),
    ),
    (
        "两种语言",
        (
            Step("milo", "settings language=zh"),
            Step("milo", "我有哪些任务？"),
            Step("milo", "deal list owner=me"),
        ),
    ),
)
JOBS = (
    ("reminders", "Every minute: what is due, and which deals went quiet"),
    ("churn_alerts", "Every morning: who is about to leave, and why"),
    ("segment_summary", "Every Monday: the customers in groups, and who moved"),
)


def play(world: World) -> None:
    """Play every scene, then run each scheduled job once and show the messages that it owes."""
    names = {short: name for short, name, _role in sample.TEAM}
    for title, steps in SCENES:
        _heading(world, title)
        for step in steps:
            note = f"   ({step.why})" if step.why else ""
            world.out.write(f"{names[step.who]} › {step.line}{note}\n")
            world.terminals[step.who].say(step.line)
    for job, title in JOBS:
        _heading(world, title)
        world.out.write(f"rapport job {job}: {world.run_job(job)}\n\n")
        world.deliver()


def _heading(world: World, title: str) -> None:
    world.out.write(f"── {title} {'─' * max(3, 74 - len(title))}\n\n")
    world.out.flush()
