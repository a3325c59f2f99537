"""Whose column is ours: the names that other programs give to what we keep.

Reading the values is `values`. A column that nobody knows is kept among the custom values of the
record, under its own name; one that would say who somebody is in Rapport is ignored.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers.errors import UserError
from handlers.reading.characters import shown
from handlers.wording import _

_NOT_WORD = re.compile(r"[\W_]+")
_LAST = 99
_NUMBERED = re.compile(r"(?<=\D)\d{1,2}(?=$|value|address|formatted)")
REJECTED_ROW, REJECTED_WHY = "Rejected row", "Rejected because"


class Kind(enum.StrEnum):
    """What the rows of a file are."""

    CONTACTS = "contacts"
    COMPANIES = "companies"
    DEALS = "deals"
    TICKETS = "tickets"
    ORDERS = "orders"
    ACTIVITIES = "activities"


# Several columns may feed one of these; their values are put together.
MANY = frozenset({"email", "phone"})
_PERSON = {
    "email": "email emailaddress mail email1value emailvalue workemail 邮箱 电子邮件 电子邮箱",
    "phone": "phone phonenumber telephone tel mobile mobilephone mobilephonenumber cell businessphone homephone"
    " primaryphone otherphone companymainphone phonevalue workphone 手机 电话 手机号 手机号码 联系电话",
}
_ALIASES: Mapping[Kind, Mapping[str, str]] = {
    Kind.CONTACTS: {
        **_PERSON,
        "name": "name fullname contactname contact displayname 联系人 姓名 联系人姓名",
        "first_name": "firstname givenname",
        "middle_name": "middlename additionalname",
        "last_name": "lastname surname familyname",
        "company": "company companyname account accountname associatedcompany organization organizationname"
        " organisation employer 公司 客户名称 公司名称",
        "company_id": "companyid accountid associatedcompanyids associatedcompanyid",
        "title": "jobtitle position organizationtitle 职位 职务",
        "address": "address mailingaddress address1formatted businessaddress homeaddress 地址",
        "source": "source leadsource 来源",
        "owner": "owner contactowner accountowner salesagent salesrep 归属人 负责人",
        "external_id": "recordid contactid externalid customerid",
    },
    Kind.COMPANIES: {
        "name": "name company companyname account accountname organization organizationname customer customername"
        " 公司 公司名称 客户名称",
        "industry": "industry sector 行业 客户行业",
        "city": "city town billingcity 城市",
        "country": "country officelocation countryregion billingcountry 国家",
        "website": "website websiteurl url domain webpage companydomainname 网址 网站",
        "source": "source leadsource 来源",
        "owner": "owner companyowner accountowner salesagent 归属人 负责人",
        "external_id": "recordid companyid accountid externalid",
    },
    Kind.DEALS: {
        "title": "title name dealname opportunityname opportunity deal 商机名称",
        "product": "product productname 产品",
        "company": "company companyname account accountname associatedcompany customer customername 公司 客户名称",
        "company_id": "companyid accountid associatedcompanyids associatedcompanyid",
        "email": "email contactemail customeremail 邮箱",
        "stage": "stage dealstage stagename salesstage status 阶段 销售阶段",
        "amount": "amount value dealvalue closevalue dealamount 金额",
        "currency": "currency currencycode 币种",
        "opened_on": "openedon opendate engagedate startdate createdon 开始日期",
        "close_on": "closedate close closeon closingdate expectedclosedate 预计成交日期",
        "reason": "reason lostreason closedlostreason closedwonreason 原因",
        "source": "source leadsource 来源",
        "owner": "owner dealowner opportunityowner salesagent salesrep 归属人 负责人",
        "external_id": "recordid dealid opportunityid externalid",
    },
    Kind.TICKETS: {
        "external_id": "ticketid recordid ticketnumber number externalid 工单号",
        "name": "customername contactname requester requestername name 客户姓名 联系人",
        "email": "customeremail contactemail requesteremail email 邮箱",
        "company": "company companyname account accountname organization 公司 客户名称",
        "company_id": "companyid accountid",
        "product": "productpurchased product 产品",
        "kind": "tickettype type category 工单类型",
        "subject": "ticketsubject subject ticketname summary title 主题 标题",
        "text": "ticketdescription description text body message details 描述 内容",
        "status": "ticketstatus status state 状态",
        "priority": "ticketpriority priority urgency 优先级",
        "channel": "ticketchannel channel source 渠道",
        "assignee": "assignee assignedto owner ticketowner agent 归属人 处理人",
        "created_at": "openedat createdat created createdate createddate dateopened 创建时间",
        "first_reply_at": "firstresponsetime firstreplyat firstresponseat",
        "closed_at": "timetoresolution closedat resolvedat closedate 关闭时间",
        "satisfaction": "customersatisfactionrating satisfaction csat rating 满意度",
    },
    Kind.ORDERS: {
        "invoice": "invoice invoiceno invoicenumber order orderid orderno ordernumber recordid 订单号",
        "code": "stockcode code sku productcode itemcode productid 商品编码",
        "description": "description product productname item itemname 商品名称",
        "quantity": "quantity qty units 数量",
        "ordered_at": "invoicedate orderdate date orderedat purchasedate 下单时间 日期",
        "price": "price unitprice itemprice 单价",
        "company_id": "customerid companyid accountid clientid 客户编号",
        "company": "customer customername company companyname account accountname 客户名称 公司",
        "email": "email customeremail 邮箱",
        "country": "country shippingcountry billingcountry 国家",
        "currency": "currency currencycode 币种",
    },
    Kind.ACTIVITIES: {
        "external_id": "activityid recordid externalid",
        "kind": "type kind activitytype 类型",
        "text": "text note notes body description subject comment 内容 沟通内容",
        "at": "date at time activitydate createdate duedate happenedat 时间 日期",
        "email": "email contactemail customeremail 邮箱",
        "contact_id": "contactid associatedcontactids",
        "company": "company companyname account accountname customer 公司 客户名称",
        "company_id": "companyid accountid associatedcompanyids",
        "deal_id": "dealid opportunityid associateddealids",
        "author": "author owner createdby activityassignedto salesagent 创建人",
    },
}
_REQUIRED: Mapping[Kind, tuple[tuple[str, ...], ...]] = {
    Kind.CONTACTS: (("name", "first_name", "last_name", "email"),),
    Kind.COMPANIES: (("name",),),
    Kind.DEALS: (("title", "product"), ("stage",)),
    Kind.TICKETS: (("subject", "text"),),
    Kind.ORDERS: (("invoice",), ("quantity",), ("price",), ("ordered_at",)),
    Kind.ACTIVITIES: (("text",), ("at",)),
}
# Who somebody is here, and when a record came, is never taken from a file.
_OURS_ALONE = frozenset(
    [
        "id",
        "ownerid",
        "userid",
        "role",
        "isadmin",
        "admin",
        "createdat",
        "updatedat",
        "deletedat",
        "importid",
        "version",
        "password",
        "teamid",
        "rejectedrow",
        "rejectedbecause",
    ]
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which cell of a row goes where.

    Attributes:
        fields: our field and the places of its cells.
        custom: the name under which an unknown cell is kept, and its place.
        kept: the names of the columns that are kept as custom values; `ignored` are left out.
        chinese: the phone numbers are Chinese where they do not say otherwise.
    """

    fields: tuple[tuple[str, tuple[int, ...]], ...]
    custom: tuple[tuple[str, int], ...]
    kept: tuple[str, ...]
    ignored: tuple[str, ...]
    chinese: bool

    def cells(self, row: Sequence[str]) -> dict[str, str]:
        """Return our fields of a row without the empty ones; several cells of one are joined by `;`."""
        found = {}
        for name, places in self.fields:
            if len(places) == 1:
                value = row[places[0]].strip()
            else:
                value = ";".join(cell for place in places if (cell := row[place].strip()))
            if value:
                found[name] = value
        return found

    def customs(self, row: Sequence[str]) -> dict[str, str]:
        """Return the custom values of a row."""
        return {name: value for name, place in self.custom if (value := row[place].strip())}


