"""Files in the Slack fake: the three steps of an upload, files.info, downloads, people's files.

Sharing is as in Slack: the answer to the last step names no message; files.info does.
"""

from __future__ import annotations

import copy
import mimetypes

from .server import Json, refuse
from .slack_limits import check_message
from .slack_world import Message, SlackWorld, answer_ok, api


class SlackFiles(SlackWorld):
    """The methods for files; `files` maps an id to its facts, with the bytes under `content`."""

    @api("files.getUploadURLExternal", form_only=True)
    def get_upload_url(self, params: Json) -> Json:
        """Promise a file of a name and length; returns where its bytes go."""
        name, length = params.get("filename"), params.get("length")
        if not name or not str(length or "").isdigit() or int(str(length)) == 0:
            refuse("invalid_arguments", "[ERROR] missing required field: filename, length")
        if len(params.get("alt_txt") or "") > 1000:
            refuse("alt_txt_too_large")
        file = self._new_file(str(name), self.bot_user)
        file |= {"size": int(str(length)), "alt_txt": params.get("alt_txt"), "state": "promised"}
        return answer_ok(upload_url=f"{self.origin}/upload/{file['id']}", file_id=file["id"])

    @api("files.completeUploadExternal")
    def complete_upload(self, params: Json) -> Json:
        """Finish uploaded files and share them in channels."""
        wanted = params.get("files")
        if not isinstance(wanted, list) or not wanted:
            refuse("invalid_arguments", "[ERROR] missing required field: files")
        files = [self._uploaded(item.get("id")) for item in wanted]
        targets = str(params.get("channel_id") or params.get("channels") or "")
        channels = [self.open_channel(name, posting=True) for name in targets.split(",") if name]
        if params.get("blocks"):
            check_message(params)
        self.watch("files.completeUploadExternal", params)
        for file, item in zip(files, wanted, strict=True):
            file |= {"state": "complete", "title": item.get("title") or file["name"]}
        for channel in channels:
            text = {"text": params.get("initial_comment"), "blocks": params.get("blocks")}
            facts = [public_file(file) for file in files]
            thread_ts = params.get("thread_ts") or None
            message = self.post(channel, text, thread_ts=thread_ts, files=facts)
            for file in files:
                self._share(file, message)
        return answer_ok(files=[{"id": file["id"], "title": file["title"]} for file in files])

    @api("files.info", form_only=True)
    def file_info(self, params: Json) -> Json:
        """Describe a file, and where it was shared."""
        file = self.files.get(str(params.get("file")))
        if file is None or file["state"] != "complete":
            refuse("file_not_found")
        return answer_ok(file=public_file(file), comments=[])

    def receive_upload(self, file_id: str, content: bytes) -> str:
        """Take the bytes of a promised file; they must be as long as promised."""
        file = self.files.get(file_id)
        if file is None or file["state"] != "promised":
            refuse("file_not_found", code=404)
        if len(content) != file["size"]:
            refuse("file_upload_size_mismatch", code=422)
        file |= {"content": content, "state": "uploaded"}
        return f"OK - {len(content)}"

    def attach_file(self, user: str, name: str, content: bytes) -> Json:
        """Keep a file that a person sends and return its facts, with its download address."""
        file = self._new_file(name, user)
        file |= {"size": len(content), "content": content, "state": "complete", "title": name}
        return public_file(file)

    def _new_file(self, name: str, user: str) -> Json:
        number = f"F{self.number():08d}"
        url = f"{self.origin}/files/{number}/{name}"
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file: Json = {"id": number, "name": name, "user": user, "mimetype": kind, "shares": {}}
        file |= {"filetype": name.rpartition(".")[2], "url_private": url}
        file["url_private_download"] = url
        self.files[number] = file
        return file

    def _uploaded(self, file_id: str) -> Json:
        file = self.files.get(file_id)
        if file is None or file["state"] != "uploaded":
            refuse("file_not_found")
        return file

    def _share(self, file: Json, message: Message) -> None:
        kind = self.channels[message.channel].kind
        shares = file["shares"].setdefault("public" if kind == "channel" else "private", {})
        shares.setdefault(message.channel, []).append({"ts": message.ts})


def public_file(file: Json) -> Json:
    """Return a file's facts without its bytes and the fake's own marks."""
    hidden = {"content", "state"}
    return copy.deepcopy({name: value for name, value in file.items() if name not in hidden})
