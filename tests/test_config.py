"""Settings: read once, checked before anything starts, refused by name."""

from pathlib import Path

import pytest

from app import create_app
from config import TRIAL_FILE, ConfigError, Receiver, Settings, read_environment

COMPLETE = {
    "PUBLIC_URL": "https://qunbei.example.edu.cn",
    "SECRET_KEY": "0123456789abcdef0123456789abcdef",
    "WECOM_CORP_ID": "wwtestcorp00000001",
    "WECOM_AGENT_ID": "1000002",
    "WECOM_SECRET": "an-app-secret",
    "WECOM_CALLBACK_TOKEN": "CallbackToken123",
    "WECOM_CALLBACK_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFE",
}


def test_complete_settings_are_read_with_the_platforms_own_addresses() -> None:
    settings = Settings.from_env({**COMPLETE, "INITIAL_ADMINISTRATORS": " zhang, LI ,"})
    assert settings.wecom.agent_id == 1000002
    assert settings.wecom.api_url == "https://qyapi.weixin.qq.com/cgi-bin/"
    assert settings.wecom.sso_url == "https://login.work.weixin.qq.com/wwlogin/sso/login"
    assert settings.initial_administrators == ("zhang", "LI")
    assert settings.database_url.endswith("/instance/qunbei.sqlite3")
    assert settings.flask_config()["SESSION_COOKIE_SECURE"] is True


def test_who_may_read_the_figures_is_named_by_addresses_and_networks() -> None:
    assert Settings.from_env(COMPLETE).metrics_from == ()
    named = Settings.from_env({**COMPLETE, "METRICS_FROM": " 10.1.2.3, 10.2.3.4/16 ,2001:db8::/32,"}).metrics_from
    assert [str(network) for network in named] == ["10.1.2.3/32", "10.2.0.0/16", "2001:db8::/32"]


@pytest.mark.parametrize("name", sorted(COMPLETE))
def test_a_missing_setting_stops_the_start_by_its_name(name: str) -> None:
    with pytest.raises(ConfigError, match="WECOM_CONTACT_CALLBACK" if "CONTACT" in name else name):
        Settings.from_env({key: value for key, value in COMPLETE.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "qunbei.example.edu.cn"),
        ("PUBLIC_URL", "https://qunbei.example.edu.cn/app"),
        ("SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://localhost/qunbei"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("REDIS_URL", "localhost:6379"),
        ("REGULATION_FILE", "/nowhere/at/all.toml"),
        ("WECOM_AGENT_ID", "one"),
        ("WECOM_CALLBACK_TOKEN", "with space"),
        ("WECOM_CALLBACK_AES_KEY", "tooshort"),
        ("WECOM_API_URL", "ftp://example.com/"),
        ("WECOM_SSO_URL", "nowhere"),
        ("WECOM_API_URL", "http://["),
        ("PUBLIC_URL", "http://["),
        ("PUBLIC_URL", "https://host:abc"),
        ("PUBLIC_URL", "https://user:password@host"),
        ("DATABASE_URL", "sqlite://x"),
        ("DATABASE_URL", "postgresql://host:port/name"),
        ("METRICS_FROM", "prometheus.example.edu.cn"),
        ("METRICS_FROM", "10.1.2.3;10.1.2.4"),
        ("METRICS_FROM", "10.1.2.3/33"),
        ("INITIAL_ADMINISTRATORS", "zhangsan，lisi"),
        ("INITIAL_ADMINISTRATORS", "zhangsan,张三"),
        ("INITIAL_ADMINISTRATORS", "zhangsan lisi"),
        ("WECOM_DOMAIN_VERIFICATION", "index.html=content"),
        ("WECOM_DOMAIN_VERIFICATION", "WW_verify_abc.txt"),
        ("WECOM_CONTACT_CALLBACK_TOKEN", "with space"),
        ("WECOM_CONTACT_CALLBACK_AES_KEY", "only-one-of-the-two"),
        ("DINGTALK_APP_KEY", "dingkey"),
    ],
)
def test_a_wrong_setting_stops_the_start_by_its_name(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match="WECOM_CONTACT_CALLBACK" if "CONTACT" in name else name):
        Settings.from_env({**COMPLETE, name: value})


def test_no_setting_that_is_refused_is_repeated_in_the_sentence() -> None:
    with pytest.raises(ConfigError) as refused:
        Settings.from_env({**COMPLETE, "SECRET_KEY": "hunter2"})
    assert "hunter2" not in str(refused.value)


