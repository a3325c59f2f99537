"""How people ask for the trend of a series, in English and Chinese."""

from __future__ import annotations

from crm_store.series import Topic

_ENGLISH = {
    Topic.REVENUE: "revenue|revenues|sales|turnover|order|orders|income",
    Topic.WON: "won deals|deals won|won deal|wins|closed deals",
    Topic.TICKETS: "ticket|tickets|support|support ticket|support tickets",
    Topic.COMPLAINTS: "complaint|complaints",
    Topic.LEADS: "lead|leads|new leads|new customers|new customer",
}
_CHINESE = {
    Topic.REVENUE: "收入|营收|销售额|销售|营业额|订单",
    Topic.WON: "成交|赢单|成交额|赢单金额|成交金额",
    Topic.TICKETS: "工单|客服工单|新工单|工单量",
    Topic.COMPLAINTS: "投诉|客诉|投诉量",
    Topic.LEADS: "线索|新线索|新客户|潜在客户",
}
_PERIODS = {
    "": ("", ""),
    ",every=day": ("(daily|day by day) ", "(每日|每天|按天|按日) [的] "),
    ",every=week": ("(weekly|week by week) ", "(每周|按周) [的] "),
    ",every=month": ("(monthly|month by month) ", "(每月|按月|月度) [的] "),
}
_SEEN = "trend|trends|development|season|seasons|seasonality|time series"
_SEEN_CHINESE = "趋势|走势|变化趋势|季节性|时间序列|走向"
_UP_OR_DOWN = (
    "rising|falling|growing|shrinking|going up|going down|increasing|decreasing|rising or falling"
    "|going up or down|developing|trending|evolving"
)


def _phrases(topic: Topic) -> tuple[str, ...]:
    spoken, chinese = _ENGLISH[topic], _CHINESE[topic]
    found = []
    for every, (english, han) in _PERIODS.items():
        fixed = f" {{what={topic}{every}}}"
        found += [
            f"[SHOW] [the|our] {english}({spoken}) ({_SEEN}) [report|chart]{fixed}",
            f"[SHOW] [我们的|我们|我] {han}({chinese}) [的] ({_SEEN_CHINESE}) [图|报告|报表]{fixed}",
        ]
    return (
        *found,
        f"(what is|how is|what are|SHOW) [the] ({_SEEN}) (of|in|for) [our|the] ({spoken}) {{what={topic}}}",
        f"(is|are|how is|how are) [our|the] [number of] ({spoken}) ({_UP_OR_DOWN}) {{what={topic}}}",
        f"[我们的] ({chinese}) (在|是) (上升|下降|增长|减少|涨|跌) [还是 (上升|下降|增长|减少|涨|跌)] {{what={topic}}}",
        f"[我们的] ({chinese}) [的] ({_SEEN_CHINESE}) (怎么样|如何|是什么) {{what={topic}}}",
    )


PHRASES = tuple(phrase for topic in Topic for phrase in _phrases(topic))
