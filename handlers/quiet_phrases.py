"""How people ask in sentences for being told and for being left in peace: settings, leave, mutes, channels, messages.

How a phrase is written is said in `bot/understanding/templates.py` and `bot/understanding/loosely.py`.
"""

from __future__ import annotations

PREFERENCE_LIST = (
    "(what am i told|what do you tell me) [and] [when]",
    "when (do|may|will) you (disturb|message|notify) me",
    "SHOW [my] (preferences|notification settings|notification preferences|quiet hours)",
    "what are my (preferences|notification settings|quiet hours)",
    "SHOW [我 的] (通知设置|通知偏好|偏好设置|免打扰设置|免打扰时间)",
    "我 的 (通知设置|通知偏好|免打扰时间) [是 什么|是 怎样 的|有 哪些]",
    "你 (什么 时候|何时) (会 通知|通知|打扰) 我",
)
PREFERENCE_SET = (
    "CHANGE my quiet hours to <value> {name=quiet}",
    "my quiet hours are [now] <value> {name=quiet}",
    "(do not|don't|never) (disturb|message|notify|bother) me (between|from) <value> {name=quiet}",
    "(send|tell) me (at most|no more than) <value> messages (a|per) day {name=budget}",
    "[把] [我 的] (免打扰 时间|免打扰 时段|安静 时间) CHANGE <value> {name=quiet}",
    "<value> (不要|别|请勿) 打扰 我 {name=quiet}",
    "每天 (最多|不超过) [给 我] [发] <value> 条 (消息|通知) {name=budget}",
)
PREFERENCE_ROLE = (
    "CHANGE [the] quiet hours (of|for) [the] role <role> to <value> {name=quiet}",
    "[the] role <role> (starts with|has|gets) [the] quiet hours <value> {name=quiet}",
    "[把] 角色 <role> 的 (免打扰 时间|免打扰 时段|安静 时间) CHANGE <value> {name=quiet}",
    "角色 <role> 每天 (最多|不超过) <value> 条 (消息|通知) {name=budget}",
)
LEAVE_ADD = (
    (
        "~ <from> <until> (leave|vacation|on holiday|time off|days off|am away|am off|be away|be off|"
        "out of office|请假|休假|年假|不在公司|度假) [until|till|to|from|take|i'll|be|am|my|enter|add|"
        "到|至|不在|要|从|登记]"
    ),
)
LEAVE_LIST = (
    "when am i (away|on leave|on vacation|off)",
    "when is <for> (away|on leave|on vacation|off)",
    "(LIST|what is) my [planned|coming] (leave|leaves|vacation|vacations|time off)",
    "LIST [the] (leave|vacation|time off) of <for>",
    "我 (什么 时候|何时|哪天|哪几天) (请假|休假|放假)",
    "LIST [我 的] (请假|休假) [记录|安排]",
    "<for> (什么 时候|何时|哪天|哪几天) (请假|休假)",
)
LEAVE_CANCEL = (
    "(cancel|take back|DELETE) [my|the] (leave|vacation) [number] <leave>",
    "(取消|撤销|删除) [我 的] (请假|休假) <leave>",
    "[把] (请假|休假) <leave> (取消|撤销|删除) [掉]",
)
HOLIDAY_ADD = (
    "CREATE [a|the] [public] holiday <name> on <on>",
    "CREATE [a|the] [public] holiday <name> on <on> (in|to) [the] calendar <calendar>",
    "CREATE <name> on <on> as a [public] holiday",
    "<on> is a [public] holiday (:|,) <name>",
    "CREATE (节假日|假日|公共假期) <name> [，|,] <on>",
    "<on> 是 (节假日|假日|公共假期) (：|:|，|,) <name>",
)
HOLIDAY_LIST = (
    "(which|what) [public] holidays (are there|are coming|are coming up|do we have|are entered|are next)",
    "LIST [all] [the|our] [public|coming|next] holidays",
    "when is the next [public] holiday",
    "[我们|接下来|今年] 有 (哪些|什么) (节假日|假日|公共假期)",
    "LIST [所有|全部|接下来 的] (节假日|假日|公共假期)",
)
HOLIDAY_REMOVE = (
    "DELETE [the] [public] holiday (on|of) <on>",
    "DELETE [the] [public] holiday (on|of) <on> from [the] calendar <calendar>",
    "<on> is (no longer a|not a|no) [public] holiday [any more|anymore]",
    "DELETE <on> [的|这个] (节假日|假日|公共假期)",
    "[把] <on> 的 (节假日|假日|公共假期) DELETE",
    "<on> 不 (再 是|是) (节假日|假日|公共假期) [了]",
)
MUTE = (
    "(mute|silence) <what> until <until> [,] (because of|because|since|as) <reason>",
    "(mute|silence) <what> for everyone until <until> [,] (because of|because|since|as) <reason> {for=everyone}",
    (
        "(do not tell me|don't tell me|nothing) [anything] about <what> until <until> [,] "
        "(because of|because|since|as) <reason>"
    ),
    "(mute|silence) this channel until <until> [,] (because of|because|since|as) <reason> {what=here}",
    "(静音|屏蔽) <what> (到|直到) <until> [，|,] 因为 <reason>",
    "[把] <what> (静音|屏蔽) (到|直到) <until> [，|,] 因为 <reason>",
    "<until> (之前|前|以前) (不要|别) [再] (通知 我|提醒 我|告诉 我) <what> 的 (消息|事|更新) [，|,] 因为 <reason>",
)
MUTES = (
    "what (is|have i) muted",
    "what did i mute",
    "LIST [all] [the|my] [current] mutes",
    "(静音|屏蔽) 了 (什么|哪些)",
    "我 (静音|屏蔽) 了 (什么|哪些 [消息|记录|内容])",
    "LIST [所有|我 的] 静音 [列表]",
)
UNMUTE = (
    "(end|stop|lift|cancel|remove|take off) [the|my] mute [number] <mute>",
    "(取消|结束|解除) 静音 <mute>",
    "[把] 静音 <mute> (取消|结束|解除) [掉]",
)
CHANNEL_MODE = (
    (
        "(show|put|post|send|keep) [the] updates [of a record] [here] in [a|the|their|its] (thread|"
        "threads) [here] {mode=thread}"
    ),
    (
        "(let|make) [the] updates [of a record] [here] (replace|take the place of|overwrite) the last "
        "message [here] {mode=edit}"
    ),
    (
        "(show|post|send) (each|every) update [here] (separately|as a message of its own|on its own|"
        "one by one) [here] {mode=separate}"
    ),
    "[把] [这里|本 频道] [的] 更新 (放|发|显示) (在|到) (话题|消息列|线程|讨论串) [里|中] {mode=thread}",
    "[让] [这里|本 频道] [的] 更新 (替换|覆盖) (上一条|最后 一条) 消息 {mode=edit}",
    "[这里|本 频道] [的] 每 (条|次) 更新 (单独|分别) (发送|发) [一条] [消息] {mode=separate}",
)
CHANNEL_LIST = (
    "(which|what) channels (are set up|were set up|are there|do we have|are connected)",
    "LIST [all] [the|our] channels",
    "(设置|配置) 了 哪些 频道",
    "[我们|系统 里] 有 哪些 频道",
    "LIST [所有|全部] 频道",
)
NOTICE_LIST = (
    "what (was i|have i been|were we) told [lately|recently|today]",
    "what did you tell me [lately|recently|today]",
    "LIST [my|the] [last|latest|recent] (notices|notifications|alerts)",
    "LIST [我 的|最近 的|最近] 通知",
    "最近 (通知|告诉) (过|了) 我 (什么|哪些 [消息|事])",
    "我 [最近] (有|收到 了|收到 过) (哪些|什么) 通知",
)
NOTICE_SHOW = (
    "SHOW [the] (notice|notification|alert) [number] <notice> [again]",
    "SHOW 通知 <notice>",
    "[再] (看|看看|显示) [一下] 通知 <notice>",
)
NOTICE_ACK = (
    "(acknowledge|confirm) [the] (notice|notification|alert) [number] <notice>",
    (
        "(i|i will|i'll|i am going to) (see to|take care of|take|handle) [the] "
        "(notice|notification|alert) [number] <notice>"
    ),
    "(确认|签收) 通知 <notice>",
    "通知 <notice> (我 来 处理|我 来 负责|由 我 处理|我 知道 了)",
)
NOTICE_SNOOZE = (
    (
        "(snooze|postpone|delay|put off|repeat) [the] (notice|notification|alert) [number] <notice> "
        "[until|till|to|by|for] <when>"
    ),
    "tell me (notice|notification|alert) [number] <notice> again <when>",
    "[把] 通知 <notice> (推迟到|延后到|改到|推到|延到) <when>",
    "<when> 再 (告诉 我|发 我|提醒 我) 通知 <notice>",
)
