"""Words in text that is written without spaces, found by how its characters keep company.

For keywords that people read; a dictionary would not know a shop's products. Not here: labels for
texts, which need no words (`text_models.py`).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

LONGEST = 4  # characters in a word
MIN_COUNT = 5  # times that a string must occur to be looked at
COHESION = 2.0  # nats by which the parts occur together more often than by chance
FREEDOM = 1.0  # nats of surprise about the neighbour on the poorer side
SWALLOWED = 0.6  # of a string's occurrences within one longer word: then it is a part of that word
# Characters that join or colour what stands beside them; no word that says something begins or
# ends with one of these.
GLUE = frozenset(
    "的了是我你他她它们这那也都就还又很太真挺最更再在和与跟及或把被给对从到向于为以而但因所"
    "吗呢吧啊呀哦嗯么个些着过得地之其此每各几一二两三有没不要会能可说看用买让去来上下里"
)
# Words that colour or join sentences about anything.
STOP_WORDS = frozenset(
    {"自己", "已经", "非常", "知道", "感觉", "比较", "时候", "如果", "应该", "虽然", "然后", "还是"}
    | {
        "真的",
        "特别",
        "东西",
        "但是",
        "因为",
        "所以",
        "没有",
        "可以",
        "今天",
        "第一次",
        "开始",
        "希望",
    }
    | {
        "大家",
        "就是",
        "什么",
        "怎么",
        "非常好",
        "您好",
        "你好",
        "谢谢",
        "请问",
        "麻烦",
        "我们",
        "这个",
    }
)


def vocabulary(runs: Sequence[str]) -> dict[str, int]:
    """Find the words in runs of characters, each with how often it occurs.

    A string is a word when its parts keep together (the least pointwise mutual information over the
    ways to cut it in two) and it keeps company with many (the entropy of its neighbours on the
    poorer side; Harris 1955, and Feng et al. 2004, "Accessor Variety Criteria"). The end of a run is
    a different neighbour each time. What mostly occurs within one longer word is no word.
    """
    counts = Counter(
        run[at : at + size]
        for run in runs
        for size in range(1, LONGEST + 1)
        for at in range(len(run) - size + 1)
    )
    total = sum(map(len, runs))
    together = {
        string: count
        for string, count in counts.items()
        if len(string) > 1
        and count >= MIN_COUNT
        and string[0] not in GLUE
        and string[-1] not in GLUE
        and string not in STOP_WORDS
        and _cohesion(string, counts, total) >= COHESION
    }
    free = _free(runs, together)
    found = {string: together[string] for string in free}
    for string, count in list(found.items()):
        for part in _parts(string):
            if part in found and count >= SWALLOWED * counts[part]:
                del found[part]
    return found


def _cohesion(string: str, counts: Mapping[str, int], total: int) -> float:
    """Give the least pointwise mutual information of the two halves over all cuts, in nats."""
    most = max(counts[string[:cut]] * counts[string[cut:]] for cut in range(1, len(string)))
    return float(np.log(counts[string] * total / most))


def _free(runs: Iterable[str], strings: Collection[str]) -> list[str]:
    """Give the strings whose neighbours on both sides can hardly be guessed."""
    before: dict[str, Counter[str]] = {string: Counter() for string in strings}
    after: dict[str, Counter[str]] = {string: Counter() for string in strings}
    for run in runs:
        for size in range(2, LONGEST + 1):
            for at in range(len(run) - size + 1):
                string = run[at : at + size]
                if string in before:
                    before[string][run[at - 1] if at else ""] += 1
                    after[string][run[at + size : at + size + 1]] += 1
    return [
        string
        for string in strings
        if min(_entropy(before[string]), _entropy(after[string])) >= FREEDOM
    ]


def _entropy(neighbours: Counter[str]) -> float:
    """Give the entropy in nats; each end of a run counts as a neighbour of its own."""
    ends = neighbours.get("", 0)
    numbers = [count for neighbour, count in neighbours.items() if neighbour] + [1] * ends
    share = np.array(numbers) / sum(numbers)
    return float(-(share * np.log(share)).sum())


def _parts(string: str) -> list[str]:
    """Give the shorter strings of two characters or more within a string."""
    return [
        string[at : at + size]
        for size in range(2, len(string))
        for at in range(len(string) - size + 1)
    ]


def cut(run: str, words: Collection[str]) -> list[str]:
    """Give the words in a run from left to right, the longest first; what is no word is left out."""
    found: list[str] = []
    at = 0
    while at < len(run) - 1:
        sizes = range(min(LONGEST, len(run) - at), 1, -1)
        word = next((run[at : at + size] for size in sizes if run[at : at + size] in words), "")
        if word:
            found.append(word)
        at += len(word) or 1
    return found
