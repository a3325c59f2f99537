"""How people ask in sentences for what `handlers/texts.py` does.

How a phrase is written is said in `bot/understanding/templates.py`.
"""

from __future__ import annotations

THEMES = (
    "what (do|are) [our|the] (customers|clients|people) (talk|talking|write|writing|complain) about",
    "what [are] [the|our] (themes|topics) [of|in] [the] [tickets|notes|feedback]",
    "SHOW [the|our] (themes|topics|theme report|topic report|keywords)",
    "(which|what) (topics|themes|words) are (rising|falling|new|trending)",
    "what is (feedback|the feedback) about {of=feedback}",
    "what are [the|our] tickets about {of=tickets}",
    "what are [the|our] notes about {of=notes}",
    "SHOW [the] (themes|topics) of [the] <of>",
    "客户 [最近|都] [在] (谈什么|说什么|聊什么|抱怨什么|关心什么)",
    "SHOW [客户] (主题|话题|关键词|热门话题) [报告|报表]",
    "(哪些|什么) (话题|主题) [在] (上升|下降|变多|变少|热门)",
    "[最近] 工单 [都] [在] (说什么|是关于什么的|关于什么) {of=tickets}",
    "[最近] 反馈 [都] [在] (说什么|是关于什么的|关于什么) {of=feedback}",
)
ROUTING = (
    "how (good|right|accurate) (are|were) the [ticket] suggestions",
    "how often (are|were) the [ticket] suggestions right",
    "SHOW [the] (routing report|ticket suggestions report|suggestion report|routing)",
    "how well are tickets routed",
    "(工单|分派|分单) 建议 [有] (多准|准不准|准确吗|对不对)",
    "SHOW [工单] (分派|分单|建议) (报告|报表|准确率)",
)
