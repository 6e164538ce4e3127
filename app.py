"""The service: what it is made of, in the order it is put together."""

import os
import sys

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from blueprints.administration.views import administration
from blueprints.callbacks.views import callbacks
from blueprints.console.commands import console
from blueprints.console.upkeep import upkeep
from blueprints.departments.views import departments
from blueprints.errors import init_errors
from blueprints.evidence.views import evidence
from blueprints.filings.checking import checking
from blueprints.filings.copying import copying
from blueprints.filings.deletion import deletion
from blueprints.filings.duties import duties
from blueprints.filings.keeping import keeping
from blueprints.filings.opinions import opinions
from blueprints.filings.paper import paper
from blueprints.filings.reassigning import reassigning
from blueprints.filings.views import filings
from blueprints.groups.owing import owing
from blueprints.groups.views import groups
from blueprints.guide.views import guide
from blueprints.handovers.views import handovers
from blueprints.headers import init_headers
from blueprints.health.views import health
from blueprints.home.batch import batches
from blueprints.home.views import home
from blueprints.inbox.views import inbox
from blueprints.login.views import login
from blueprints.logs import init_logs
from blueprints.metrics.views import metrics
from blueprints.nicknames.views import nicknames
from blueprints.own.views import own
from blueprints.people.views import people
from blueprints.posts.views import posts
from blueprints.registry.views import registry
from blueprints.rendering import init_rendering
from blueprints.uploads import init_uploads
from config import ConfigError, Settings, read_environment
from extensions import bootstrap, csrf, db, limiter, migrate
from models.database import init_database
from models.encryption import FieldCipher
from operations.rules import init_rules
from regulation import RegulationError

BLUEPRINTS = (
    home,
    guide,
    inbox,
    batches,
    filings,
    checking,
    keeping,
    copying,
    deletion,
    duties,
    opinions,
    evidence,
    reassigning,
    paper,
    groups,
    owing,
    nicknames,
    departments,
    handovers,
    registry,
    posts,
    administration,
    people,
    own,
    login,
    callbacks,
    health,
    metrics,
    console,
    upkeep,
)


def create_app(settings: Settings | None = None) -> Flask:
    """The service for these settings; without any, for those of the environment.

    Ends the process with a sentence when a setting, or the regulation's file, is missing or wrong.
    """
    try:
        settings = settings or Settings.from_env(read_environment(os.environ))
        return _assemble(settings)
    except (ConfigError, RegulationError) as error:
        sys.exit(f"Qunbei cannot start: {error}")


def _assemble(settings: Settings) -> Flask:
    init_logs()
    app = Flask(__name__, instance_path=str(settings.instance_path))
    app.config.from_mapping(settings.flask_config())
    # gunicorn listens on this machine only, so whoever speaks for others is the proxy in front.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=0)  # type: ignore[method-assign]
    app.extensions["field_cipher"] = FieldCipher(settings.secret_key, settings.secret_key_fallbacks)
    init_database(app)
    init_rules(app)
    _bind_extensions(app)
    _register_blueprints(app)
    init_rendering(app)
    init_headers(app)
    init_uploads(app)
    init_errors(app)
    return app


def _bind_extensions(app: Flask) -> None:
    migrate.init_app(app, db)
    csrf.init_app(app)
    limiter.init_app(app)
    bootstrap.init_app(app)


def _register_blueprints(app: Flask) -> None:
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
