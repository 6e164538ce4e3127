"""Reading a page as a browser would: its forms, what it says at which field, and whether it is well made."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from werkzeug.test import TestResponse

VOID = {"meta", "link", "input", "br", "hr", "img", "path", "circle", "rect"}
Values = dict[str, str]


@dataclass
class Form:
    """One form of a page: where it goes, and what it would send as it stands. `ticked`: all of one name's boxes."""

    action: str
    values: Values = field(default_factory=dict)
    ticked: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """What a page says. `errors` holds the sentences by the id of their field."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.title = ""
        self.language = ""
        self.headings: list[str] = []
        self.ids: list[str] = []
        self.states: list[str] = []
        self.labels: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.legends: list[str] = []
        self.faults: list[str] = []
        self.forms: list[Form] = []
        self.errors: dict[str, str] = {}
        self.text = ""
        self._open: list[tuple[str, dict[str, str]]] = []
        self._select = ""
        self.feed(html)
        self.faults += [f"{tag} is not closed" for tag, _ in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append((tag, said))
        self._note(tag, said)
        if tag == "form":
            self.forms.append(Form(said["action"]))
        elif self.forms and self._open_tag("form"):
            self._note_field(self.forms[-1], tag, said)

    def _note(self, tag: str, said: dict[str, str]) -> None:
        self.language = said.get("lang", self.language)
        self.ids += [said["id"]] if "id" in said else []
        self.states += [said["data-state"]] if "data-state" in said else []
        self.labels += [said["for"]] if tag == "label" else []
        self.links += [said["href"]] if tag == "a" else []
        self.loaded += [said[name] for name in ("src", "href") if tag in ("script", "link", "img") and name in said]
        self.inline += [name for name in said if name == "style" or name.startswith("on")]
        self.inline += [tag] if tag == "style" or (tag == "script" and "src" not in said) else []

    def _note_field(self, form: Form, tag: str, said: dict[str, str]) -> None:
        name = said.get("name", "")
        if tag == "button" and "disabled" not in said:
            form.buttons.append((name, said.get("value", ""), ""))
        elif tag == "select":
            self._select = name
            form.values[name] = ""
        elif tag == "option" and ("selected" in said):
            form.values[self._select] = said["value"]
        elif tag == "textarea":
            form.values[name] = ""
        elif tag == "input" and (said.get("type") != "checkbox" or "checked" in said):
            form.values[name] = said.get("value", "")
            if said.get("type") == "checkbox":
                form.ticked.setdefault(name, []).append(form.values[name])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self._open or self._open[-1][0] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:]}")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data
        if not self._open or not data.strip():
            return
        tag, said = self._open[-1]
        if tag == "title":
            self.title += data.strip()
        elif tag in ("h1", "legend"):
            (self.headings if tag == "h1" else self.legends).append(data.strip())
        elif tag == "textarea":
            self.forms[-1].values[said["name"]] += data.removeprefix("\r\n").removeprefix("\n")
        elif "invalid-feedback" in said.get("class", ""):
            name = said["id"].removesuffix("-error")
            self.errors[name] = self.errors.get(name, "") + data

    def _open_tag(self, tag: str) -> bool:
        return any(name == tag for name, _ in self._open)

    def form(self, action: str) -> Form:
        """The form that goes to this address."""
        return next(form for form in self.forms if form.action.partition("#")[0] == action)


def read(response: TestResponse, status: int = 200) -> Page:
    """The page of an answer, which must have this status."""
    assert response.status_code == status, (response.status_code, response.headers.get("Location"), response.text)
    return Page(response.text)
