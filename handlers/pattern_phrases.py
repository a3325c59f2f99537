"""How people ask in sentences for what `handlers/patterns.py` does.

How a phrase is written is said in `bot/understanding/templates.py`.
"""

from __future__ import annotations

TREE = (
    "(grow|draw|build|make|show) [me] (a|the) [decision] tree (for|of|on|over|about) <outcome>",
    "what signs (tell|show|foretell|predict) <outcome>",
    "which signs (tell|show|foretell|predict) <outcome>",
    "find [the] (rules|signs|patterns) (for|of|behind) <outcome>",
    "(画|做|建|生成|显示)[一个|一棵|个|棵] <outcome> [的] 决策树",
    "找[一下] <outcome> [的] (规律|规则|特征|征兆)",
    (
        "~ (decision tree|tree|signs|rules|patterns|决策树|规律|征兆|规则) [which|what|tell|for|of|"
        "find|draw|show|a|the|画|找|的] <outcome>"
    ),
)
REGRESSION = (
    "(run|do|make|show) [me] (a|the) regression (of|for|on) <target>",
    "run a regression of <target> on <by>",
    "how does <target> depend on <by>",
    "what does <target> depend on",
    "[做] <target> 对 <by> [的] 回归[分析]",
    "<target> (取决于什么|受什么影响|和什么有关)",
    "做[一个|个] <target> [的] 回归[分析]",
    (
        "~ (regression|depend on|depends on|regress|回归|取决于|受什么影响) [a|of|on|what|does|how|"
        "run|做|的|分析] <target>"
    ),
)