def fold(name: str) -> str:
    """Return the name of a column as it is compared: `E-Mail ` is `email`."""
    return _NOT_WORD.sub("", unicodedata.normalize("NFKC", name).casefold())


def known_names(kind: Kind, mapping: Mapping[str, str]) -> frozenset[str]:
    """Return the folded names of the columns that a kind of file may have."""
    return frozenset(_targets(kind)) | {fold(theirs) for theirs in mapping}


def fields(kind: Kind) -> tuple[str, ...]:
    """Return our names of what a kind of file may hold."""
    return tuple(_ALIASES[kind])


def plan(kind: Kind, header: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    """Decide where each column goes; `mapping` from their name to ours comes before what we know.

    Raises:
        UserError: a column that is needed is missing, two mean the same, or `mapping` names what is not there.
    """
    targets = _chosen(kind, header, mapping)
    places = _places(kind, header, targets)
    taken = {place for found in places.values() for place in found}
    custom, kept, ignored = [], [], []
    for place, name in enumerate(header):
        if place in taken:
            continue
        if fold(name) in _OURS_ALONE:
            ignored.append(name)
        else:
            custom.append((_custom_name(name), place))
            kept.append(name)
    _refuse_missing(kind, places, header)
    chinese = any(
        "\u4e00" <= sign <= "\u9fff" for place in places.get("phone", ()) for sign in header[place]
    )
    return Plan(
        tuple((name, tuple(found)) for name, found in places.items()),
        tuple(custom),
        tuple(kept),
        tuple(ignored),
        chinese,
    )


def _targets(kind: Kind) -> dict[str, tuple[str, int]]:
    """Return our field for each folded name, and how well the name fits it, 0 for best."""
    listed = {
        alias: (ours, rank)
        for ours, aliases in _ALIASES[kind].items()
        for rank, alias in enumerate(aliases.split())
    }
    return {fold(ours): (ours, _LAST) for ours in _ALIASES[kind]} | listed


def _places(kind: Kind, header: Sequence[str], chosen: Mapping[str, str]) -> dict[str, list[int]]:
    targets = _targets(kind)
    found: dict[str, list[tuple[int, int]]] = {}
    for place, name in enumerate(header):
        folded = fold(name)
        ours, rank = (chosen[folded], -1) if folded in chosen else _target(targets, folded)
        if ours:
            found.setdefault(ours, []).append((rank, place))
    return {
        ours: [place for _rank, place in ranked] if ours in MANY else [min(ranked)[1]]
        for ours, ranked in found.items()
    }


def _target(targets: Mapping[str, tuple[str, int]], folded: str) -> tuple[str, int]:
    # `E-mail 2 - Value`, `Home Phone 2`: one of several; their labels are not known and stay custom.
    if folded in targets:
        return targets[folded]
    ours, rank = targets.get(_NUMBERED.sub("", folded), ("", 0))
    return (ours, rank) if ours in MANY else ("", 0)


def _chosen(kind: Kind, header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    there = {fold(name) for name in header}
    for theirs, ours in mapping.items():
        if fold(theirs) not in there:
            raise UserError(
                _("The file has no column “{name}”.", name=shown(theirs)),
                _("It has: {names}", names=", ".join(map(shown, header[:20]))),
            )
        if ours not in _ALIASES[kind]:
            raise UserError(
                _("“{name}” is not a field of {kind}.", name=shown(ours), kind=kind.value),
                _("There are: {names}", names=", ".join(fields(kind))),
            )
    return {fold(theirs): ours for theirs, ours in mapping.items()}


def _refuse_missing(kind: Kind, places: Mapping[str, list[int]], header: Sequence[str]) -> None:
    for either in _REQUIRED[kind]:
        if not any(name in places for name in either):
            raise UserError(
                _(
                    "The required column “{name}” was not found among: {names}",
                    name=either[0],
                    names=", ".join(map(shown, header[:20])),
                ),
                _('Name it with --map, for example: --map "Their name={name}"', name=either[0]),
            )


def _custom_name(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return _NOT_WORD.sub("_", folded).strip("_")[:60] or "column"