def test_settings_shown_by_mistake_show_no_secret() -> None:
    shown = repr(Settings.from_env(COMPLETE))
    assert not any(COMPLETE[name] in shown for name in COMPLETE if name.endswith(("SECRET", "TOKEN", "KEY")))


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_by_psycopg_however_its_address_is_written(scheme: str) -> None:
    settings = Settings.from_env({**COMPLETE, "DATABASE_URL": f"{scheme}://me@localhost/qunbei"})
    assert settings.database_url == "postgresql+psycopg://me@localhost/qunbei"


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WECOM_CORP_ID=from-file\nSECRET_KEY=from-file\n")
    read = read_environment({"SECRET_KEY": "from-environment"}, tmp_path)
    assert (read["WECOM_CORP_ID"], read["SECRET_KEY"]) == ("from-file", "from-environment")


def test_the_contact_receiver_is_kept_where_both_its_settings_are_given() -> None:
    assert Settings.from_env(COMPLETE).wecom.contact_receiver is None
    key = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefE"
    both = {"WECOM_CONTACT_CALLBACK_TOKEN": "ContactToken123", "WECOM_CONTACT_CALLBACK_AES_KEY": key}
    settings = Settings.from_env({**COMPLETE, **both})
    assert settings.wecom.contact_receiver == Receiver("ContactToken123", key)
    assert settings.wecom.receiver == Receiver("CallbackToken123", COMPLETE["WECOM_CALLBACK_AES_KEY"])
    assert key not in repr(settings)
    for name, value in both.items():
        with pytest.raises(ConfigError, match="WECOM_CONTACT_CALLBACK"):
            Settings.from_env({**COMPLETE, name: value})


def test_the_proofs_of_the_domain_are_read_by_file_name() -> None:
    settings = Settings.from_env(
        {**COMPLETE, "WECOM_DOMAIN_VERIFICATION": "WW_verify_a1.txt=one, WW_verify_b2.txt=two"}
    )
    assert settings.domain_verification == {"WW_verify_a1.txt": "one", "WW_verify_b2.txt": "two"}


def test_a_trials_settings_hold_only_where_no_platform_is_named(tmp_path: Path) -> None:
    (tmp_path / TRIAL_FILE).write_text("WECOM_CORP_ID=trial\nSECRET_KEY=trial\n")
    asked = {"INSTANCE_PATH": str(tmp_path)}
    assert read_environment(asked, tmp_path)["WECOM_CORP_ID"] == "trial"
    real = read_environment({**asked, "WECOM_CORP_ID": "real"}, tmp_path)
    assert "SECRET_KEY" not in real
    assert Settings.from_env({**COMPLETE, **read_environment(asked, tmp_path), **COMPLETE}).is_trial
    assert not Settings.from_env({**real, **COMPLETE}).is_trial


def test_the_app_refuses_to_start_with_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**COMPLETE, "WECOM_SECRET": ""}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="Qunbei cannot start: WECOM_SECRET is not set"):
        create_app()


def test_the_app_refuses_a_regulation_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("version = 3")
    environ = {**COMPLETE, "REGULATION_FILE": str(tmp_path / "rules.toml"), "INSTANCE_PATH": str(tmp_path)}
    with pytest.raises(SystemExit, match=r"rules\.toml"):
        create_app(Settings.from_env(environ))


def test_two_apps_live_side_by_side(tmp_path: Path) -> None:
    one = create_app(Settings.from_env({**COMPLETE, "INSTANCE_PATH": str(tmp_path / "one")}))
    two = create_app(Settings.from_env({**COMPLETE, "INSTANCE_PATH": str(tmp_path / "two")}))
    assert one.config["SQLALCHEMY_DATABASE_URI"] != two.config["SQLALCHEMY_DATABASE_URI"]


def test_former_secret_keys_are_read_and_kept_to_themselves() -> None:
    settings = Settings.from_env({**COMPLETE, "SECRET_KEY_FALLBACKS": " former-key-00000, other-former-key ,"})
    assert settings.secret_key_fallbacks == ("former-key-00000", "other-former-key")
    assert settings.flask_config()["SECRET_KEY_FALLBACKS"] == ["former-key-00000", "other-former-key"]
    assert "former-key" not in repr(settings)


def test_a_former_secret_key_too_short_to_be_one_stops_the_start_without_being_repeated() -> None:
    with pytest.raises(ConfigError, match="SECRET_KEY_FALLBACKS") as refused:
        Settings.from_env({**COMPLETE, "SECRET_KEY_FALLBACKS": "former-key-00000,hunter2"})
    assert "hunter2" not in str(refused.value)
