"""Real exports, where the data lie beside the checkout: no row is lost, and the desk answers from them."""

from __future__ import annotations

import gzip
import itertools
import shutil
from pathlib import Path

import pytest

from crm_store.models import Company, Contact, Deal, Order, StageKind, Ticket
from crm_store.store import Store
from handlers.importing.batch import Tally
from handlers.importing.columns import Kind
from handlers.importing.running import Order as Wanted
from handlers.importing.running import Result, run
from handlers.request import Defaults
from tests.desk import Desk

DATA = Path(__file__).parents[2] / "shared" / "data"
LINES = 30_000

pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason="shared/data does not lie beside the checkout"
)


@pytest.fixture
def desk(sqlite_store: Store) -> Desk:
    """A desk in London, where the phone numbers of the exports without a country are from."""
    return Desk(sqlite_store, Defaults(time_zone="Europe/London", currency="USD"))


def load(desk: Desk, path: Path, kind: str) -> Result:
    """Import a file in its own transaction."""
    with desk.session() as session:
        wanted = Wanted(path, Kind(kind), {})
        return run(session, wanted, desk.defaults, desk.clock.now(), lambda _rows: None)


def twice(desk: Desk, tmp_path: Path, name: str, kind: str) -> Tally:
    """Import a file, and see that a second import changes nothing; the first tally."""
    path = tmp_path / Path(name).name
    shutil.copy(DATA / name, path)
    first, second = load(desk, path, kind), load(desk, path, kind)
    tally, again = first.tally, second.tally
    assert tally.rows == tally.taken + tally.known + tally.repeated + tally.rejected
    assert (again.rows, again.rejected) == (tally.rows, tally.rejected)
    assert again.known == tally.rows - tally.rejected
    assert second.earlier == first.run_id
    return tally


def test_accounts_and_opportunities_become_companies_and_deals(desk: Desk, tmp_path: Path) -> None:
    accounts = twice(desk, tmp_path, "crm_opportunities/accounts.csv", "companies")
    assert (accounts.rows, accounts.taken) == (85, 85)
    sales = twice(desk, tmp_path, "crm_opportunities/sales_pipeline.csv.gz", "deals")
    assert (sales.rows, sales.taken) == (8_800, 8_800)
    with desk.session() as session:
        assert session.query(Company).count() == 85
        deals = session.query(Deal)
        assert deals.filter(Deal.stage.has(kind=StageKind.WON)).count() == 4_238
        assert deals.filter(Deal.stage.has(kind=StageKind.LOST)).count() == 2_473
        assert deals.filter(Deal.company_id.is_(None)).count() == 1_425
    assert desk.manager.says("deal list").footer.startswith("2,089 in all")
    assert "Cancity" in str(desk.manager.says("find Cancity"))
    assert "Won" in str(desk.manager.says("timeline @Cancity"))


def test_support_tickets_become_tickets_and_contacts(desk: Desk, tmp_path: Path) -> None:
    tally = twice(desk, tmp_path, "support_tickets.csv.gz", "tickets")
    assert (tally.rows, tally.taken) == (8_469, 8_469)
    with desk.session() as session:
        assert (session.query(Ticket).count(), session.query(Contact).count()) == (8_469, 8_320)
        assert session.query(Ticket).filter(Ticket.satisfaction.is_not(None)).count() == 2_769
        first = session.query(Ticket).filter(Ticket.external_id == "1").one()
        assert first.text.startswith("I'm having an issue with the GoPro Hero.")
    assert "Marisa Obrien" in str(desk.agent.says("find carrollallison@example.com"))
    assert "Product setup" in str(desk.agent.says("timeline contact:1"))


def test_a_wholesalers_lines_become_orders(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    with gzip.open(DATA / "online_retail_2009_2010.csv.gz", "rt", encoding="utf-8") as source:
        path.write_text("".join(itertools.islice(source, LINES + 1)), encoding="utf-8")
    tally = load(desk, path, "orders").tally
    assert tally.rows == LINES == tally.taken + tally.rejected
    assert {problem.reason for problem in tally.problems} == {"There is no customer."}
    with desk.session() as session:
        orders = session.query(Order)
        assert orders.count() == tally.created["order"]
        returned = orders.filter(Order.external_id.startswith("C"))
        assert returned.count() > 100
        assert all(order.total <= 0 for order in returned)
        company = session.query(Company).filter(Company.external_id == "13085").one()
        first = orders.filter(Order.external_id == "489434").one()
        assert (first.company_id, str(first.total)) == (company.id, "505.3")
    assert "505.30" in str(desk.manager.says('timeline "Customer 13085"'))
    again = load(desk, path, "orders").tally
    assert (again.taken, again.known) == (0, tally.taken)


@pytest.mark.parametrize(
    ("name", "kind", "rows"),
    [
        ("hubspot_companies.csv", "companies", 3),
        ("hubspot_contacts.csv", "contacts", 4),
        ("hubspot_deals.csv", "deals", 2),
        ("google_contacts_2024.csv", "contacts", 2),
        ("outlook_contacts.csv", "contacts", 2),
        ("cn_crm_customers_utf8_bom.csv", "contacts", 2),
    ],
)
def test_the_exports_of_other_programs_are_understood(
    desk: Desk, tmp_path: Path, name: str, kind: str, rows: int
) -> None:
    tally = twice(desk, tmp_path, f"contact_exports/{name}", kind)
    assert (tally.rows, tally.problems) == (rows, [])


def test_names_come_whole_out_of_windows_and_chinese_files(desk: Desk, tmp_path: Path) -> None:
    for name in ("outlook_contacts.csv", "cn_crm_customers_utf8_bom.csv"):
        path = tmp_path / name
        shutil.copy(DATA / "contact_exports" / name, path)
        load(desk, path, "contacts")
    with desk.session() as session:
        contacts = {contact.name: contact for contact in session.query(Contact)}
        assert {"Zoë Müller", "王小明", "欧阳娜娜"} <= set(contacts)
        phones = [each.phone for each in contacts["王小明"].phones]
        assert phones[0] == "+8613800138000"
    assert "王小明" in str(desk.rep.says("find 小明"))


def test_a_card_file_is_refused_by_its_content(desk: Desk, tmp_path: Path) -> None:
    from handlers.errors import UserError

    path = tmp_path / "cards.csv"
    shutil.copy(DATA / "contact_exports" / "vcard_3.0_apple.vcf", path)
    with pytest.raises(UserError, match="vCard"):
        load(desk, path, "contacts")
