"""How people ask in sentences for what `handlers/contacts.py` does.

How a phrase is written is said in `bot/understanding/templates.py`.
"""

from __future__ import annotations

ADD = (
    "CREATE [a] [new] (contact|person|lead|buyer) [called|named|:] <name>",
    ("CREATE [a] [new] (contact|person|lead) [called|named|:] <name> (from|at|of|for) <company>"),
    "CREATE <name> (from|at|of) <company> as [a] [new] (contact|lead)",
    "CREATE <name> (to (my|our|the) contacts|as [a] [new] contact)",
    "put <name> (from|of|at) <company> in[to] (my|our|the) contacts",
    "CREATE [a] [new] contact [called] <name>, <email>",
    "(i (met|just met)) <name> (from|of|at) <company>",
    (
        "CREATE [a] [new] contact [called|named|:] <name> with [the] (email|"
        "e-mail|mail) [address] <email>"
    ),
    (
        "CREATE [a] [new] contact [called|named|:] <name> with [the] (phone|"
        "number|phone number) <phone>"
    ),
    "CREATE [一个|个|一位] [新] [的] (联系人|线索) [叫|名为|：|:] <name>",
    "CREATE [一个|个|一位] <company> 的 [新] 联系人 [叫|：|:] <name>",
    "CREATE [一个|个] [新] 联系人 [叫|：|:] <name> [，|,] (来自|属于|公司是|在) <company>",
    "把 <name> (加为|添加为|录为|存为) 联系人",
    "CREATE [新] 联系人 <name> [，|,] (邮箱|邮件) [是|为] <email>",
    "CREATE [新] 联系人 <name> [，|,] (电话|手机) [是|为] <phone>",
    (
        "~ (CREATE|save|put|new|store|存|录|登记|来了|新) (contact|contacts|person|lead|联系人|"
        "客户联系人) [CREATE|new|into|in|my|到|里|成|一位|名] <name> <company?> <email?> "
        "<phone?>"
    ),
    (
        "~ <company?> (new colleague|new contact|new buyer|contact person|new person|"
        "新联系人|联系人是|对接人是|新采购) [called|named|is|there|at|有|是|的|CREATE] <name> <email?> "
        "<phone?>"
    ),
    (
        "~ <company> <phone> (add|save|CREATE|添加|新增|存) [from|phone|number|mobile|电话|"
        "手机|contact|联系人] <name>"
    ),
    (
        "~ <company> <email> (add|save|CREATE|添加|新增|存) [from|email|mail|邮箱|contact|"
        "联系人] <name>"
    ),
    "~ <phone> (contact|联系人) [CREATE|phone|number|mobile|电话|手机|as|please] <name>",
    "~ <email> (contact|联系人) [CREATE|email|mail|邮箱|as|please] <name>",
    "~ <company> (joined|加入|new contact|新来) (contact|联系人) [as|new|a|了|是|at] <name>",
)
SHOW = (
    "SHOW [the] (contact|person) [card|details|info] [of|for] <contact>",
    (
        "SHOW [the] (contact details|contact info|details|phone number|number|"
        "email|e-mail|email address|contact card) (of|for) <contact>"
    ),
    (
        "what is <contact>'s (phone|phone number|number|email|email address|"
        "e-mail|title|job|contact|contact info)"
    ),
    "what is the (phone|phone number|number|email|email address|e-mail) (of|for) <contact>",
    (
        "(phone|phone number|number|email|email address|contact details|contact "
        "info) (of|for) <contact>"
    ),
    "(how do i|how can i) (reach|contact|get hold of|get in touch with) <contact>",
    "who is <contact>",
    "SHOW 联系人 <contact>",
    "SHOW <contact> [的] (联系方式|电话|邮箱|名片|手机号|联系人资料)",
    "<contact> 的 (电话|邮箱|手机|手机号|联系方式|电话号码) [是] [多少|什么|几号]",
    "<contact> 是谁",
    "怎么联系 <contact>",
    (
        "~ <contact> (phone|number|email|e-mail|mail|address|reach|contact|contact "
        "details|call|电话|邮箱|手机|手机号|号码|联系|联系方式|邮件|名片|资料) [how|do we have|phone|mail|"
        "tell|number|address|get hold of|what's|what|details|details|SHOW|怎么|什么|多少|"
        "我要|我想要]"
    ),
    (
        "~ <contact> (who|mobile|contact card|profile|record|info|details|哪位|谁|信息|"
        "档案) [is|what|SHOW|the|card|到底|the contact|看看|查一下|about]"
    ),
)
EDIT = (
    "CHANGE [the] [job] title of <contact> to <title>",
    "CHANGE <contact>'s [job] title to <title>",
    "<contact> is now [the|a|our] <title>",
    "<contact> (got promoted|was promoted|has been promoted) to <title>",
    (
        "<contact> (works for|works at|moved to|now works for|now works at|has "
        "moved to|joined) <company> [now]"
    ),
    "CHANGE [the] company of <contact> to <company>",
    "rename [the] contact <contact> to <name>",
    "CHANGE [the] owner of [the] contact <contact> to <owner>",
    "[把] <contact> 的 (职位|头衔|职务) CHANGE <title>",
    "[把] <contact> 的 (所属公司|公司) CHANGE <company>",
    "[把] 联系人 <contact> (改名为|改名叫|重命名为|更名为) <name>",
    "<contact> (升为|升职为|晋升为|升任|现在是) <title>",
    "<contact> (跳槽到|跳槽去|去了|现在在) <company> [了|工作]",
    (
        "~ <contact> <owner> (owner|owned|takes over|assign|transfer|give|hand|转给|交给|"
        "负责|归|移交) [contact|CHANGE|make|to|over|联系人|以后]"
    ),
    (
        "~ <contact> <company> (works|working|switched|moved|joined|went|changed|"
        "left|job at|employed|跳槽|去了|现在在|加入|入职|上班|换到) [company|for|now|工作|到|work|job]"
    ),
    (
        "~ <contact> (became|becomes|is now|new title|title|job title|promoted|new "
        "role|position|new position|升|升为|升任|职位|现在是|头衔|晋升|担任|当上|职务) [CHANGE|to|got|是|"
        "新|的|job|new|title|成|为] <title>"
    ),
    (
        "~ <contact> <company> (under|belongs to|now with|new employer|employer|"
        "employed by|changed to|attach|link|上班|任职|换到|归到|属于|调到) [put|move|is|works|现在|"
        "公司|to|了|在]"
    ),
    (
        "~ <contact> (takes over as|appointed|serves as|now works as|works as|has "
        "become|换成|改任|调任|做了|当了|职位变成|换职位) [now|her|his|job|is|to|现在|是|了|new] <title>"
    ),
    (
        "~ <contact> <owner> (responsible|in charge|account manager|looks after|负责|"
        "跟进|管) [make|for|of|put|by|以后|由|来|now]"
    ),
    "~ <contact> (has left|left|离开) <company> [joined|for|to|去了|去|加入]",
)
LIST = (
    "LIST [all] [of] [the] [my|our] (contacts|people|persons)",
    "LIST [all] [of] [the] [my|our] (contacts|people) (at|from|in|of) <company>",
    "who are (my|our|the) contacts",
    "which contacts are tagged [as|with] <tag>",
    "who do we know (at|in) <company>",
    "who (works|is working) (at|for) <company>",
    "LIST [all] [of] my [own] contacts {owner=me}",
    "LIST [all] [the] (contacts|people) (tagged|with [the] tag|labelled) <tag>",
    "LIST [所有|全部|我们] [的] 联系人 [列表|名单]",
    "LIST 我的 联系人 {owner=me}",
    "LIST <company> 的 [所有|全部] 联系人",
    "<company> (有哪些联系人|有哪些人|都有谁|有谁)",
    "我们认识 <company> 的 谁",
    "LIST [所有] (带|有|标签为|打了) <tag> [标签] 的 联系人",
    (
        "~ <company> (who|people|persons|contacts|everybody|everyone|联系人|谁|哪些人|"
        "有谁) [认识|works|work|working|know|which|LIST|people|contacts|那边|哪些|所有|at|"
        "employed]"
    ),
    "~ <owner> (contacts|people|联系人) [LIST|负责|哪些|which]",
    "~ (my|mine|我|我的) (contacts|people|联系人) [LIST|own|负责|哪些|所有|mine] {owner=me}",
    (
        "~ (everyone|everybody|all|all the people|LIST|哪些|所有|全部|名单) (know|people|"
        "contacts|persons|联系人|认识的人) [LIST|we|我们|have|看看|list]"
    ),
    (
        "~ (tagged|with the tag|tag|labelled|带|标签|打了) [everybody|everyone|all|people|"
        "contacts|contact|LIST|who|is|as|with|所有|联系人|有] <tag>"
    ),
    "~ (everyone|everybody) (know) [we|in the system]",
    (
        "~ (contacts|people|联系人) <company> [how many|who|SHOW|LIST|with|几个|有|哪些|所有|"
        "all|our]"
    ),
)
DELETE = (
    "DELETE [the] (contact|person) <contact>",
    "DELETE <contact> from [the|my|our] contacts",
    "DELETE 联系人 <contact>",
    "[把] 联系人 <contact> DELETE",
    "从联系人[里|中] DELETE <contact>",
    "把 <contact> 从联系人[里|中] DELETE",
    (
        "~ <contact> (DELETE|kick|don't need|no longer need|不要|erase) (contact|"
        "contacts|person|联系人) [out|from|里|DELETE|any more|anymore|need|中|名单]"
    ),
)
RESTORE = (
    "RESTORE [the] [deleted] (contact|person) <contact>",
    "RESTORE [已删除的] 联系人 <contact>",
    "[把] 联系人 <contact> RESTORE",
    (
        "~ <contact> (RESTORE|back|undelete|undo|找回来|恢复|还原|撤销) [deleted|deletion|"
        "delete|contact|删掉|删除|RESTORE|来|get|want|回来]"
    ),
)
EMAIL = (
    (
        "(add|save|record|note) [the] [new] (email|e-mail|mail|email address) "
        "<email> (to|for) [the] [contact] <contact>"
    ),
    "<contact>'s [new|other] (email|e-mail|mail|email address) (is|:) <email>",
    "(add|give) <contact> [the|a] (email|e-mail) <email>",
    "the [new] email [address] of <contact> is <email>",
    "(给|为) <contact> (添加|加|增加|加上|记下) [一个] [新] (邮箱|邮件地址|邮件) <email>",
    "<contact> 的 [新] (邮箱|邮件地址|电子邮箱) (是|为|：|:) <email>",
    (
        "~ <contact> <email> [new|other|another|also|second|email|e-mail|mail|"
        "address|save|add|CREATE|note|LOG|reached|reach|be|use|uses|has|新|邮箱|邮件|地址|"
        "记下|记|加|还有|记到|名下|添加|增加|保存|是|换|可以|private|work]"
    ),
    (
        "~ <contact> <email> (email|mail|e-mail|write|reached|reach|邮箱|邮件) [to|under|"
        "at|is|new|has|a|the|changed|use|uses|her|his|最新|变成|换成|改成|改为|新|是|用|可以|发到]"
    ),
)
UNEMAIL = (
    "DELETE [the] (email|e-mail|mail|email address) <email> (from|of) <contact>",
    "(删除|删掉|去掉|移除) <contact> 的 (邮箱|邮件|邮件地址) <email>",
    (
        "~ <contact> <email> (DELETE|no longer|wrong|take|not valid|invalid|doesn't "
        "use|不用了|作废|没用|错了|移除|DELETE) [email|e-mail|mail|address|longer|any more|"
        "anymore|邮箱|地址|DELETE|off|of|掉|旧|old|use|valid]"
    ),
    (
        "~ <contact> <email> (bounces|bounced|outdated|old|out of date|dead|不用|退信|过期|"
        "失效|无效|停用) [email|mail|address|remove|delete|DELETE|it|邮箱|这个|了|删|掉]"
    ),
)
PHONE = (
    (
        "(add|save|record|note) [the] [new] (phone|phone number|number|mobile) "
        "<phone> (to|for) [the] [contact] <contact>"
    ),
    "<contact>'s [new|other] (phone|phone number|number|mobile|cell) (is|:) <phone>",
    "the [new] (phone number|number|phone) of <contact> is <phone>",
    (
        "(给|为) <contact> (添加|加|增加|加上|记下) [一个] [新] (电话|手机|手机号|"
        "号码|电话号码) <phone>"
    ),
    "<contact> 的 [新] (电话|手机|手机号|号码|电话号码) (是|为|：|:) <phone>",
    (
        "~ <contact> <phone> [new|other|another|also|phone|number|mobile|cell|save|"
        "add|CREATE|LOG|note|reached|reach|be|call|新|电话|手机|号码|手机号|记下|记|加|换号码了|换了|是|"
        "添加|增加|保存|新号码|还有|换号]"
    ),
)
UNPHONE = (
    "DELETE [the] (phone|phone number|number|mobile) <phone> (from|of) <contact>",
    "(删除|删掉|去掉|移除) <contact> 的 (电话|手机|手机号|号码|电话号码) <phone>",
    (
        "~ <contact> <phone> (DELETE|no longer|wrong|take|not valid|invalid|不用了|作废|"
        "错了|停机) [phone|number|mobile|cell|longer|any more|anymore|电话|手机|号码|手机号|旧|old|"
        "DELETE|off|掉]"
    ),
    (
        "~ <contact> <phone> (old|outdated|out of date|dead|disconnected|不用|空号|过期|失效|"
        "无效|停用) [phone|number|mobile|remove|delete|DELETE|it|电话|号码|这个|了|删|掉|手机]"
    ),
)
TAG = (
    "tag <contact> (as|with) <tags>",
    "(add|put|attach|give) [the] (tag|label) <tags> (to|on) <contact>",
    "mark <contact> as [a] <tags>",
    "label <contact> [as|with] <tags>",
    "(给|为) <contact> (打上|加上|贴上|添加|打|加|贴) [一个] <tags> [的] 标签",
    "(给|为) <contact> (打上|加上|贴上|添加|打|加|贴) [一个] 标签 <tags>",
    "把 <contact> (标为|标记为|标记成) <tags>",
    (
        "~ <contact> (tag|label|mark|is a|is an|标签|标记|标为|贴|打上|打) [give|put|add|as|加|"
        "加上|标签|tag|个|上|label|vip标签] <tags>"
    ),
    "~ <contact> (vip) [is|是|a|tag|as|标签|贴|打|加|个|mark|label|give|上|标为] {tags=vip}",
)
UNTAG = (
    "untag <contact> (as|from) <tags>",
    "untag <contact> [as|from] <tags>",
    "DELETE [the] (tag|label) <tags> (from|of) <contact>",
    "take [the] (tag|label) <tags> off <contact>",
    "(删除|删掉|去掉|移除|取消) <contact> 的 <tags> 标签",
    "(删除|删掉|去掉|移除|取消) <contact> 的 标签 <tags>",
    (
        "~ <contact> (no longer|not|untag|DELETE|take|isn't|remove|不再是|不是|取消|去掉) [is|"
        "a|tag|label|longer|标签|any more|anymore|from|off|DELETE|了] <tags>"
    ),
    (
        "~ <contact> (without|lost the|去掉|拿掉|撕掉|取消|remove the|no more) [tag|label|标签|"
        "the] <tags>"
    ),
)
CONSENT = (
    "<contact> (agreed|consented|said yes|agrees) to [the|our] <purpose> {answer=yes}",
    (
        "<contact> (declined|refused|said no to|does not want|doesn't want|opted "
        "out of|unsubscribed from) [the|our] <purpose> {answer=no}"
    ),
    "<contact> (不同意|拒绝|不想)(接收|订阅|收到|收) <purpose> {answer=no}",
    "<contact> 同意 [了] (接收|订阅|收到|收) <purpose> {answer=yes}",
    (
        "~ <contact> (agreed|agrees|consent|consents|consented|gave consent|said yes|"
        "opted in|allows|allowed|accepts|accepted|同意|愿意|接受|允许) [gave|her|his|接收|收|订阅|"
        "to|receive] <purpose> {answer=yes}"
    ),
    (
        "~ <contact> (withdrew|withdraws|revoked|doesn't agree|does not agree|"
        "refuses|refused|declined|no consent|opted out|objects to|doesn't want|不同意|"
        "不愿意|拒绝|撤回|不想|退订) [consent|接收|收|订阅|to|receive|同意|any|agree|agreed] <purpose> "
        "{answer=no}"
    ),
    (
        "~ <contact> (can get|may get|wants|happy to receive|ok with|fine with|"
        "signed up for|subscribed to|可以收|愿意收|想收|订阅了|允许) [the|our|receive|说|接收|she|he|"
        "is] <purpose> {answer=yes}"
    ),
    (
        "~ <contact> (no|no more|stop|unsubscribe|does not wish|never|不要|别|不再|停止|不收|"
        "不想收) [sending|send|for|from|to|receive|the|our|发|给|接收|她|他|wants] <purpose> "
        "{answer=no}"
    ),
)
