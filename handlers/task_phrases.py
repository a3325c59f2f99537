"""How people ask in sentences for what `handlers/tasks.py` does.

How a phrase is written is said in `bot/understanding/templates.py`.
"""

from __future__ import annotations

ADD = (
    "remind me <due> to <text> {for=me}",
    "remind me to <text> <due> {for=me}",
    "remind me [that] <due> [:|,] <text> {for=me}",
    "<due> remind me to <text> {for=me}",
    "remind me to <text> {for=me}",
    "remind me to <text> by <due> {for=me}",
    "remind <for> to <text> <due>",
    "remind <for> <due> to <text>",
    (
        "(i need to|i have to|i must|i should|don't let me forget to|do not "
        "let me forget to|make sure i) <text> <due> {for=me}"
    ),
    "(don't let me forget to|do not let me forget to) <text> {for=me}",
    "CREATE [a] [new] (task|todo|to-do|reminder) [for me] (:|to|-|,) <text>",
    (
        "CREATE [a] [new] (task|todo|to-do|reminder) [for me] (:|to|-|,) <text> "
        "[due|by|for|on|until] <due>"
    ),
    "CREATE [a] [new] (task|todo|to-do|reminder): <text>",
    "CREATE [a] [new] (task|todo|to-do|reminder): <text> [due|by|for|on|until] <due>",
    "CREATE [a] [new] (task|todo) for <for> (:|to|-|,) <text>",
    "CREATE [a] [new] (task|todo) for <for>: <text>",
    "CREATE [a] [new] (task|todo) for <for> (:|to|-|,) <text> [due|by|for|on|until] <due>",
    "CREATE [a] [new] (task|todo|to-do) <text>",
    "put <text> on my (todo list|to-do list|task list|list) {for=me}",
    "提醒我 <due> [要|去] <text> {for=me}",
    "[在] <due> 提醒我 [要|去] <text> {for=me}",
    "提醒我 [要|去] <text> {for=me}",
    "<due> 提醒 <for> <text>",
    "提醒 <for> <due> [要|去] <text>",
    "CREATE [一个|个|一条|条] [新] [的] (任务|待办|待办事项|提醒) [：|:|，|,] <text>",
    (
        "CREATE [一个|个|一条|条] [新] [的] (任务|待办|待办事项|提醒) [：|:|"
        "，|,] <due> [，|,] <text>"
    ),
    "(别忘了|别让我忘了|不要忘记) <due> <text> {for=me}",
    "(给|为) <for> CREATE [一个|个|一条|条] (任务|待办) [：|:|，|,] <text>",
    (
        "~ (remind|ping|nudge|poke|alert|提醒|叫|通知) [me|我|about|to|记得|that|"
        "again] <due> <text> {for=me}"
    ),
    (
        "~ <due> (i have to|i need to|i must|i've to|i should|i got to|i gotta|我要|我得|"
        "我需要|我必须) [前|之前|by|before|on] <text> {for=me}"
    ),
    (
        "~ <for> (task|todo|to-do|should|must|has to|needs to|remind|ask|tell|任务|待办|"
        "让|叫|提醒|安排|要) [give|a|add|to|CREATE|assign|by|前|去|之前|新|for|new|please|note|"
        "on|that] <text> <due?>"
    ),
    (
        "~ (task|todo|to-do|任务|待办) (CREATE|new|make|put|for|note|新|记|安排) [a|me|on|"
        "list|to|CREATE|个|一条|for|my|item] <text> <due?>"
    ),
    (
        "~ (remind|don't let me forget|don't forget|do not forget|remember|记得|别忘了|"
        "不要忘了|记着|提醒) <due> [me|我|to|要|去|about|that|also|也|please] <text>"
    ),
    (
        "~ (task|todo|to-do|任务|待办|活) <for> [new|CREATE|for|派个|派|交给|安排|给|布置|个|a|an|"
        "the|to] <text> <due?>"
    ),
    "~ (ask|call|wake|叫|问) <due> (me|我) [to|about|去] <text> {for=me}",
)
LIST = (
    (
        "LIST [all] [of] [the] [my] [open] (tasks|todos|to-dos|todo list|to-do "
        "list|task list|reminders|follow-ups)"
    ),
    (
        "what (do i have to do|is on my list|is on my plate|should i do next|"
        "am i supposed to do|do i need to do|is next|is due) [today|now|next]"
    ),
    "what (tasks|todos) (do i have|are open|are due|are left)",
    "my (tasks|todos|to-dos|todo list|agenda)",
    "LIST <for>'s [open] (tasks|todos|to-do list|todo list|task list)",
    "LIST [all] [the] (tasks|todos) (of|for|assigned to) <for>",
    "what (does <for> have to do|tasks does <for> have)",
    "LIST [我] [的] [所有|全部] (任务|待办|待办事项|待办清单|任务列表) [列表|清单]",
    "我 [今天|现在|还] [有|要做|该做] (哪些|什么) [任务|待办|事|事情] [要做|要办]",
    "我的(任务|待办)[有哪些]",
    "LIST <for> 的 (任务|待办|待办事项)",
    "<for> 有 (哪些|什么) (任务|待办)",
    (
        "~ (to do|do i have|on my plate|my tasks|my todos|my to-dos|my list|to-do "
        "list|agenda|我的任务|我的待办|要做|待办事项|我有什么|有什么事) [what|anything|have|left|SHOW|"
        "today|still|tasks|todos|which|is|next|今天|事|事情|任务|待办|哪些|什么|事项|清单|open|due|看看|"
        "do]"
    ),
    (
        "~ <for> (tasks|todos|task list|to-do list|任务|待办|plate|doing|to do) [LIST|"
        "what|which|have|has|open|有|什么|哪些|的|手上|on|all|do|待办事项]"
    ),
    "~ (今天|今日|today) (要做|有什么|待办|安排|to do) [有|什么|的|what|is|my|do|事|i|have]",
)
SHOW = (
    "SHOW [the] (task|todo|reminder) <task>",
    "SHOW (任务|待办) <task>",
    (
        "~ <task> (about|details|detail|show|SHOW|what|是什么|什么|看|详情|内容|info|内容是什么) "
        "[what|what's|tell|SHOW|more|具体]"
    ),
)
DONE = (
    "(task|todo) <task> is (done|finished|complete|completed)",
    "(MOVE|mark) [the] (task|todo) <task> (as|to) (done|finished|complete|completed)",
    "done with [the] (task|todo) <task>",
    "[i am] done with [the] (task|todo) <task>",
    "(complete|finish|tick off|check off|close) [the] (task|todo) <task>",
    "(i|i have|i've) (did|done|finished|completed) [the] (task|todo) <task>",
    "(任务|待办) <task> (完成了|做完了|已完成|搞定了|办完了|做好了)",
    "(完成|做完|搞定) [了] (任务|待办) <task>",
    "[把] (任务|待办) <task> (标为|标记为|设为|标成) [已] 完成",
    (
        "~ <task> (done|finished|finish|complete|completed|tick|check off|did|"
        "through|完成|做完|搞定|办完|好了|做好) [off|i|i've|with|了|mark|as|is|已经|the|都|已]"
    ),
    (
        "~ <task> (off my list|taken care of|ready|wrapped up|completed|办妥|完事|已完成|"
        "处理完|已经完成) [is|of|i|the|with|that|了|got|have|did]"
    ),
    "~ <task> (ticked off|ticked|crossed off|勾掉|划掉) [can|be|is|了|可以|off|掉|the list]",
)
LOG = (
    "(finish|close|complete) task <task> (with|:|and note) <outcome>",
    "LOG [the] (outcome|result) of task <task> (:|,|as) <outcome>",
    "LOG [the] (outcome|result) of task <task>: <outcome>",
    "(任务|待办) <task> [的] (结果|结论) (是|为|：|:) <outcome>",
    (
        "~ <task> (ended|result|outcome|resulted|came out|结果|结论|结果是) [with|the|of|is|"
        "是|:|log|LOG] <outcome>"
    ),
)
SNOOZE = (
    (
        "(snooze|postpone|delay|push|push back|put off|defer|move|reschedule) "
        "[the] (task|todo|reminder) <task> (to|until|till|by|for) <when>"
    ),
    (
        "(snooze|postpone|delay|push|push back|put off|defer|move|reschedule) "
        "[the] (task|todo|reminder) <task> <when>"
    ),
    "remind me (about|of) task <task> [again] <when>",
    "[把] (任务|待办|提醒) <task> (推迟到|延到|延期到|改到|推到|挪到|延后到) <when>",
    "<when> 再提醒我 (任务|待办) <task>",
    "(推迟|延后) (任务|待办) <task> 到 <when>",
    (
        "~ <task> <when> [snooze|postpone|delay|push|back|put|off|defer|move|"
        "reschedule|remind|again|not|today|until|till|to|CHANGE|改到|推迟到|推迟|推到|延到|延后|再|"
        "提醒|再提醒|改|挪到|放到|延期到|不是|later|do|延迟到|稍后]"
    ),
    (
        "~ <task> <when> (wait|waits|can wait|later|hold|due|new date|put|推到|往后|等到|"
        "放一放|挪|顺延) [until|till|to|the|can|is|date|on|for|再|到|off|set]"
    ),
    "~ <task> <when> (shift|shifted|slide|bring|take) [to|until|it|on|can|wait]",
)
DELETE = (
    "DELETE [the] (task|todo|reminder) <task>",
    "DELETE (任务|待办|提醒) <task>",
    "[把] (任务|待办) <task> DELETE",
    (
        "~ <task> (DELETE|cancel|obsolete|don't need|不用做了|取消|作废|不做了|no longer "
        "needed) [DELETE|is|掉|any more|anymore|need|needed|了]"
    ),
    (
        "~ <task> (forget|skip|drop|not needed|unnecessary|no need|不需要|不必|算了|不要) "
        "[about|is|the|any more|anymore|longer|了|做|for|it|DELETE]"
    ),
)
RESTORE = (
    "RESTORE [the] [deleted] (task|todo|reminder) <task>",
    "RESTORE [已删除的] (任务|待办) <task>",
    "[把] (任务|待办) <task> RESTORE",
    (
        "~ <task> (RESTORE|back|undelete|un-delete|恢复|找回来|还原|撤销删除) [bring|deleted|"
        "get|want|delete|删掉|删除|RESTORE|来]"
    ),
)
FOLLOWUP = (
    "follow up (with|on) [the] <record> <when>",
    "follow up (with|on) [the] <record> (in|on|at) <when>",
    "follow up (with|on) [the] <record> <when> (about|to|:|,|regarding|and) <text>",
    (
        "(set|schedule|plan|create|add) [a] (follow-up|follow up|followup) (with|"
        "for|on) <record> [on|for|at] <when>"
    ),
    (
        "(set|schedule|plan|create|add) [a] (follow-up|follow up|followup) (with|"
        "for|on) <record> [on|for|at] <when> (about|to|:|,) <text>"
    ),
    "<when> follow up (with|on) <record>",
    "[在] <when> (跟进|回访|跟进回访) <record>",
    "(安排|计划) [在] <when> (跟进|回访) <record>",
    "跟进 <record> [，|,] <when>",
    "[在] <when> (跟进|回访) <record> [，|,|：|:] <text>",
    "(给|为) <record> (安排|设|设置|加) [一个|个] <when> [的] (跟进|回访)",
    (
        "~ <record> <when> (follow up|follow-up|followup|get back|check in|check "
        "back|reconnect|touch base|contact|call back|跟进|联系|回访|回复|再联系|回头) [on|with|to|"
        "let's|schedule|set|plan|a|一下|再|again|安排|reach out]"
    ),
    (
        "~ <record> <when> (call|ring|phone|talk|speak|visit|meet|write|email|nudge|"
        "ping|catch up|联系|打电话|拜访|回电|找|聊) (again|back|up|再|次|回) [with|to|i|want|"
        "should|let's|need|and|一下]"
    ),
)
EDIT = (
    "CHANGE [the] (text|wording|title) of [the] (task|todo|reminder) <task> to <text>",
    "(rename|reword) [the] (task|todo|reminder) <task> to <text>",
    "(give|hand|assign|hand over) [the] (task|todo) <task> to <for>",
    "[把] (任务|待办) <task> 的 (内容|文字|标题) CHANGE <text>",
    "[把] (任务|待办) <task> (改名为|改写为|改写成) <text>",
    "[把] (任务|待办) <task> (交给|转给|分配给|移交给) <for>",
)
