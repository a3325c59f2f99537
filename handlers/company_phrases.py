"""How people ask in sentences for what `handlers/companies.py` does.

How a phrase is written is said in `bot/understanding/templates.py`.
"""

from __future__ import annotations

ADD = (
    "在 <city> CREATE [一家|一个|个] [新] (公司|客户|企业) [叫|：|:|，] <name>",
    "CREATE [a|an|the] [new] (company|customer|account|client|firm) [called|named|:] <name>",
    (
        "CREATE [a|an|the] [new] (company|customer|account|client|firm) [called|"
        "named|:] <name> in <city>"
    ),
    "CREATE <name> as a [new] (company|customer|account|client)",
    "CREATE [一个|一家|个] [新] [的] (公司|客户|企业) [叫|名为|：|:|,|，] <name>",
    "把<name>(加为|添加为|录为|新增为)(公司|客户)",
    (
        "~ (CREATE|we've got|we have|there is|there's|put|来了|登记|录入|录) (company|"
        "customer|account|client|firm|公司|客户|企业) [a|new|into the system|新|叫|系统|名为] "
        "<name>"
    ),
    (
        "~ (is a new|is our new|became a|is now a|是我们的新|是新|成了我们的|成为我们的) (company|"
        "customer|client|account|公司|客户) [of ours|called|as|新增|一家|家] <name>"
    ),
)
SHOW = (
    "SHOW [the] (company|account|customer|firm|client) <company>",
    "SHOW [the] <company> (company|account|customer) [card|page|details|record]",
    "(tell me about|what do we know about) [the] (company|customer|account) <company>",
    "SHOW (公司|客户公司|企业|客户) <company>",
    "SHOW <company> [的] (公司资料|公司信息|公司详情|公司名片|客户资料)",
    "<company>(这家|这个)公司[的](情况|资料|信息|详情) [怎么样]",
    (
        "~ <company> (record|card|details|detail|info|information|profile|data|信息|资料|"
        "详情|情况|档案) [company|customer|account|公司|客户|the details|这家|SHOW|看看|我想看|"
        "怎么样]"
    ),
    "~ <company> (file|overview|company page|全貌|公司页) [pull|SHOW|up|see|我看|看看|帮]",
)
EDIT = (
    "CHANGE [the] city of [the] [company] <company> to <city>",
    "<company> (has relocated|has moved|will move) to <city>",
    "[the] industry of <company> (is|should be) [now] <industry>",
    "<company>'s industry (is|should be) [now] <industry>",
    "<company> (moved|has moved|relocated|is now|is based) (to|in) <city>",
    "CHANGE [the] industry of <company> to <industry>",
    "CHANGE [the] website of <company> to <website>",
    "CHANGE [the] owner of [the] company <company> to <owner>",
    "rename [the] (company|account|customer) <company> to <name>",
    "rename <company> to <name>",
    "CHANGE [the] name of [the] company <company> to <name>",
    "[把] <company> 的 (城市|所在城市|所在地) CHANGE <city>",
    "[把] <company> 的 行业 CHANGE <industry>",
    "[把] <company> 的 (网站|网址|官网) CHANGE <website>",
    "[把] <company> [公司] (改名为|改名叫|改名成|重命名为|更名为) <name>",
    "[把] [公司] <company> 的 (公司名|公司名称|名称) CHANGE <name>",
    "<company> (搬到了|搬到|迁到了|迁到|迁至) <city>",
    (
        "~ <company> <owner> (owner|owned|account manager|takes over|take over|looks "
        "after|responsible|assign|give|transfer|hand|负责|负责人|转给|交给|归|移交|belongs|"
        "belong) [company|account|customer|make|CHANGE|is|以后|公司|客户|由|over]"
    ),
    (
        "~ <company> (is based in|based in|is located in|located in|moved to|"
        "relocated to|city is|the city|now sits in|headquarters|总部在|位于|搬到|迁到|搬去|地址在|"
        "在) [CHANGE|city|公司|to|的城市|城市|moved] <city>"
    ),
    (
        "~ <company> (is now called|now called|new name|is called|changed its name|"
        "goes by|现在叫|改叫|更名|改名|新名字) [rename|name|to|为|公司|是] <name>"
    ),
    ("~ <company> (industry|sector|行业|属于) [CHANGE|to|行业|是|公司|sector|industry] <industry>"),
    "~ <company> (website|web site|homepage|site|网站|网址|官网) [CHANGE|to|是|的] <website>",
    (
        "~ <company> <owner> (manages|manage|handled by|looked after by|taken over "
        "by|account owner|in charge|管|跟进|接手|接管|照看|对接) [now|from now on|is|the|"
        "account|以后|现在|归|由|来|客户|公司|put]"
    ),
    (
        "~ <company> (office|offices|seat|address is|opened in|sits in|办公室|总部|公司在) "
        "[moved|to|in|is|now|搬到|在|迁到|new|their] <city>"
    ),
)
LIST = (
    (
        "LIST [all] [the] [of] [our|my] (companies|accounts|customers|clients|"
        "firms) [do we have] [are there]"
    ),
    "which (companies|customers|accounts|clients) (do we have|are there|are in the crm)",
    "who are our (customers|clients)",
    "LIST [所有|全部|我们] [的] (公司|客户公司|客户|企业) [列表|名单]",
    "(我们|系统里)有哪些(公司|客户)",
    "(公司|客户)(列表|名单)",
    (
        "~ (how many|all|every|LIST|see|list of|overview of|哪些|所有|全部|名单|列表|多少) "
        "(companies|customers|accounts|clients|公司|客户) [have|exist|have got|there|我们|"
        "家|有|LIST|看看]"
    ),
    (
        "~ (companies|customers|accounts|clients|公司|客户) (which|what|哪些|LIST) [in|"
        "stored|saved|系统|crm|里|存了|know]"
    ),
    "LIST [all] [the] [our] (companies|customers|clients) (in|from) <city>",
    "which (companies|customers|clients) (are|are based|do we have) in <city>",
    "LIST [all] [the] [our] (companies|customers|clients) in the <industry> (industry|sector)",
    "LIST [all] [the] (companies|customers|clients) (of|owned by) <owner>",
    "LIST [all] [of] my [own] (companies|customers|clients) {owner=me}",
    "LIST [所有|全部] (在|位于) <city> 的 (公司|客户)",
    "LIST [所有|全部] <industry> 行业 的 (公司|客户)",
    "LIST [所有|全部] 我 (负责|自己) 的 (公司|客户) {owner=me}",
    "LIST [所有|全部] <owner> 负责 的 (公司|客户)",
)
DELETE = (
    "DELETE [the] (company|account|customer|client) <company>",
    "DELETE <company> from [the|our] (companies|customers|accounts)",
    "DELETE (公司|客户公司|企业|客户) <company>",
    "[把] (公司|客户公司|客户) <company> DELETE",
    "[把] <company> 这(家|个) (公司|客户) DELETE",
    "DELETE <company> (这家公司|这个公司|公司)",
    (
        "~ <company> (DELETE|don't need|no longer need|不要|不需要) (company|customer|"
        "account|client|公司|客户) [don't|need|any more|anymore|no longer|DELETE|不用|from|"
        "掉|家]"
    ),
)
RESTORE = (
    "RESTORE [the] [deleted] (company|account|customer) <company>",
    "RESTORE [已删除的] (公司|客户) <company>",
    "[把] 公司 <company> RESTORE",
    (
        "~ <company> (RESTORE|back|undelete|undo|找回来|恢复|还原|撤销删除|撤销) [deleted|"
        "deletion|delete|company|删掉|删除|RESTORE|来|get|want|回来]"
    ),
    ("~ <company> (deleted by mistake|by mistake|误删|删错) [deleted|RESTORE|was|get|back|it]"),
)
