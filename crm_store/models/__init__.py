"""Every table of the store, split by domain; import them from here."""

from crm_store.models.analysis import (
    Feedback,
    JobRequest,
    Learned,
    ModelState,
    Receipt,
    Score,
    Verdict,
)
from crm_store.models.attention import (
    Acknowledgement,
    ChannelMode,
    Holiday,
    Leave,
    Mode,
    Mute,
    RoleSettings,
)
from crm_store.models.base import Base, Record
from crm_store.models.customers import (
    Company,
    Consent,
    Contact,
    ContactEmail,
    ContactPhone,
    CustomField,
    Tag,
)
from crm_store.models.machinery import (
    AuditRow,
    Conversation,
    Digest,
    DigestDue,
    Halt,
    ImportRun,
    InboxRow,
    InboxState,
    Lease,
    Notice,
    NoticeState,
    Occurrence,
    ShortLine,
)
from crm_store.models.messages import ChatMove, ContactAccount, MessageLink, TicketRoom
from crm_store.models.people import AccountCode, Identity, Introduction, LinkCode, Role, Team, User
from crm_store.models.postings import Posting
from crm_store.models.sales import (
    Deal,
    Order,
    OrderLine,
    Pipeline,
    Product,
    Stage,
    StageChange,
    StageKind,
)
from crm_store.models.support import (
    Activity,
    ActivityKind,
    Priority,
    Task,
    TaskKind,
    TaskStatus,
    Ticket,
    TicketKind,
    TicketStatus,
)
from crm_store.models.webchat import WebMessage, WebSession

__all__ = [
    "AccountCode", "Acknowledgement", "Activity", "ActivityKind", "AuditRow", "Base", "ChannelMode", "ChatMove",
    "Company", "Consent", "Contact", "ContactAccount", "ContactEmail", "ContactPhone", "Conversation",
    "CustomField", "Deal", "Digest", "DigestDue", "Feedback", "Halt", "Holiday", "Identity", "ImportRun",
    "InboxRow", "InboxState", "Introduction", "JobRequest", "Learned", "Lease", "Leave", "LinkCode",
    "MessageLink", "Mode", "ModelState", "Mute", "Notice", "NoticeState", "Occurrence", "Order", "OrderLine",
    "Pipeline", "Posting", "Priority", "Product", "Receipt", "Record", "Role", "RoleSettings", "Score",
    "ShortLine", "Stage", "StageChange", "StageKind", "Tag", "Task", "TaskKind", "TaskStatus", "Team", "Ticket",
    "TicketKind", "TicketRoom", "TicketStatus", "User", "Verdict", "WebMessage", "WebSession",
]  # fmt: skip
