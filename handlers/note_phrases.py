"""How people ask in sentences for what `handlers/notes.py` does.

How a phrase is written is said in `bot/understanding/templates.py`.
"""

from __future__ import annotations

NOTE = (
    (
        "(add|leave|make|write|take|put) [a|the] note (to|for|about|on) <record> "
        "(:|,|that|saying) <text>"
    ),
    "(add|leave|make|write|take|put) [a|the] note (to|for|about|on) <record>: <text>",
    "(note|remember) (for|on|about) <record> (:|,|that) <text>",
    "(note|remember) (for|on|about) <record>: <text>",
    "(note|write down|jot down) that <record> (prefers|wants|likes|needs|has|is) <text>",
    (
        "(给|在|为) <record> [里|上|那里] (加|写|添加|记|加个|写个|记个|留|加一条|"
        "写一条|记一条) [一个|一条|条|个] (备注|笔记|记录) [：|:|，|,] <text>"
    ),
    "(备注|记下) <record> (：|:|，|,) <text>",
    "记 <record> (：|:|，|,) <text>",
    (
        "~ <record> (note|notes|write down|remember|remark|noted|备注|记一下|记下|笔记|记住|备忘) "
        "[make|add|write|put|about|for|down|that|take|写|个|条|加|给|一条|关于|note] <text>"
    ),
    (
        "~ <record> (jot down|keep in mind|for the record|fyi|memo|记一笔|备忘|记上|写下|记下来|"
        "记着) [about|that|for|on|a|note|给|一条|关于] <text>"
    ),
)
CALL = (
    (
        "[i|i've|i have|we] [just] (called|phoned|rang|spoke to|spoke with|talked "
        "to|talked with|had a call with|was on the phone with) <record> (:|,|"
        "about|and|;|-|regarding) <text>"
    ),
    (
        "[i|we] [just] (called|phoned|spoke to|spoke with|talked to|talked with|"
        "had a call with) <record>: <text>"
    ),
    (
        "[i|we] [just] (called|phoned|spoke to|spoke with|talked to|talked with|"
        "had a call with) <record> <at> (:|,|about|and) <text>"
    ),
    "LOG [a|the|my] [phone] call (with|to|from) <record> (:|,|about|that) <text>",
    "LOG [a|the|my] [phone] call (with|to|from) <record>: <text>",
    (
        "[我] [刚] [刚刚] (给|跟|和|与) <record> (打了电话|打过电话|通了电话|"
        "打了个电话|通过电话|通电话了) [：|:|，|,] <text>"
    ),
    "LOG [一个|一次|一通] (和|跟|与|给) <record> 的 (电话|通话) [：|:|，|,] <text>",
    (
        "~ <record> (called|call|phoned|rang|talked|spoke|spoken|phone|phone call|"
        "telephone|telephoned|通了电话|打电话|打过电话|电话|通话) [had|a|just|LOG|log|with|to|刚|刚刚|"
        "打了|打|给|with|跟|昨天] <text> <at?>"
    ),
    (
        "~ <record> (聊了|聊过|通电话|通了话|电话沟通|打了电话|拨了|回了电话|had a phone call|on the phone|"
        "phone call|called back|gave a call|a call|reached|left a voicemail|spoke) "
        "[with|to|was|刚|跟|和|给|电话|today|just|had|i|我|this morning|this afternoon|今早|"
        "上午|下午|earlier] <text> <at?>"
    ),
    "~ <record> (电话联系|电话聊|通电话|打了个电话) [了|跟|和|给|刚|today|今天] <text> <at?>",
)
MEETING = (
    (
        "[i|we] [just] (met with|met|had a meeting with|sat down with|had lunch "
        "with) <record> (:|,|about|and|;|-|to discuss) <text>"
    ),
    "[i|we] [just] (met|met with|had a meeting with) <record>: <text>",
    "LOG [a|the|my] meeting (with|at) <record> (:|,|about|that) <text>",
    "LOG [a|the|my] meeting (with|at) <record>: <text>",
    (
        "[我] [刚] [刚刚] (跟|和|与) <record> (开了会|开会了|见了面|见面了|开了个会|"
        "会面) [：|:|，|,] <text>"
    ),
    "LOG [一个|一次] (和|跟|与) <record> 的 (会议|会面) [：|:|，|,] <text>",
    (
        "~ <record> (meeting|met|meet|开了会|开会|会议|见面|见了面|碰面|会面) [had|a|just|LOG|log|"
        "with|刚|刚刚|在|跟|和|good] <text> <at?>"
    ),
    (
        "~ <record> (sat down|lunch|coffee|demo|workshop|见面了|见了|聊了合作|碰了头|吃饭|演示|面谈) "
        "[met|with|had|for|a|over|in|at|和|跟|刚|今天|this morning] <text> <at?>"
    ),
    "~ <record> (碰头|碰了头|sat down|见了一面|聚了) [with|和|跟|了|today] <text> <at?>",
)
VISIT = (
    (
        "[i|we] [just] (visited|went to see|was at|dropped by|stopped by) <record> "
        "(:|,|and|;|-) <text>"
    ),
    "[i|we] [just] (visited|went to see) <record>: <text>",
    "LOG [a|the|my] visit (to|at) <record> (:|,|about|that) <text>",
    "LOG [a|the|my] visit (to|at) <record>: <text>",
    "[我] [刚] [刚刚] (拜访了|去了|走访了) <record> [：|:|，|,] <text>",
    "LOG [一次] [对] <record> 的 拜访 [：|:|，|,] <text>",
    "LOG (拜访|走访) <record> [：|:|，|,] <text>",
    (
        "~ <record> (visited|visit|was at|went to|dropped by|stopped by|been at|拜访|"
        "去了|走访|到访|去了趟) [had|a|just|LOG|log|to|刚|刚刚|趟|今天|客户|at] <text> <at?>"
    ),
    (
        "~ <record> (on site|on-site|in the store|at their office|swung by|popped in|"
        "drove to|拜访|到了|上门|去客户) [at|was|i|we|today|了|刚|今天|by|in] <text> <at?>"
    ),
)
EMAIL = (
    (
        "[i|we] [just] (emailed|e-mailed|wrote to|mailed|sent an email to|sent "
        "a mail to) <record> (:|,|about|and|that|-) <text>"
    ),
    "[i|we] [just] (emailed|e-mailed|wrote to|mailed) <record>: <text>",
    "LOG [an|the|my] (email|e-mail|mail) (to|with|from) <record> (:|,|about|that) <text>",
    "LOG [an|the|my] (email|e-mail|mail) (to|with|from) <record>: <text>",
    (
        "[我] [刚] [刚刚] (给|向) <record> (发了邮件|发了封邮件|发过邮件|发邮件了|"
        "写了邮件) [：|:|，|,] <text>"
    ),
    "LOG (给|和|跟) <record> 的 邮件 [：|:|，|,] <text>",
    (
        "~ <record> (emailed|email|e-mail|e-mailed|mailed|mail|wrote|邮件|发邮件|发了邮件|"
        "写了邮件) [sent|an|to|a|LOG|log|给|发|刚|发了|wrote|just|写] <text> <at?>"
    ),
    (
        "~ <record> (sent an email|sent a mail|sent mail|dropped a mail|answered by "
        "mail|已发邮件|发邮件|发了封邮件|邮件告知|写信) [to|i|we|已|给|了|just|封|today] <text> <at?>"
    ),
)
TIMELINE = (
    "SHOW [the] timeline (of|for) <record>",
    "[the] timeline (of|for) <record>",
    "[the] timeline of <record>",
    (
        "(what happened|what has happened|what has been going on|what was done|"
        "what is new|what's new) (with|at|to|for) <record> [lately|recently|"
        "so far]"
    ),
    (
        "(when did we last|when was the last time we) (talk to|speak to|contact|"
        "call|meet|speak with|talked to|spoke to|contacted|met) <record>"
    ),
    "LIST [all|the] (activities|activity|interactions) (with|for|of|on) <record>",
    "SHOW <record> [的] (时间线|动态|往来记录|跟进记录|互动记录|时间轴|沟通记录)",
    "<record> [最近] (发生了什么|有什么动态|有什么进展|有什么新情况)",
    "[我们] (上次|最近一次|最后一次) [是] (什么时候|何时) (联系|拜访|见) <record>",
    (
        "~ <record> (happened|activity|activities|timeline|latest|last|lately|"
        "recently|contacted|talked|dealings|going on|interactions|last do|动静|往来|动态|"
        "时间线|最近|联系过|互动|跟进记录|沟通记录) [what|everything|SHOW|do|on|about|we|when|did|"
        "latest|with|last|happened|什么|has|talk|contact|到|联系|有|哪些|activity|tell|"
        "recent|我们|什么时候|发生|看|all]"
    ),
    (
        "~ <record> (怎么样|how|news|what's up|going on) (最近|lately|recently|with|been) "
        "[what|has|have|been|things|at|is|了]"
    ),
)
HISTORY = (
    "SHOW [the] (history|change history|changes|audit) (of|for|to|on) <record>",
    "[the] history of <record>",
    "who (changed|edited|modified|touched|updated) <record>",
    "what (changed|was changed|has changed) (on|in|at|for|about) <record>",
    "SHOW <record> [的] (修改历史|变更历史|修改记录|变更记录|历史|历史记录|改动记录)",
    "谁 (改了|修改了|改过|动过|修改过) <record>",
    "<record> 是谁改的",
    (
        "~ <record> (changed|changes|change|history|edited|who|modified|改过|改了|修改|变更|"
        "改动|历史) [who|what|when|was|made|SHOW|what's|last|谁|什么|记录|查看|has|历史|看|哪些|最近|"
        "show|modified]"
    ),
    (
        "~ <record> (改的|谁改|edited|last edited|touched|last changed) [who|最后|是谁|was|"
        "by|是|last|it]"
    ),
)
