"""Modals and home tabs of the Slack fake: views.open, push, update, publish and their answers.

Pressing and submitting is in slack_people.
"""

from __future__ import annotations

import copy
from typing import Any

from .server import Json, refuse
from .slack_limits import check_view
from .slack_world import SlackWorld, answer_ok, api

STACK_MOST = 3


class SlackViews(SlackWorld):
    """The methods that show modals and homes; `views` holds every modal ever opened.

    A view is the dict that Slack would send, with `user` and `open` (false once closed) besides.
    """

    @api("views.open")
    def open_view(self, params: Json) -> Json:
        """Open a modal for the person of the trigger."""
        view = self._read_view(params, "modal")
        user = self.use_trigger(params.get("trigger_id"))
        return answer_ok(view=self._show(view, user, None))

    @api("views.push")
    def push_view(self, params: Json) -> Json:
        """Put a modal on top of the person's open one, three deep at most."""
        view = self._read_view(params, "modal")
        user = self.use_trigger(params.get("trigger_id"))
        return answer_ok(view=self._push(view, user))

    @api("views.update")
    def update_view(self, params: Json) -> Json:
        """Replace the content of an open modal."""
        view = self._read_view(params, "modal")
        shown = self._find_view(params)
        _check_hash(params, shown)
        self._fill(shown, view)
        return answer_ok(view=public_view(shown))

    @api("views.publish")
    def publish_view(self, params: Json) -> Json:
        """Set a person's home tab."""
        view = self._read_view(params, "home")
        user = params.get("user_id")
        self.person(user, "invalid_arguments")
        shown = self.homes.get(str(user))
        if shown is None:
            shown = self.homes[str(user)] = {"id": f"V{self.number():08d}", "user": user}
        _check_hash(params, shown)
        self._fill(shown, view)
        return answer_ok(view=public_view(shown))

    def open_views(self, user: str) -> list[Json]:
        """Return a person's open modals, the one on top last."""
        return [view for view in self.views if view["open"] and view["user"] == user]

    def answer_submission(self, view_id: str, answer: Json) -> None:
        """Do to a submitted modal what our answer to the submission asks for."""
        view = next(view for view in self.views if view["id"] == view_id)
        match answer.get("response_action"):
            case None:
                view["open"] = False
            case "clear":
                for shown in self.open_views(view["user"]):
                    shown["open"] = False
            case "errors":
                self._show_errors(view, answer.get("errors"))
            case "update":
                check_view(answer.get("view"), "modal")
                self._fill(view, answer["view"])
            case "push":
                check_view(answer.get("view"), "modal")
                self._push(answer["view"], view["user"])
            case other:
                refuse("invalid_arguments", f"[ERROR] response_action {other}")
        self.watch("view_submission", answer)

    def _show_errors(self, view: Json, errors: Any) -> None:
        inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
            refuse("invalid_arguments", "[ERROR] errors must name input blocks")
        view["errors"] = dict(errors)

    def _read_view(self, params: Json, kind: str) -> Json:
        view = params.get("view")
        check_view(view, kind)
        self.watch(f"views ({kind})", params)
        return dict(view or {})

    def _find_view(self, params: Json) -> Json:
        for view in self.views:
            if view["open"] and params.get("view_id") == view["id"]:
                return view
            external = params.get("external_id")
            if view["open"] and external and external == view.get("external_id"):
                return view
        return refuse("not_found")

    def _push(self, view: Json, user: str) -> Json:
        stack = self.open_views(user)
        if not stack:
            refuse("not_found")
        if len(stack) >= STACK_MOST:
            refuse("push_limit_reached")
        return self._show(view, user, stack[-1])

    def _show(self, view: Json, user: str, below: Json | None) -> Json:
        external = view.get("external_id")
        if external and any(v["open"] and v.get("external_id") == external for v in self.views):
            refuse("duplicate_external_id")
        name = f"V{self.number():08d}"
        shown: Json = {
            "id": name,
            "user": user,
            "open": True,
            "root_view_id": below["root_view_id"] if below else name,
            "previous_view_id": below["id"] if below else None,
        }
        self._fill(shown, view)
        self.views.append(shown)
        return public_view(shown)

    def _fill(self, shown: Json, view: Json) -> None:
        """Put new content into a view; it gets a new hash."""
        kept = ("id", "user", "open", "root_view_id", "previous_view_id")
        facts = {name: shown[name] for name in kept if name in shown}
        shown.clear()
        shown.update({"callback_id": "", "private_metadata": "", "state": {"values": {}}})
        shown.update(copy.deepcopy(view))
        shown.update(facts)
        shown["blocks"] = self.with_ids(view["blocks"])
        shown["hash"] = self.stamp()
        shown |= {"team_id": self.team_id, "app_id": self.app_id, "bot_id": self.bot_id}


def _check_hash(params: Json, shown: Json) -> None:
    if params.get("hash") and params["hash"] != shown.get("hash"):
        refuse("hash_conflict")


def public_view(shown: Json) -> Json:
    """Return the view as Slack would send it."""
    hidden = {"user", "open", "errors"}
    return copy.deepcopy({name: value for name, value in shown.items() if name not in hidden})
