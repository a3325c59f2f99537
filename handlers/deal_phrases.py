"""How people ask in sentences for what `handlers/deals.py` does.

How a phrase is written is said in `bot/understanding/templates.py`.
"""

from __future__ import annotations

ADD = (
    (
        "CREATE [a] [new] (deal|opportunity) [called|named|:] <title> (for|with|"
        "at) <company> (worth|for|at|of|over) <amount>"
    ),
    (
        "CREATE [a|an|the] [new] (deal|opportunity) [called|named] <title> (for|"
        "with|at) <company> (worth|for|at|of|over|,) <amount>"
    ),
    (
        "CREATE [a|an|the] [new] (deal|opportunity) [called|named] <title> (for|"
        "with|at) <company>, <amount>"
    ),
    (
        "we have a [new] (deal|opportunity) (with|at) <company> (worth|over|"
        "of|for) <amount>: <title>"
    ),
    (
        "CREATE [a] [new] <amount> (deal|opportunity) [called|named|:] <title> "
        "(for|with|at) <company>"
    ),
    (
        "CREATE [a] [new] (deal|opportunity) (for|with|at) <company> (worth|"
        "of|over) <amount> (called|named|:) <title>"
    ),
    (
        "CREATE [a] [new] (deal|opportunity) [called|named|:] <title> (for|with|"
        "at) <company> (worth|for|at|of|over) <amount> (closing|to close|due|"
        "expected) [on|by] <close>"
    ),
    (
        "CREATE [一个|个] <company> 的 [新] (商机|销售机会|单子) [：|:|，|,] "
        "[叫] <title> [，|,] (金额|价值|预计) [是|为] <amount>"
    ),
    (
        "(给|为) <company> CREATE [一个|个] [新] [的] (商机|销售机会|单子) [：|"
        ":|，|,] [叫] <title> [，|,] (金额|价值|预计) [是|为] <amount>"
    ),
    (
        "(给|为) <company> CREATE [一个|个] <amount> 的 (商机|销售机会|单子) "
        "[：|:|，|,] [叫] <title>"
    ),
    (
        "~ <company> <amount> (deal|opportunity|商机|单子|销售机会) (CREATE|new|start|新|建|"
        "有|wants|log) [CREATE|worth|value|amount|金额|价值|log|叫|客户|新|有|wants|named|个|万的|"
        "named|called|预计|open|名称] <title>"
    ),
    (
        "~ <company> <amount> (deal|opportunity|商机|单子) "
        "(wants|want|would like|interested in|plans|要下|想要|打算|有意|要) "
        "[CREATE|they|for|worth|about|建个|给|名字|叫|called|named|please|roughly] <title>"
    ),
)
SHOW = (
    "SHOW [the] (deal|opportunity) <deal>",
    "SHOW [the|our|my] <deal> (deal|opportunity)",
    "SHOW [the] (deal|opportunity) (with|for|of|from) <deal>",
    (
        "(what is the (status|state) of|status of|how is|how is it going with|"
        "where are we with|what is going on with) [the] <deal> (deal|opportunity) "
        "[doing|going]"
    ),
    (
        "(what is the (status|state) of|status of|how is|where are we with) "
        "[the] (deal|opportunity) [with|for] <deal>"
    ),
    "(how is|how about|what about) [the] (deal|opportunity) <deal> [doing|going]",
    "what stage is [the] <deal> [deal] in",
    (
        "(商机|单子) <deal> (怎么样|进展如何|进展怎么样|到哪一步|到哪步|在什么阶段|"
        "什么情况|到什么阶段) [了]"
    ),
    "<deal> 这个 (商机|单子) (怎么样|进展如何|进展怎么样|到哪一步|什么情况) [了]",
    "SHOW (商机|销售机会|单子) <deal>",
    "SHOW <deal> [的] [这个|那个] (商机|销售机会|单子) [情况|详情]",
    (
        "<deal> 的 [这个] (商机|单子) (怎么样|进展如何|进展怎么样|到哪一步|到哪步|"
        "在什么阶段|什么情况|现在怎么样|到什么阶段) [了]"
    ),
    (
        "~ <deal> (how far|news|status|state|about|details|detail|doing|going|stand|"
        "stands|stage|progress|SHOW|where|info|look|进展|怎么样|哪一步|哪步|情况|什么阶段|看|详情|状态|如何|"
        "how) [what|tell|anything|new|SHOW|on|SHOW|does|at|进行|到|阶段|这单|了|with|things|"
        "the details|目前|is|跟得]"
    ),
    (
        "~ <deal> (up with|latest|update|look like|where|how|what's|怎样|咋样|近况|最新|什么进度|"
        "进度) [is|are|what|on|the|we|give me|with|at|about|goes|了|任何|any|new|thing|"
        "things]"
    ),
)
MOVE = (
    "MOVE [the] <deal> (to|into|in|as) [the] <stage> [stage|phase]",
    "MOVE [the] (deal|opportunity) <deal> (to|into|in|as) [the] <stage> [stage|phase]",
    ("MOVE [the] <deal> (deal|opportunity) (to|into|in|as|forward to) [the] <stage> [stage|phase]"),
    "MOVE [the] stage of <deal> to <stage>",
    "we (won|have won|got|closed) [the] <deal> (deal|opportunity|order) {stage=won}",
    (
        "[great news|good news|hooray|yes] [,] we (won|have won|got|closed) "
        "[the] <deal> (deal|opportunity|order) {stage=won}"
    ),
    "we (lost|have lost) [the] <deal> (deal|opportunity|order) {stage=lost}",
    (
        "we (lost|have lost) [the] <deal> (deal|opportunity|order) (because|"
        "because of|due to|since|:) <reason> {stage=lost}"
    ),
    "[the] <deal> (deal|opportunity|order) (is|was|has been) (won|signed) {stage=won}",
    "[the] <deal> (deal|opportunity|order) (is|was|has been) lost {stage=lost}",
    "[the] <deal> (deal|opportunity) is [now] in <stage> [stage|phase]",
    (
        "MOVE [the] <deal> (deal|opportunity) (to|as) lost (because|because "
        "of|due to|since|:) <reason> {stage=lost}"
    ),
    "[把] <deal> [的|这个] (商机|单子|销售机会|订单) MOVE [了] <stage> [阶段|了]",
    "把 <deal> MOVE <stage> [阶段]",
    "[把] (商机|单子) <deal> MOVE <stage> [阶段]",
    (
        "<deal> [的|这个] (商机|单子|订单|项目) (赢了|成交了|赢单了|签下来了|"
        "签了|拿下了) {stage=won}"
    ),
    "<deal> [的|这个] (商机|单子|订单|项目) (丢了|输了|输单了|没成|黄了) {stage=lost}",
    (
        "<deal> [的|这个] (商机|单子|订单|项目) (丢了|输了|输单了|黄了) [，|"
        ",] (因为|原因是|原因：) <reason> {stage=lost}"
    ),
    "<deal> [的|这个] (商机|单子) [已经|现在] (进入|到了|到|进入了) <stage> [阶段] [了]",
    "我们 (赢了|拿下了|签下了) <deal> [的|这个] (商机|单子|订单) {stage=won}",
    "我们 (丢了|输了) <deal> [的|这个] (商机|单子|订单) {stage=lost}",
    (
        "~ <deal> <stage> [stage|phase|MOVE|move|moved|moves|goes|went|now|just|"
        "close|closed|mark|marked|great|news|yes|hooray|sadly|unfortunately|finally|"
        "deal|进入|到|阶段|推进|推到|进|了|标记为|标为|状态|可惜|终于|好消息|已|we've|got|bring|put|set|change|"
        "to|been|has|推|stand|stands|should be|be|进到|转到|成|为|我们|恭喜|sign|win|won|lost]"
    ),
    (
        "~ <deal> <stage> (because|because of|due to|since|as|因为|由于|reason|原因|,|，|:|"
        "：) [MOVE|mark|marked|stage|close|sadly|unfortunately|把|标记为|可惜|原因|是|丢了|了] "
        "<reason>"
    ),
    (
        "~ <deal> (negotiating|in talks|haggling|谈判) [deal|started|now|开始|进入|with|"
        "we're|了] {stage=Negotiation}"
    ),
    "~ <deal> (qualify|qualified) [deal|now] {stage=Qualified}",
    (
        "~ <deal> (sent the proposal|sent a quote|quoted|报价了|发了报价|出了报价) [deal|for|"
        "with] {stage=Proposal}"
    ),
    (
        "~ <deal> <stage> (they|customer|client|chose|went|budget|price|客户|对方|选了|预算|"
        "价格|太贵) [deal|把|标为|标记为|丢单]"
    ),
    (
        "~ <deal> (签约了|签约|签合同了|签完|中标|成单|got signed|has signed|said yes|accepted our "
        "offer|is in the bag|in the bag|closed successfully|order came in) [deal|已经|"
        "已|那单|那个|这单|终于|了|just|customer|the customer|finally|contract|they] "
        "{stage=won}"
    ),
    (
        "~ <deal> (没戏|没戏了|丢单|跑了|取消了|泡汤|fell through|is dead|went to a competitor|"
        "said no|chose somebody else|chose someone else|rejected|turned us down|is "
        "off|cancelled) [deal|已经|已|那单|这单|了|标为|they|customer|client|our|offer|客户|彻底] "
        "{stage=lost}"
    ),
    "~ <deal> <stage> (now|现在) (in|在) [we|are|stage|phase|阶段]",
)
EDIT = (
    "CHANGE [the] (amount|value|price|size) of [the] [deal] <deal> [deal] to <amount>",
    "CHANGE [the] <deal> deal (amount|value|price|size) to <amount>",
    "CHANGE [the] <deal> (deal|opportunity) to <amount>",
    "[the] (deal|opportunity) <deal> is [now] worth <amount> [now]",
    "(make|raise|lower|increase|reduce|cut|bump) [the] (deal|opportunity) <deal> to <amount>",
    (
        "[the] (deal|opportunity) <deal> (closes|will close|should close|is "
        "expected to close) [on|by] <close>"
    ),
    "hand [over] the <deal> (deal|opportunity) to <owner>",
    "make <owner> [the] owner of [the] deal <deal>",
    "make <owner> [the] owner of [the] <deal> deal",
    "[the] <deal> (deal|opportunity) is [now] worth <amount> [now]",
    "(make|raise|lower|increase|reduce|cut|bump) [the] <deal> (deal|opportunity) to <amount>",
    (
        "CHANGE [the] (close date|closing date|expected close) of [the] [deal] "
        "<deal> [deal] to <close>"
    ),
    (
        "[the] <deal> (deal|opportunity) (closes|will close|should close|is "
        "expected to close|will be closed) [on|by] <close>"
    ),
    (
        "(give|hand|hand over|assign|transfer|reassign) [the] <deal> (deal|opportunity) "
        "[over] to <owner>"
    ),
    "(give|hand|hand over|assign|transfer|reassign) [the] deal <deal> [over] to <owner>",
    "CHANGE [the] owner of [the] deal <deal> to <owner>",
    "CHANGE [the] owner of [the] <deal> deal to <owner>",
    "rename [the] deal <deal> to <title>",
    "rename [the] <deal> deal to <title>",
    "[把] [商机] <deal> [的|这个] [商机|单子|商机的|单子的] (金额|价格|价值) CHANGE <amount>",
    (
        "[把] <deal> [的|这个] [商机|单子] [的] (预计成交日期|成交日期|关闭日期|"
        "预计成交日|成交日) CHANGE <close>"
    ),
    "[把] <deal> [的|这个] (商机|单子) (转给|交给|移交给|分给|给|分配给) <owner>",
    "[把] <deal> [的|这个] (商机|单子) 的 负责人 CHANGE <owner>",
    "[把] (商机|单子) <deal> (改名为|改名叫|重命名为|更名为) <title>",
    "<deal> [的|这个] (商机|单子) (预计|会|将) [在|于] <close> (成交|关闭|签约)",
    (
        "~ <deal> <amount> [amount|value|price|size|worth|make|raise|raised|CHANGE|"
        "set|lower|increase|reduce|cut|went|up|grew|is|now|to|down|deal|金额|价格|价值|"
        "CHANGE|改|涨到|涨|降到|降|提高到|提高|调整|增加到|现在|是|了|总额|变成|risen|dropped|comes|bump|"
        "increased]"
    ),
    (
        "~ <deal> <close> (close|closes|closing|closed by|close date|expected|expect|"
        "成交|关闭|签约|成交日期|交割|结单|预计|to close|sign|signing) [CHANGE|push|date|day|move|"
        "going|set|expect|be|due|by|to|deal|预计|会|将|日期|推到|推迟到|CHANGE|改|the|在|定在|delay|"
        "postpone|moved|expected]"
    ),
    (
        "~ <deal> <owner> [owner|owned|takes|take|over|give|hand|assign|transfer|"
        "reassign|belongs|belong|now|make|CHANGE|handle|handles|by|run|runs|转给|交给|归|"
        "负责|由|以后|跟进|移交给|分给|负责人|改|从现在起|接手|给|让|deal|pass|from now on|takes over]"
    ),
    (
        "~ <deal> (rename|call|called|name|title|改名|换个名字|名字|叫|重命名|更名|改叫) [to|from "
        "now on|CHANGE|deal|为|改为|成|now|be] <title>"
    ),
    (
        "~ <deal> <amount> (加到|减到|变成|升到|跌到|只有|值|is only|only|drops|dropped|rises|"
        "rose|grows|increases|increased|reduced|negotiated|cost|costs|for|instead) "
        "[deal|worth|to|the|is|now|value|了|现在|金额|从]"
    ),
    (
        "~ <deal> <close> (slip|slips|slipped|delayed|postponed|moves|moved|shift|"
        "shifts|due|land|lands|签|签下|延到|推迟|延期|推到|改到|定于|预计) [to|by|until|deal|closing|"
        "close date|the|is|from|了|成交|预计|会|要|再]"
    ),
    (
        "~ <deal> <owner> (接手|接管|跟|管|来跟|对接|put|look after|looks after|work on|works "
        "on|responsible|in charge|care of|inherits|gets|get) [deal|on|for|takes|is|"
        "the|now|from|以后|现在|由|把|in|charge|of]"
    ),
    (
        "~ <deal> <close> (closing|planned|plan|scheduled|计划|打算|安排) [for|on|is|close|"
        "成交|签|签约|date|of]"
    ),
    "~ <deal> <owner> (owner|负责人) [new|新|is|the|of|是|换成|变成|为|now|改]",
)
LIST = (
    (
        "LIST [all] [of] [the] [our|open|current] (deals|opportunities) [are "
        "there|are open|do we have]"
    ),
    "which (deals|opportunities) (are open|do we have|are there)",
    "LIST [all] [of] my [open|own|current] (deals|opportunities) {owner=me}",
    "which (deals|opportunities) (do i have|are mine|do i own) {owner=me}",
    "what (deals|opportunities) (do i have|am i working on|are mine) {owner=me}",
    (
        "LIST [all] [the] [open] (deals|opportunities) (in|at|that are in|which "
        "are in) [the] <stage> [stage|phase]"
    ),
    "LIST [all] [the] <stage> [stage] (deals|opportunities)",
    "which (deals|opportunities) are (in|at) <stage> [stage|phase]",
    "LIST [all] [the] [open] (deals|opportunities) (with|for|of|from|at) <company>",
    ("LIST [all] [the] [open] (deals|opportunities) [that] (belong to|owned by|of|from) <owner>"),
    "LIST [all] [of] <owner>'s [open] (deals|opportunities)",
    "what (deals|opportunities) (does <owner> have|is <owner> working on)",
    "what am i working on {owner=me}",
    "what is <owner> working on",
    "what (deals|opportunities) do we have with <company>",
    "LIST [所有|全部|当前|我们] [的] (商机|销售机会|单子) [列表]",
    "(有哪些|现在有哪些|我们有哪些|有什么) (商机|单子)",
    "LIST 我的 [所有] (商机|单子|销售机会) {owner=me}",
    "我 (有|手上有|手里有|负责) (哪些|什么) (商机|单子) {owner=me}",
    "LIST <company> 的 (所有|全部) (商机|单子)",
    "<company> 有 (哪些|什么|几个) (商机|单子)",
    "LIST [所有] [处于|在] <stage> [阶段|中] 的 (商机|单子)",
    "(哪些|什么) (商机|单子) [还] (在|处于|到了) <stage> [阶段] [中]",
    (
        "~ (my|mine|我|我的|手上|i) (deals|opportunities|pipeline deals|商机|单子) [LIST|"
        "which|what|all|open|own|手上|哪些|有|负责|什么|所有|working|current|are] {owner=me}"
    ),
    (
        "~ <owner> (deals|opportunities|working on|商机|单子) [LIST|which|what|all|open|"
        "own|在跟|跟|手上|哪些|负责|什么|所有|working|current|handle|handling|working on|多少|进行]"
    ),
    (
        "~ <company> (deals|opportunities|商机|单子) [LIST|which|what|all|open|have|has|"
        "any|with|哪些|什么|所有|都|多少|current|going|running|几个]"
    ),
    (
        "~ <stage> (deals|opportunities|商机|单子|what) [LIST|which|what|all|open|stage|"
        "phase|at|the moment|阶段|处于|哪些|什么|所有|都|现在|currently|in|sitting|还|what]"
    ),
    (
        "~ (LIST|every|all|which|what|全部|所有|哪些|列表|any) (deal|deals|opportunity|"
        "opportunities|商机|单子) [open|running|have|there|current|active|进行中|我们|LIST|"
        "every|list]"
    ),
    (
        "~ <stage> (negotiation|proposal|谈判|报价|won|lost|qualified) [what|got|have|we|"
        "is|sits|currently|有|什么|哪些]"
    ),
)
DELETE = (
    "DELETE [the] (deal|opportunity) <deal>",
    "DELETE [the] <deal> (deal|opportunity)",
    "DELETE [the] deal (with|for) <deal>",
    "DELETE (商机|单子) <deal>",
    "DELETE <deal> [的|这个] (商机|单子)",
    "[把] <deal> [的|这个] (商机|单子) DELETE",
    "[把] (商机|单子) <deal> DELETE",
    (
        "~ <deal> (DELETE|kill|mistake|don't need|作废|不要了) [DELETE|deal|was|created "
        "by mistake|duplicate|mistake|不要了|掉|any more|need]"
    ),
    (
        "~ <deal> (duplicate|by mistake|test deal|不需要|不用了|重复|建错|错了) [DELETE|deal|is|"
        "a|created|remove|it|了|是|的]"
    ),
)
RESTORE = (
    "RESTORE [the] [deleted] (deal|opportunity) <deal>",
    "RESTORE [the] <deal> (deal|opportunity)",
    "RESTORE [已删除的] (商机|单子) <deal>",
    "[把] (商机|单子) <deal> RESTORE",
    (
        "~ <deal> (RESTORE|back|undelete|un-delete|undo|恢复|找回来|还原|撤销删除) [deleted|"
        "deletion|delete|deal|删掉|删除|RESTORE|来|get|want|回来|the deletion of]"
    ),
)
