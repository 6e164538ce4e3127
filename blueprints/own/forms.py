"""The mobile and e-mail that a person gives of themselves, by the rules of the annex."""

from flask import request
from werkzeug.datastructures import MultiDict
from wtforms import StringField

from blueprints.filings.fields import a_mobile, an_email, bare_mobile, half_width
from blueprints.filings.forms import PageForm
from messaging.platforms.wecom import Particulars


class ParticularsForm(PageForm):
    """手机 and 邮箱; either may be left out."""

    mobile = StringField("手机", validators=[a_mobile], filters=[bare_mobile], render_kw={"inputmode": "tel"})
    email = StringField("邮箱", validators=[an_email], filters=[half_width], render_kw={"inputmode": "email"})


def usable(given: Particulars) -> dict[str, str]:
    """What the platform gave, as far as the annex can take it; it may know a mobile of another country."""
    form = ParticularsForm(formdata=MultiDict({"mobile": given.mobile, "email": given.email}))
    form.validate()
    return {field.name: field.data for field in form if field.data and not field.errors}


def is_inside_wecom() -> bool:
    """Whether the page is open inside WeCom, where alone it asks its members for their consent [90315]."""
    return "wxwork" in request.user_agent.string.lower()
