"""The web chat over a real socket: what is kept, what comes back, and whom it lets in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given

from bot.__main__ import main
from bot.app import App
from bot.demo.pages import Pages
from bot.demo.world import world
from bot.webchat.adapter import COOKIE, HEADERS
from bot.webchat.guesses import Guesses
from bot.webchat.markup import Html, el, join
from bot.webchat.render import Spot, render
from crm_store import notices, users, webchat
from crm_store.addresses import Address
from crm_store.models import InboxRow, Role, User, WebMessage
from crm_store.store import Actor, Session, Store
from handlers.reply import (
    Action,
    Chart,
    ChartKind,
    Field,
    FieldKind,
    Form,
    FormField,
    Reply,
    Row,
    Series,
    Table,
    Tone,
)
from tests.bot import replies
from tests.surfaces import configured
from tests.surfaces.web import NOW, Drawn, Site, Visitor, site

SPOT = Spot("m1-1", "/chat/picture/1/1?version=1")
EMAIL = "rita@rapport.example"


ALLOWED = {
    "button", "code", "datalist", "dd", "details", "div", "dl", "dt", "figure", "form", "h3", "img", "input",
    "label", "option", "p", "select", "small", "span", "summary", "table", "tbody", "td", "textarea",
    "th", "thead", "tr",
}  # fmt: skip


@given(reply=replies.replies)
def test_no_text_becomes_markup(reply: Reply) -> None:
    drawn = Drawn(render(reply, SPOT))
    assert {name for name, _attributes in drawn.elements} <= ALLOWED
    for _name, attributes in drawn.elements:
        assert not [key for key in attributes if key.startswith("on") or key == "style"]
    assert all(picture["src"] == SPOT.picture for picture in drawn.all("img"))


@pytest.mark.parametrize("text", replies.HOSTILE)
def test_a_hostile_text_stays_a_text_wherever_it_stands(text: str) -> None:
    drawn = Drawn(render(replies.everywhere(text), SPOT))
    assert {name for name, _attributes in drawn.elements} <= ALLOWED
    assert not any("\u202e" in each or "\x1b" in each for each in drawn.texts)


def test_text_is_escaped_once_and_markup_is_left() -> None:
    assert el("p", "a & b", el("b", "<i>"), title='"x"') == (
        '<p title="&quot;x&quot;">a &amp; b<b>&lt;i&gt;</b></p>'
    )
    assert join("<", Html("<br>")) == "&lt;<br>"
    assert el("input", required=True, disabled=False, value=None) == "<input required>"


def test_every_part_of_a_reply_is_drawn() -> None:
    reply = Reply(
        title="Lamp",
        text="new",
        fields=(Field("Stage", "Lead"),),
        table=Table(("No", "Name", "Sum"), (Row(("7", "Ada", "3"), "deal show 7"),), (2,)),
        chart=Chart(ChartKind.BARS, "Won", ("May",), (Series("EUR", (1.5,)),), "EUR"),
        actions=(Action("Delete", "deal delete 7", confirm="Really?", replaces=True),),
        footer="page 1",
        tone=Tone.GOOD,
    )
    drawn = Drawn(render(reply, SPOT))
    for text in ("✓", "Lamp", "new", "Stage", "Lead", "Ada", "1.50", "page 1", "Numbers"):
        assert text in drawn.texts
    opening, named, button = drawn.all("button")
    assert opening["data-line"] == named["data-line"] == "deal show 7"
    assert opening["tabindex"] == "-1"
    assert "tabindex" not in named
    assert button["data-confirm"] == "Really?"
    assert "data-replaces" in button
    assert "Won (EUR)" in str(drawn.all("img")[0]["alt"])
    assert drawn.all("td")[2]["class"] == "number"


def test_each_field_of_a_form_has_its_label_and_its_error() -> None:
    fields = (
        FormField("title", "Title", hint="short", error="is missing"),
        FormField("amount", "Amount", FieldKind.MONEY, required=False, value="3"),
        FormField("note", "Note", FieldKind.LONG_TEXT, required=False),
    )
    form = Form("deal add", "Add", fields)
    guess, cancel = Action("Ada?", "deal add x"), Action("Cancel", "cancel")
    refused = Reply(title="Not like this.", actions=(guess, cancel), tone=Tone.WARNING)
    drawn = Drawn(render(Reply(form=form, actions=(cancel,)), SPOT, refused))
    controls = [*drawn.all("input"), *drawn.all("textarea")]
    assert [each["for"] for each in drawn.all("label")] == [each["id"] for each in controls]
    ids = {attributes.get("id") for _name, attributes in drawn.elements}
    assert set(str(controls[0]["aria-describedby"]).split()) <= ids
    assert controls[0]["aria-invalid"] == "true"
    assert "required" in controls[0]
    assert controls[1]["inputmode"] == "decimal"
    assert "Not like this." not in drawn.texts
    assert [label for label, _given in drawn.buttons] == ["Ada?", "Send", "Cancel"]
    above = Drawn(render(Reply(form=replace(form, fields=fields[1:])), SPOT, refused))
    assert "Not like this." in above.texts
    alert = next(a for _name, a in above.elements if a.get("role") == "alert")
    assert alert["class"] == "wrong warning"


# ------------------------------------------------------------------------------ over a real socket


@pytest.fixture(name="site")
def _site(sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    """A program with the web chat switched on."""
    with site(sqlite_template, tmp_path) as running:
        yield running


def test_a_line_is_answered_on_the_page(site: Site) -> None:
    rita = site.browser()
    assert rita.posts(person=site.rita, text="company add Harbour city=Oslo") == 200
    (told,) = rita.hears(1)
    assert told["asked"] == "company add Harbour city=Oslo"
    assert "Harbour" in told["html"]
    assert told["person"] == site.rita


def test_the_same_key_twice_is_done_once(site: Site) -> None:
    rita = site.browser()
    for _time in range(2):
        assert rita.posts(person=site.rita, text="company add Harbour", key="a" * 32) == 200
    assert rita.posts(person=site.rita, text="company list") == 200
    rita.hears(2)
    with site.app.store.reading() as session:
        assert session.query(InboxRow).count() == 2
        assert session.query(WebMessage).count() == 2


def test_a_button_that_replaces_does_so_in_place(site: Site) -> None:
    rita = site.browser()
    rita.posts(person=site.rita, text="task add call her")
    (first,) = rita.hears(1)
    undo = next(b for b in Drawn(first["html"]).all("button") if "undo" in str(b["data-line"]))
    rita.posts(person=site.rita, line=undo["data-line"], message=first["id"], replaces=True)
    rita.posts(person=site.rita, text="task list")
    rita.hears(2)
    changed, listed = rita.hears(2)
    assert changed["id"] == first["id"]
    assert changed["version"] == 2
    assert changed["asked"] == "task add call her"
    assert listed["id"] > changed["id"]


def test_a_form_that_is_refused_stays_as_it_was_filled_in(site: Site) -> None:
    rita = site.browser()
    rita.posts(person=site.rita, text="company add")
    (asked,) = rita.hears(1)
    form = {"person": site.rita, "line": "company add", "message": asked["id"]}
    rita.posts(**form, values={"name": "Harbour", "website": "no site at all"})
    rita.posts(person=site.rita, text="company list")
    rita.hears(2)
    refused, _list = rita.hears(2)
    drawn = Drawn(refused["html"])
    assert refused["id"] == asked["id"]
    (website,) = (each for each in drawn.all("input") if each["name"] == "website")
    assert website["aria-invalid"] == "true"
    told = drawn.texts[drawn.texts.index("Website") :]
    assert any("is not the address of a public website" in text for text in told)
    assert "Usage" not in refused["html"].partition("<form")[2].partition("</form>")[0]
    assert drawn.values["name"] == "Harbour"
    rita.posts(**form, values={"name": "Harbour", "website": "harbour.example"})
    rita.posts(person=site.rita, text="company list")
    shown = (told for told in rita.told() if told["id"] == asked["id"])
    assert any("<form" not in told["html"] for told in shown)


def test_what_a_colleague_changed_while_a_form_was_open_stays(site: Site) -> None:
    site.admin("company add Harbour city=Bonn industry=Steel")
    rita = site.browser()
    rita.posts(person=site.rita, text="company edit 1")
    (asked,) = rita.hears(1)
    held = Drawn(asked["html"]).values
    site.admin("company edit 1 city=Kiel source=fair")
    form = {"person": site.rita, "line": "company edit 1", "message": asked["id"]}
    wrong = {**held, "industry": "Wood", "website": "no site at all"}
    rita.posts(**form, values=wrong)
    rita.posts(person=site.rita, text="company list")
    rita.hears(2)
    rita.posts(**form, values={**wrong, "website": "harbour.example"})
    rita.posts(person=site.rita, text="company list")
    rita.hears(2)
    fields = {field.label: field.value for field in site.admin("company show 1").fields}
    assert fields["City"] == "Kiel"
    assert fields["Industry"] == "Wood"


def test_who_is_meant_is_asked_in_the_form(site: Site) -> None:
    rita = site.browser()
    rita.posts(person=site.rita, text='company add "Acme Trading Ltd"')
    rita.posts(person=site.rita, text="deal add")
    asked = rita.hears(2)[1]
    values = {"title": "Lamp", "company": "Acme Tradin", "amount": "3"}
    rita.posts(person=site.rita, line="deal add", message=asked["id"], values=values)
    rita.posts(person=site.rita, text="whoami")
    rita.hears(3)
    refused = rita.hears(3)[1]
    assert refused["id"] == asked["id"]
    buttons = dict(Drawn(refused["html"]).buttons)
    (guess,) = (button for label, button in buttons.items() if "Acme Trading Ltd" in label)
    rita.posts(
        person=site.rita, line=guess["data-line"], message=asked["id"], replaces=True, asked="x"
    )
    rita.posts(person=site.rita, text="deal list")
    rita.hears(4)
    done = rita.hears(4)[1]
    assert done["id"] == asked["id"]
    assert "<form" not in done["html"]
    assert "Lamp" in done["html"]


def test_a_message_nobody_asked_for_waits_for_the_page(site: Site) -> None:
    rita = site.browser()
    rita.posts(person=site.rita, text="task add call her due=tomorrow")
    rita.hears(1)

    def owe(session: Session) -> None:
        notices.owe(
            session,
            kind="task_due",
            key="told-once",
            payload={"task_id": 1},
            due_at=NOW,
            now=NOW,
            user_id=site.rita,
            priority=notices.REMINDER,
        )

    site.app.transact(owe)
    told = rita.hears(2)[1]
    assert told["asked"] == ""
    assert "call her" in told["html"]
    assert told["key"]


def test_a_chart_is_a_picture_of_ones_own_page_only(site: Site) -> None:
    chart = Chart(ChartKind.BARS, "Won", ("May",), (Series("EUR", (1.5,)),))
    body = {"reply": Reply(chart=chart).to_dict(), "language": "en", "zone": "UTC"}
    mine = site.app.transact(lambda s: webchat.put(s, EMAIL, "a", "", body, NOW))
    other = site.app.transact(lambda s: webchat.put(s, "milo@rapport.example", "a", "", body, NOW))
    rita = site.browser()
    status, headers, picture = rita.ask("GET", f"/chat/picture/{site.rita}/{mine}")
    assert (status, headers["content-type"], picture[:4]) == (200, "image/png", b"\x89PNG")
    assert rita.ask("GET", f"/chat/picture/{site.rita}/{other}")[0] == 404
    for unheard in (2**63, "9" * 5000):
        assert rita.ask("GET", f"/chat/picture/{site.rita}/{unheard}")[0] == 404
    assert rita.ask("GET", f"/chat/picture/{site.rita + 1}/{other}")[0] == 403
    assert site.visitor().ask("GET", f"/chat/picture/{site.rita}/{mine}")[0] == 401


# ------------------------------------------------------------------------------ who is let in


def test_who_is_not_signed_in_sees_and_does_nothing(site: Site) -> None:
    stranger = site.visitor()
    for path in ("/chat", "/chat/events"):
        status, _headers, body = stranger.ask("GET", path)
        assert status == 401
        assert b"rapport user link" in body
    assert stranger.posts(person=site.rita, text="company add Harbour") == 401
    stranger.cookie = f"{COOKIE}=made-up"
    assert stranger.posts(person=site.rita, text="company add Harbour") == 401
    with site.app.store.reading() as session:
        assert session.query(InboxRow).count() == 0


def test_a_link_is_used_up_by_a_press_and_not_by_a_look(site: Site) -> None:
    visitor, link = site.visitor(), site.link()
    for _look in range(2):
        status, _headers, body = visitor.ask("GET", link)
        assert status == 200
        assert b"Sign in" in body
    status, headers, _body = visitor.ask("POST", link)
    assert (status, headers["location"]) == (303, "/chat")
    cookie = headers["set-cookie"].lower()
    for part in ("httponly", "samesite=strict", "path=/chat", "max-age=1209600"):
        assert part in cookie
    assert b"Rita Rep" in visitor.ask("GET", "/chat")[2]
    assert site.visitor().ask("POST", link)[0] == 410


def test_the_store_does_not_hold_what_signs_in(site: Site) -> None:
    rita = site.browser()
    token = rita.cookie.partition("=")[2].encode()
    folder = Path(site.app.config.store.url.removeprefix("sqlite:///")).parent
    assert not any(token in file.read_bytes() for file in folder.glob("rapport.db*"))


def test_a_session_ends_by_time_by_leaving_and_with_the_person(site: Site) -> None:
    leaving, staying = site.browser(), site.browser()
    assert leaving.ask("POST", "/chat/sign-out")[0] == 303
    assert leaving.ask("GET", "/chat")[0] == 401
    assert staying.ask("GET", "/chat")[0] == 200


def test_who_is_switched_off_is_signed_out_everywhere_and_hears_no_more(site: Site) -> None:
    rita, late = site.browser(), site.link()
    line = rita.line()
    assert next(line) == "ready"
    assert site.admin("user edit rita@rapport.example active=no").tone is Tone.NEUTRAL
    assert list(line) == []  # the server ends it
    assert rita.ask("GET", "/chat")[0] == 401
    assert rita.posts(person=site.rita, text="company add Harbour") == 401
    assert site.visitor().ask("POST", late)[0] == 410
    site.admin("user edit rita@rapport.example active=yes")
    assert rita.ask("GET", "/chat")[0] == 401


def test_who_guesses_codes_has_ten_tries_in_a_quarter_of_an_hour(site: Site) -> None:
    guesser = site.visitor()
    for _try in range(10):
        assert guesser.ask("POST", "/chat/sign-in/WRONGONE")[0] == 410
    status, headers, body = guesser.ask("POST", site.link())
    assert (status, headers["retry-after"]) == (429, "900")
    assert b"Too many" in body
    site.clock.advance(timedelta(minutes=15))
    assert guesser.ask("POST", site.link())[0] == 303


def test_few_addresses_are_remembered_and_the_quietest_is_forgotten() -> None:
    guesses = Guesses()
    for _try in range(10):
        guesses.note("first", NOW)
    assert guesses.exhausted("first", NOW)
    assert not guesses.exhausted("second", NOW)
    for number in range(10_000):
        guesses.note(str(number), NOW)
    assert not guesses.exhausted("first", NOW)


def test_a_link_is_too_old_after_a_quarter_of_an_hour(site: Site) -> None:
    link = site.link()
    site.clock.advance(timedelta(minutes=15))
    assert site.visitor().ask("POST", link)[0] == 410


def test_after_two_weeks_a_browser_is_signed_in_no_longer(store: Store) -> None:
    with store.transaction(Actor(None, "test", "", "")) as session:
        user = users.add(session, EMAIL, "R", Role.REP, language="en", time_zone="UTC", now=NOW)
        token = webchat.sign_in(session, user, NOW)
        session.flush()
        assert webchat.signed_in(session, token, NOW + timedelta(days=13)) is user
        assert webchat.signed_in(session, token, NOW + timedelta(days=14)) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_what_another_site_makes_a_browser_post_is_refused(
    site: Site, headers: dict[str, str]
) -> None:
    rita = site.browser()
    assert rita.posts(headers, person=site.rita, text="company add Harbour") == 403
    assert rita.ask("POST", site.link(), headers=headers)[0] == 403
    assert rita.ask("POST", "/chat/sign-out", headers=headers)[0] == 403
    assert rita.ask("GET", "/chat")[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"key": "short", "person": 1, "text": "help"}',
        b'{"key": "aaaaaaaaaaaaaaaaaaaa", "person": %d, "text": 3}',
        b'{"key": "aaaaaaaaaaaaaaaaaaaa", "person": %d, "text": " "}',
        b'{"key": "aaaaaaaaaaaaaaaaaaaa", "person": %d, "line": "a", "values": {"a": 1}}',
        b'{"key": "aaaaaaaaaaaaaaaaaaaa", "person": %d, "line": "a", "values": []}',
        b'{"key": "aaaaaaaaaaaaaaaaaaaa", "person": %d, "text": "half a letter \\ud800"}',
        b'{"key": "aaaaaaaaaaaaaaaaaaaa", "person": %d, "text": "nothing \\u0000"}',
        b'{"key": "aaaaaaaaaaaaaaaaaaaa", "person": %d, "line": "a", "values": {"\\u0000": "a"}}',
        b'{"key": "aaaaaaaaaaaaaaaaaaaa", "person": %d, "text": "' + b"a" * 20_001 + b'"}',
        b'{"key": "aaaaaaaaaaaaaaaaaaaa", "person": %d, "text": "a", "message": -1}',
        b'{"key": "aaaaaaaaaaaaaaaaaaaa", "person": %d, "text": "a", "message": 9223372036854775808}',
        b'{"key": "aaaaaaaaaaaaaaaaaaaa", "person": %d, "text": "a", "message": true}',
        b'{"key": "aaaaaaaaaaaaaaaaaaaa", "person": %d, "text": "a", "message": "1"}',
    ],
)
def test_what_makes_no_sense_is_refused(site: Site, body: bytes) -> None:
    sent = body.replace(b"%d", str(site.rita).encode()).decode()
    headers = {"Content-Type": "application/json"}
    assert site.browser().ask("POST", "/chat/say", sent, headers)[0] == 400


def test_nobody_speaks_as_somebody_else(site: Site) -> None:
    rita = site.browser()
    assert rita.posts(person=site.rita + 1, text="company add Harbour") == 403
    plain = {"Content-Type": "text/plain"}
    assert rita.posts(plain, person=site.rita, text="company add Harbour") == 415


def test_every_answer_forbids_what_the_page_does_not_need(site: Site) -> None:
    rita = site.browser()
    for path in ("/chat", "/chat/static/chat.js", "/chat/static/page.html", "/chat/sign-in/X"):
        _status, headers, body = rita.ask("GET", path)
        for name, value in HEADERS.items():
            assert headers[name.lower()] == value
        assert not re.search(rb"<script(?! src)|<style|\sstyle=|\son\w+=|https?://(?!www.w3)", body)
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    assert rita.ask("GET", "/chat/static/page.html")[0] == 404
    assert rita.ask("GET", "/chat/static/..%2Fadapter.py")[0] == 404


def test_without_the_switch_there_is_no_chat(tmp_path: Path) -> None:
    config = configured(tmp_path, "")
    assert config.web.chat is False
    app = App(config)
    assert app.surfaces == {}
    app.store.close()


# ------------------------------------------------------------------------------ the ways in


def test_the_command_line_prints_a_link_that_signs_in(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(site.app.config.store.url.removeprefix("sqlite:///")).parent / "config.toml"
    assert main(["user", "link", EMAIL, "--config", str(file)]) == 0
    printed = capsys.readouterr().out.strip()
    assert printed.startswith(f"http://127.0.0.1:{site.app.web.port}/chat/sign-in/")
    # The code was made by the real clock, the program's stands in the week before.
    visitor = site.visitor()
    assert visitor.ask("POST", "/chat" + printed.partition("/chat")[2])[0] == 303
    assert main(["user", "link", "nobody@rapport.example", "--config", str(file)]) == 1
    assert "is not a colleague" in capsys.readouterr().err


def test_a_link_needs_the_chat_to_be_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured(tmp_path, "")
    assert main(["user", "link", EMAIL, "--config", str(tmp_path / "config.toml")]) == 1
    assert "chat = true" in capsys.readouterr().err


def test_the_demo_shows_three_people_to_this_machine_only() -> None:
    with world(NOW) as made, Pages(made, lambda: NOW) as pages:
        here = Visitor(int(pages.url.rsplit(":", 1)[1].partition("/")[0]))
        status, _headers, body = here.ask("GET", "/chat")
        assert status == 200
        for name in ("Rita Reyes", "Agnes Okafor", "Mona Lindqvist"):
            assert name.encode() in body
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", ""):
            assert here.ask("GET", "/chat", headers={"Host": host})[0] == 403
        rita = made.look(lambda s: s.query(User).filter_by(email=EMAIL).one().id)
        assert here.posts(person=rita, text='deal add Lamp company="Amber Mill" amount=3') == 200
        card = next(each for each in here.told() if "Lamp" in str(each))
        assert card["person"] == rita


def test_a_page_can_be_looked_up_and_edited(store: Store) -> None:
    body = {"reply": Reply(text="one").to_dict(), "language": "en", "zone": "UTC"}
    with store.transaction(Actor(None, "test", "", "")) as session:
        number = webchat.put(session, EMAIL, "k", "", body, NOW)
        assert webchat.put(session, EMAIL, "k", "", body, NOW) == number
        assert webchat.put(session, "other", "k", "", body, NOW) != number
        webchat.edit(session, EMAIL, number, body)
        (first,) = webchat.changed(session, EMAIL, {})
        assert first.version == 1
        assert not webchat.changed(session, EMAIL, {number: 1})
        webchat.edit(session, EMAIL, number, {**body, "zone": "Europe/Berlin"})
        session.flush()
        assert [m.version for m in webchat.changed(session, EMAIL, {number: 1})] == [2]
        webchat.purge_messages(session, NOW + timedelta(seconds=1))
        assert webchat.find(session, EMAIL, "k") is None
        assert str(Address("web", EMAIL)) == f"web:{EMAIL}"
