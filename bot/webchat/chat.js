// The page of the chat: posts what a person does, shows the messages as they come.
// The server draws and escapes every message; here they are only put in their places.
"use strict";

(() => {
  const app = document.getElementById("app");
  const panes = [...document.querySelectorAll(".pane")];
  if (!panes.length) return;
  const paneOf = new Map(panes.map((pane) => [Number(pane.dataset.person), pane]));
  const status = document.getElementById("line");
  const typed = new Map(panes.map((pane) => [pane, []]));

  const make = (name, kind, text) => {
    const made = document.createElement(name);
    if (kind) made.className = kind;
    if (text) made.textContent = text;
    return made;
  };

  const newKey = () =>
    [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");

  const toEnd = (log) => { log.scrollTop = log.scrollHeight; };

  // A message that is taller than the screen is read from its beginning.
  const toNewest = (log, entry) => {
    if (entry.offsetHeight > log.clientHeight) entry.scrollIntoView({ block: "start" });
    else toEnd(log);
  };

  const atEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < 120;

  // -------------------------------------------------------------------------------- what comes
  const show = (news) => {
    const pane = paneOf.get(news.person);
    if (!pane) return;
    const log = pane.querySelector(".log");
    const follow = atEnd(log) || log.getAttribute("aria-busy") === "true";
    const waited = log.querySelector(`[data-key="${CSS.escape(news.key)}"]`);
    free(news.key);
    const id = `p${news.person}-${news.id}`;
    const old = document.getElementById(id);
    if (old && Number(old.dataset.version) >= news.version) return;
    const held = (old && old.contains(document.activeElement)) ||
      (waited && waited.contains(document.activeElement));
    const entry = old || make("article", "message");
    entry.id = id;
    entry.dataset.version = news.version;
    entry.dataset.message = news.id;
    entry.tabIndex = -1;
    entry.replaceChildren(...parts(news));
    if (waited && waited !== entry) waited.remove();
    if (!old) place(log, entry, news.id);
    pane.classList.remove("waiting");
    log.querySelector(".welcome")?.classList.add("used");
    if (held) refocus(entry);
    if (follow && !old) toNewest(log, entry);
  };

  // A form that was refused is gone on with where the fault is; anything else is read from its beginning.
  const refocus = (entry) => {
    const wrong = entry.querySelector("[aria-invalid=true]") ||
      (entry.querySelector(".wrong") && entry.querySelector("form input, form textarea, form select"));
    (wrong || entry).focus();
  };

  const parts = (news) => {
    const made = [];
    if (news.asked) made.push(make("p", "asked", news.asked));
    const bubble = make("div", `bubble ${news.tone}`);
    bubble.lang = news.language;
    bubble.innerHTML = news.html;
    const time = make("time", "", news.time);
    time.dateTime = news.at;
    bubble.append(time);
    made.push(bubble);
    return made;
  };

  const place = (log, entry, id) => {
    const later = [...log.querySelectorAll(".message")].find((other) => Number(other.dataset.message) > id);
    log.insertBefore(entry, later || log.querySelector(".pending"));
  };

  // -------------------------------------------------------------------------------- what goes
  const say = (pane, what) => {
    const sent = { key: newKey(), person: Number(pane.dataset.person), ...what };
    const log = pane.querySelector(".log");
    let entry = null;
    if (!what.quiet) {
      entry = make("article", "pending");
      entry.dataset.key = sent.key;
      entry.append(make("p", "asked", sent.asked || sent.text || sent.line));
      entry.append(make("div", "dots"));
      entry.lastChild.setAttribute("aria-label", app.dataset.waiting);
      log.append(entry);
      toEnd(log);
    }
    pane.classList.add("waiting");
    post(pane, sent, entry);
    return sent.key;
  };

  // A form is sent once, however often Send is clicked, until what it was sent as is answered or failed.
  const free = (key) => {
    const form = document.querySelector(`form[data-sent="${CSS.escape(key)}"]`);
    if (form) delete form.dataset.sent;
  };

  const post = async (pane, sent, entry) => {
    try {
      const answer = await fetch("/chat/say", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(sent),
      });
      if (answer.status === 401) location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
    } catch {
      failed(pane, sent, entry);
    }
  };

  const failed = (pane, sent, entry) => {
    pane.classList.remove("waiting");
    free(sent.key);
    const told = entry || make("article", "pending");
    if (!entry) pane.querySelector(".log").append(told);
    told.dataset.key = sent.key;
    told.querySelector(".dots")?.remove();
    told.querySelector(".failed")?.remove();
    const line = make("p", "failed", `${app.dataset.failed} `);
    line.setAttribute("role", "alert");
    const again = make("button", "", app.dataset.again);
    again.type = "button";
    again.addEventListener("click", () => { line.remove(); post(pane, sent, told); });
    line.append(again);
    told.append(line);
    toEnd(pane.querySelector(".log"));
  };

  const press = async (pane, button) => {
    const { line, confirm, replaces } = button.dataset;
    if (confirm && !(await sure(confirm))) return;
    const message = Number(button.closest(".message")?.dataset.message || 0);
    say(pane, {
      line,
      message,
      replaces: replaces !== undefined,
      quiet: replaces !== undefined,
      asked: button.classList.contains("open") ? line : button.textContent,
    });
  };

  // A dialog says that it was closed only after a while; until then it asks nothing else.
  let asked = Promise.resolve(false);
  const sure = (question) => {
    asked = asked.then(() => ask(question));
    return asked;
  };

  const ask = (question) => new Promise((resolve) => {
    const dialog = document.getElementById("sure");
    document.getElementById("question").textContent = question;
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-line]");
    if (button) press(button.closest(".pane"), button);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const pane = form.closest(".pane");
    if (!pane) return;
    event.preventDefault();
    if (form.classList.contains("composer")) return compose(pane, form.querySelector("input"));
    if (form.dataset.sent) return;
    form.dataset.sent = say(pane, {
      line: form.dataset.command,
      values: Object.fromEntries(new FormData(form)),
      message: Number(form.closest(".message").dataset.message),
      quiet: true,
    });
  });

  const compose = (pane, input) => {
    const text = input.value.trim();
    if (!text) return;
    typed.get(pane).push(text);
    input.value = "";
    delete input.dataset.back;
    say(pane, { text });
  };

  document.addEventListener("keydown", (event) => {
    const input = event.target.closest(".composer input");
    if (!input || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    const lines = typed.get(input.closest(".pane"));
    const back = Number(input.dataset.back || 0) + (event.key === "ArrowUp" ? 1 : -1);
    if (back < 0 || back > lines.length) return;
    input.dataset.back = back;
    input.value = back ? lines[lines.length - back] : "";
    event.preventDefault();
  });

  // -------------------------------------------------------------------------------- the tabs
  document.querySelectorAll("[data-tab]").forEach((tab) => tab.addEventListener("click", () => {
    document.querySelectorAll("[data-tab]").forEach((one) => one.setAttribute("aria-pressed", one === tab));
    panes.forEach((pane) => pane.classList.toggle("shown", pane.dataset.person === tab.dataset.tab));
    const shown = paneOf.get(Number(tab.dataset.tab));
    toEnd(shown.querySelector(".log"));
    shown.querySelector(".composer input").focus();
  }));

  // -------------------------------------------------------------------------------- the line
  const listen = () => {
    const line = new EventSource("/chat/events");
    line.addEventListener("message", (event) => show(JSON.parse(event.data)));
    line.addEventListener("ready", () => {
      status.textContent = "";
      document.querySelectorAll(".log[aria-busy=true]").forEach((log) => {
        log.setAttribute("aria-busy", "false");
        toEnd(log);
      });
    });
    line.addEventListener("error", async () => {
      status.textContent = app.dataset.lost;
      if (line.readyState !== EventSource.CLOSED) return;
      // The server refused: signed out, mostly. The page says so after loading anew.
      const answer = await fetch("/chat", { method: "HEAD" }).catch(() => null);
      if (answer && answer.status === 401) location.reload();
      else setTimeout(listen, 3000);
    });
  };
  listen();
  // Whoever has a keyboard at hand can type at once; a phone would open its own over the page.
  if (panes.length === 1 && !matchMedia("(pointer: coarse)").matches) panes[0].querySelector(".composer input").focus();
})();
