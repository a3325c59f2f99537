"""How people ask in sentences for what `handlers/tickets.py` does.

How a phrase is written is said in `bot/understanding/templates.py`.
"""

from __future__ import annotations

NEW = (
    (
        "(CREATE|file|raise|log) [a|an|the] [new] (ticket|case|support ticket) "
        "(from|for|by|with) <company> (:|,|-|about|that|saying|because) <text>"
    ),
    (
        "(CREATE|file|raise|log) [a|an|the] [new] (ticket|case|support ticket) "
        "(from|for|by|with) <company>: <text>"
    ),
    (
        "(CREATE|file|raise|log) [a|an|the] [new] (ticket|case|support ticket) "
        "(:|,|-|about|that|saying) <text>"
    ),
    "(CREATE|file|raise|log) [a|an|the] [new] (ticket|case|support ticket): <text>",
    "(CREATE|file|raise|log) [a|an|the] [new] (ticket|case|support ticket) <text>",
    (
        "(CREATE|file|raise|log) [a|an|the] [new] <priority> [priority] (ticket|"
        "case) (from|for|by) <company> (:|,|about) <text>"
    ),
    (
        "(CREATE|file|raise|log) [a|an|the] [new] <priority> [priority] (ticket|"
        "case) (from|for|by) <company>: <text>"
    ),
    (
        "<company> (complains|complained|is complaining|reports|reported|says|"
        "wrote) (that|about|:) <text>"
    ),
    "<company> (has|have) a problem (with|:) <text>",
    "CREATE [一个|个|一张|张] [新] [的] 工单 [：|:|，|,] <text>",
    "CREATE [一个|个|一张|张] <company> 的 [新] 工单 [：|:|，|,] <text>",
    "(给|为|帮) <company> CREATE [一个|个|一张|张] [新] [的] 工单 [：|:|，|,] <text>",
    "<company> (投诉|反映|反馈|报修) [说] [：|:|，|,] <text>",
    (
        "~ <company> (ticket|case|problem|issue|says|reports|reported|called|"
        "complains|complained|complaint|wrote|说|反映|投诉|问题|工单|报修|称|报) [CREATE|has|"
        "customer|report|of|raise|file|open a ticket|that|帮|报个|a|support|紧急] <text> "
        "<priority?>"
    ),
    (
        "~ (ticket|case|problem|issue|工单|报修|问题|故障) (CREATE|report|raise|file|log|开|建|"
        "报|新|提) [support|a|problem|issue|个|张] <text> <priority?>"
    ),
    "~ (报修|故障申报) <text>",
    (
        "~ <company> (broken|down|not working|doesn't work|wrong|missing|never "
        "arrived|damaged|坏了|出错|没收到|打不开|有问题|故障|收不到) (ticket|case|工单) [make|CREATE|the|"
        "a|at|开个|建个|帮忙|给] <text>"
    ),
)
SHOW = (
    "(SHOW|let me see) [the] (ticket|case) <ticket>",
    "(what is the (status|state) of|status of|how is) [the] (ticket|case) <ticket>",
    "SHOW [the] <ticket> (ticket|case)",
    "what is (up|going on) with [the] ticket <ticket>",
    "SHOW 工单 <ticket>",
    "工单 <ticket> (怎么样了|怎么样|什么情况|进展如何|处理得怎么样了|处理到哪了|什么状态)",
    (
        "~ <ticket> (show|number|new|news|about|details|detail|status|state|look|"
        "SHOW|how|up|going on|info|progress|怎么样|看|情况|进展|详情|状态|什么|如何|处理得) [anything|"
        "what|tell|SHOW|the|the details|on|what's|happening|了|到哪一步|with|is|处理]"
    ),
    (
        "~ <ticket> (happening|happened|going|progressing|progress|update|look into|"
        "进度) [what|with|any|how|what's|on|什么]"
    ),
)
ASSIGN = (
    (
        "(assign|give|hand|hand over|pass|reassign|transfer) [the] (ticket|case) "
        "<ticket> [over] to <person>"
    ),
    "(assign|give|hand|pass) <person> [the] (ticket|case) <ticket>",
    "give me [the] (ticket|case) <ticket> {person=me}",
    "(i will take|i take|i'll take|take) [the|over] (ticket|case) <ticket> {person=me}",
    "[把] 工单 <ticket> (分配给|分给|转给|交给|指派给|派给) <person>",
    "工单 <ticket> (由我处理|我来处理|归我|我来) {person=me}",
    (
        "~ <ticket> <person> [assign|give|hand|pass|transfer|take|takes|goes|handle|"
        "handles|handled|should|let|have|by|over|look at|look after|work on|works on|"
        "owner|交给|转给|分给|让|处理|由|来|派给|指派|分配给|负责|跟|接|给|看|is|for|reassign|take care of|"
        "do]"
    ),
    (
        "~ <ticket> (i'm on|i am on|i'll take|i will take|i'll do|i will do|i'll "
        "handle|i'll look|give me|mine|assign me|to me|i take|我来|归我|我处理|给我|我负责|我接) "
        "[it|assign|handle|care|take|处理|负责|接|来] {person=me}"
    ),
    (
        "~ <ticket> <person> (look into|checks|check|takes care|picks up|pick up|"
        "gets|belongs to|转|移交|归|找|由|分派|负责|看一下|assignee|responsible) [let|should|the|"
        "ask|to|of|get|is|CHANGE|改成|请|让|去|来]"
    ),
)
STATUS = (
    "工单 <ticket> (解决了|已解决) {status=solved}",
    "(MOVE|CHANGE) [the] [status of] [the] (ticket|case) <ticket> (to|as) <status>",
    "(MOVE|CHANGE) [the] status of <ticket> to <status>",
    "[把] 工单 <ticket> [的] [状态] (MOVE|CHANGE) <status>",
    "put [the] (ticket|case) <ticket> on hold {status=pending}",
    "[the] (ticket|case) <ticket> is [now] <status>",
    (
        "~ <ticket> <status> [CHANGE|mark|status|state|put|MOVE|is|been|状态|标为|标记为|设为|"
        "改|先|已|变成|现在|set|be|as]"
    ),
    (
        "~ <ticket> (on hold|hold|waiting|wait|waits|等待|等客户|挂起|搁置|暂停) [for|the|"
        "customer|client|put|CHANGE|answer|reply|客户|先|回复|is] {status=pending}"
    ),
    (
        "~ <ticket> <status> (现在|已经|改为|改成|变为|状态|is now|to be|counts as|stays|remains|"
        "still|was|got|been) [mark|the|as|ticket|了|has|just]"
    ),
    (
        "~ <ticket> (waiting for|waits for|need an answer|pending|parked|park|等|等待|"
        "暂缓|先放|搁置) [answer|reply|customer|client|客户|回复|put|the|the customer|an|from|"
        "information|parts|一下|着] {status=pending}"
    ),
)
PRIORITY = (
    "(MOVE|CHANGE) [the] priority of [the] [ticket|case] <ticket> to <priority>",
    "(MOVE|CHANGE) [the] [ticket|case] <ticket> to <priority> priority",
    "(make|mark) [the] (ticket|case) <ticket> [as] <priority> [priority]",
    "(raise|lower) [the] priority of ticket <ticket> to <priority>",
    "(raise|lower) [the] ticket <ticket> to <priority>",
    "[the] ticket <ticket> is <priority>",
    "[把] 工单 <ticket> 的 优先级 (MOVE|CHANGE|提高到|提到|降到|降为|升为) <priority>",
    "把工单 <ticket> CHANGE <priority> [优先级]",
    (
        "~ <ticket> <priority> [priority|make|CHANGE|raise|lower|set|mark|escalate|"
        "urgency|very|is|has|very|优先级|很|调|调低|调高|改|提高|降低|设为|变成|升级|升为|非常|特别|设|bump|"
        "upgrade|downgrade|treat]"
    ),
    (
        "~ <ticket> (not urgent|isn't urgent|no longer urgent|不急|不紧急) <priority> "
        "[any more|anymore|make|it]"
    ),
    (
        "~ <ticket> <priority> (bump|step up|important|treat|priority|asap|first|"
        "needs|rank|升级|升到|改为|设成|标成|加急|降级|属于|变) [as|to|up|it|be|is|the|the priority|成|"
        "为|着急|of]"
    ),
    "~ <ticket> <priority> (attention|needs|treated|要|得|需要) [be|as|加急|处理|to]",
)
QUEUE = (
    "(put|move|route|send) [the] (ticket|case) <ticket> (into|to|in) [the] queue <queue>",
    "(put|move|route|send) [the] (ticket|case) <ticket> (into|to|in) [the] <queue> queue",
    "CHANGE [the] queue of [the] (ticket|case) <ticket> to <queue>",
    "[the] (ticket|case) <ticket> (belongs|goes) (into|in|to) [the] <queue> queue",
    "[把] 工单 <ticket> (放入|放到|转入|分到|移到) 队列 <queue>",
    "[把] 工单 <ticket> (放入|放到|转入|分到|移到) <queue> 队列",
    "[把] 工单 <ticket> 的 队列 CHANGE <queue>",
)
REPLY = (
    "(reply|answer|respond) [to] [the] (ticket|case) <ticket> (:|,|that|with|saying) <text>",
    "(reply|answer|respond) [to] [the] (ticket|case) <ticket>: <text>",
    "(tell|write) [the] customer (of|in|on) ticket <ticket> (:|,|that) <text>",
    "(tell|write) [the] customer (of|in|on) ticket <ticket>: <text>",
    "回复工单 <ticket> [：|:|，|,| ] <text>",
    "(给|在) 工单 <ticket> [里] 回复 [：|:|，|,] <text>",
    (
        "~ <ticket> (reply|respond|answer|write back|write|tell|回复|答复|回|告诉) "
        "[customer|client|that|客户|on|say|说|reply] <text>"
    ),
    (
        "~ <ticket> (tell them|tell the customer|let them know|inform the customer|"
        "message the customer|write them|answer them|跟客户说|告诉客户|通知客户|给客户回) [on|in|"
        "that|for|一下|说|of|and] <text>"
    ),
)
NOTE = (
    (
        "(note|add a note|leave a note|write a note|put a note|comment) (on|"
        "to|in|for) [the] (ticket|case) <ticket> (:|,|that|saying) <text>"
    ),
    (
        "(note|add a note|leave a note|write a note|put a note|comment) (on|"
        "to|in|for) [the] (ticket|case) <ticket>: <text>"
    ),
    (
        "(给|在|为) 工单 <ticket> [里|上] (加|写|添加|记|加个|写个|留) [一个|"
        "一条|条] [内部] (备注|笔记) [：|:|，|,] <text>"
    ),
    (
        "~ <ticket> (note|internal|comment|add|remark|备注|笔记|批注) [add|internal|note|i|"
        "a|for|that|加|写|个|条|内部|在|添加|leave|remember] <text>"
    ),
    (
        "~ <ticket> (jot down|write down|record|for the team|internally|memo|写一条|记一笔|"
        "记一下|记录) [note|internal|备注|内部|that|on|a|条] <text>"
    ),
)
CLOSE = (
    "(close|finish|resolve|solve|shut) [the] (ticket|case) <ticket>",
    (
        "(close|finish|resolve|solve|shut) [the] (ticket|case) <ticket> (:|,|"
        "because|with|saying) <text>"
    ),
    "(close|finish|resolve|solve|shut) [the] (ticket|case) <ticket>: <text>",
    (
        "[the] (ticket|case) <ticket> (is done|is finished|is fixed|"
        "can be closed|is sorted|is sorted out)"
    ),
    "(关闭|关掉|结束|关) 工单 <ticket>",
    "[把] 工单 <ticket> (关闭|关掉|关了|结束|结了) [吧]",
    "工单 <ticket> (解决了|已解决|处理完了|搞定了|可以关了|可以关闭了)",
    (
        "~ <ticket> (close|closed|finish|finished|done|sorted|shut|resolve|complete|"
        "end|关|关掉|关闭|关了|关单|结束|搞定|完结|结单|fixed) [close|is|out|can|be|solved|解决|掉|了|吧|"
        "可以|all|it|mark|as]"
    ),
    (
        "~ <ticket> (close|shut|finish|resolve|关闭|关掉|关了|关) [because|customer|因为|"
        "with] <text>"
    ),
    (
        "~ <ticket> (fixed|works again|customer is happy|all good|that's it for|"
        "close|修好|修好了|没问题了|可以关了|处理好|处理好了|弄好了|办好) [close|is|it|now|the|and|please|了|"
        "已经|可以|关|关掉|关了|吧|again|all]"
    ),
    "~ <ticket> (处理完|处理完了|完成了|可以关闭|可以关) [了|已经|关闭|关]",
)
REOPEN = (
    "(reopen|re-open|open again|open up again) [the] (ticket|case) <ticket>",
    "open [the] (ticket|case) <ticket> again",
    "(重新打开|重开|重新开启|再打开) 工单 <ticket>",
    "[把] 工单 <ticket> (重新打开|重开|重新开启)",
    (
        "~ <ticket> (reopen|re-open|open again|again|not solved|重新打开|重开|再打开|重新开启|再开) "
        "[open|not|solved|fixed|isn't|没解决|没|解决|打开|still|broken|back]"
    ),
    (
        "~ <ticket> (back again|happened again|still broken|not fixed|came back|not "
        "done|又坏了|又出现|没修好|没弄好|还有问题) [reopen|open|again|is|the|problem|it|重新|打开|了|"
        "please]"
    ),
)
LIST = (
    "LIST [all] [of] [the] [our|open|current] (tickets|cases) [are there|are open|do we have]",
    "[are there] any [open] (tickets|cases)",
    "which (tickets|cases) (are open|do we have|are there|are waiting)",
    "LIST [all] [of] my [open|own|current] (tickets|cases) {assignee=me}",
    (
        "(which|what) (tickets|cases) (do i have|are mine|are assigned to me|"
        "are on my plate) {assignee=me}"
    ),
    "LIST [all] [the] (tickets|cases) assigned to <assignee>",
    "LIST [all] [of] <assignee>'s [open] (tickets|cases)",
    "LIST [all] [the] [open] (tickets|cases) (from|of|for|by) <company>",
    "LIST [all] [the] <status> (tickets|cases)",
    "(which|what) (tickets|cases) are <status>",
    "(has|does) <company> (have [any] open tickets|any open tickets|any tickets)",
    "LIST [所有|全部|当前|我们] [的] [未关闭的] 工单 [列表]",
    "(有哪些|现在有哪些|我们有哪些|有什么) 工单",
    "我的工单 {assignee=me}",
    "LIST 我的 工单 {assignee=me}",
    "我 (有|手上有|手里有|负责) (哪些|什么) 工单 {assignee=me}",
    "LIST (分配给|分给) <assignee> 的 工单",
    "LIST <company> 的 (所有|全部) 工单",
    "<company> 有 (哪些|什么|几个|几张) 工单",
    "LIST [所有] <status> [状态] 的 工单",
    "哪些 工单 [还] [是|在] <status> [的|中|状态]",
    (
        "~ (my|mine|for me|assigned to me|waiting for me|i|我|我的|手上) (tickets|cases|"
        "工单) [LIST|open|which|what|all|waiting|assigned|哪些|有|什么|所有|未解决|my|work on] "
        "{assignee=me}"
    ),
    (
        "~ <assignee> (tickets|cases|工单) [LIST|open|which|what|all|have|has|got|"
        "assigned|手上|哪些|有|什么|所有|负责|未解决|working on|处理]"
    ),
    (
        "~ <company> (tickets|cases|工单) [LIST|open|which|what|all|have|has|got|any|"
        "哪些|有|什么|所有|都|未解决|from|the|current|几张|多少]"
    ),
    "~ <status> (tickets|cases|工单) [LIST|which|what|all|哪些|有|什么|所有|the]",
    (
        "~ (LIST|what|which|all|any|every|哪些|所有|全部|列表|还有) (tickets|cases|工单) [open|"
        "have|unsolved|unresolved|没解决|未解决|未关闭|LIST|我们|there|现在|current|are there|哪些|"
        "list|没处理]"
    ),
    (
        "~ <company> (tickets|cases|工单) (came|come|raised|sent|opened|filed|got|"
        "reported|提|报|开|来) [which|what|from|by|has|the|了|哪些|什么|for]"
    ),
    "~ <assignee> (support|tickets|cases|客服) [what|working|on|in|doing|is|work|does]",
)
DELETE = (
    "DELETE [the] (ticket|case) <ticket>",
    "DELETE 工单 <ticket>",
    "[把] 工单 <ticket> DELETE",
    (
        "~ <ticket> (DELETE|spam|kill|away|throw|垃圾|作废) [DELETE|throw|away|was|is|"
        "ticket|mistake|duplicate|了|掉|是]"
    ),
)
RESTORE = (
    "RESTORE [the] [deleted] (ticket|case) <ticket>",
    "RESTORE [已删除的] 工单 <ticket>",
    "[把] 工单 <ticket> RESTORE",
    (
        "~ <ticket> (RESTORE|back|undelete|un-delete|找回来|恢复|还原|撤销删除) [bring|deleted|"
        "get|want|delete|删掉|删除|RESTORE|来]"
    ),
)
EDIT = (
    "CHANGE [the] (subject|title) of [the] (ticket|case) <ticket> to <subject>",
    "(rename|retitle) [the] (ticket|case) <ticket> to <subject>",
    "CHANGE [the] (customer|company) of [the] (ticket|case) <ticket> to <company>",
    "CHANGE [the] (kind|type) of [the] (ticket|case) <ticket> to [a] <kind>",
    "[把] 工单 <ticket> 的 (主题|标题) CHANGE <subject>",
    "[把] 工单 <ticket> (改名为|改名成|重命名为|更名为) <subject>",
    "[把] 工单 <ticket> 的 (客户|公司) CHANGE <company>",
)
SEND = (
    (
        "send [the|my] [last|latest|newest] (note|internal note) (on|of|from) [the] "
        "(ticket|case) <ticket> to the customer"
    ),
    "send the customer [the|my] [last|latest|newest] note (on|of|from) [the] (ticket|case) <ticket>",
    "[把] 工单 <ticket> 的 [最新|最后] [的|一条] [内部] 备注 (发给|发送给|转给) 客户",
    "(发给|发送给) 客户 工单 <ticket> 的 [最新|最后] [的|一条] 备注",
)
UNSEND = (
    "(do not|don't) send [the|my] (reply|answer) (on|to|of|in) [the] (ticket|case) <ticket>",
    (
        "(hold back|keep back|take back|unsend|recall|stop) [the|my] (reply|answer) "
        "(on|to|of|in) [the] (ticket|case) <ticket>"
    ),
    "(撤回|收回|拦下) [我] [在] 工单 <ticket> 的 (回复|答复)",
    "[先] (不要|别) 发 [送] 工单 <ticket> 的 (回复|答复)",
)
