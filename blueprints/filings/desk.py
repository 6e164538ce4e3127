"""The form on its page, and what comes of each of its buttons."""

from dataclasses import dataclass, replace

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.filings.fields import an_id
from blueprints.filings.filling import hints
from blueprints.filings.forms import FilingForm
from blueprints.filings.progress import refusal_of
from blueprints.filings.sending import fields_with_errors, is_ready_to_send, legend_of
from blueprints.statuses import CONFLICT, UNPROCESSABLE
from models import Filing
from operations.drafts import save_draft
from operations.errors import SavedElsewhere
from operations.permissions import typed_by_applicant
from operations.reading import FormChoices, get_filing
from operations.viewing import note_mobiles_seen


@dataclass(frozen=True)
class Desk:
    """The form on the page, what it offers, and the filing it was opened from, if any."""

    form: FilingForm
    choices: FormChoices
    filing: Filing | None = None

    def page(
        self, status: int = 200, *, added: bool = False, copied_from: str = "", conflict: str = ""
    ) -> ResponseReturnValue:
        """The form as a page, with an error status when it was refused.

        `added`: at the administrator just added. `copied_from`: the name of the group whose filing it begins with.
        `conflict`: why what was typed is not saved, though it may be.
        """
        page = render_template(
            "filings/form.html",
            form=self.form,
            filing=self.filing,
            errors=list(fields_with_errors(self.form)),
            hints=hints(self.choices, self.form.rules),
            rules=self.form.rules,
            legend_of=legend_of,
            added=added,
            copied_from=copied_from,
            conflict=conflict,
            refusal=refusal_of(self.filing) if self.filing else None,
        )
        if self.filing is not None:
            note_mobiles_seen(g.actor, self.filing, typed_by_applicant(self.filing))
        return page, status

    def take(self) -> ResponseReturnValue:
        """Answer the button that was pressed: another administrator, on to sending, or keep as a draft."""
        action = request.form.get("action")
        if action == "more":
            return self._with_one_more()
        try:
            return self._towards_sending() if action == "send" else self._keep()
        except SavedElsewhere as refused:
            return self._beside_another(refused.sentence)

    def _beside_another(self, sentence: str) -> ResponseReturnValue:
        """The form as typed, with a way to what was saved meanwhile: the next press says that this one counts."""
        assert self.filing is not None  # noqa: S101 - only what was opened may have been saved elsewhere
        filing = get_filing(self.filing.id)
        self.form.version.data = str(filing.version)
        return replace(self, filing=filing).page(CONFLICT, conflict=sentence)

    def _with_one_more(self) -> ResponseReturnValue:
        if not self.form.administrators.is_full:
            self.form.administrators.append_entry()
        return self.page(added=True)

    def _towards_sending(self) -> ResponseReturnValue:
        if not is_ready_to_send(self.form, self.filing):
            return self.page(UNPROCESSABLE)
        return redirect(url_for("filings.confirm", filing_id=self._save()))

    def _keep(self) -> ResponseReturnValue:
        if not self.form.validate():
            return self.page(UNPROCESSABLE)
        filing_id = self._save()
        flash("草稿已保存。", "success")
        return redirect(url_for("filings.show", filing_id=filing_id))

    def _save(self) -> int:
        filing_id = self.filing.id if self.filing else None
        version = an_id(self.form.version.data) if self.filing else None
        return save_draft(g.actor, self.form.facts(), form_key=self.form.key, filing_id=filing_id, version=version)
