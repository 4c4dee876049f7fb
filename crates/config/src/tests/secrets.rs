//! Where secrets come from, and that they stay there.

use secrecy::ExposeSecret;

use super::*;

/// The secret that `keys` lead to, with the warnings; or what is said of them, without the beginning of the line.
fn secret(place: &Place, keys: &str, mode: u32) -> Result<(String, Vec<String>), String> {
    let text = format!("[pbx.main]\nusername = \"ringwire\"\n{keys}\n{TARGET}");
    let loaded = place.put("ringwire.toml", text, mode).load(Purpose::Run);
    let config = loaded.map_err(|message| message.join("\n"))?;
    assert!(!format!("{config:?}").contains("hunter2"));
    let login = config.pbxs.first().unwrap().login.as_ref().unwrap();
    Ok((login.secret.expose_secret().to_owned(), place.warnings(&config)))
}

#[track_caller]
fn found(keys: &str, mode: u32) {
    let place = Place::new();
    fs::create_dir(place.0.path().join("credentials")).unwrap();
    place.put("ami.secret", "hunter2\r\n", 0o640).put("credentials/ami", "hunter2\n", 0o400);
    assert_eq!(secret(&place, keys, mode), Ok(("hunter2".to_owned(), Vec::new())), "by {keys}");
}

#[track_caller]
fn refused(keys: &str, mode: u32, message: &str) {
    let place = Place::new();
    fs::create_dir(place.0.path().join("credentials")).unwrap();
    place.put("empty", "\n", 0o600).put("two", "hunter2\nhunter3\n", 0o600).put(
        "latin",
        b"hunter\xfc2",
        0o600,
    );
    assert_eq!(secret(&place, keys, mode), Err(format!("ringwire.toml:3: pbx.main.{message}")), "by {keys}");
}

#[test]
fn a_secret_is_read_from_each_source() {
    found("secret_file = \"ami.secret\"", 0o644);
    found("secret_env = \"SECRET\"", 0o644);
    found("secret_credential = \"ami\"", 0o644);
    found("secret = \"hunter2\"", 0o600);
    found("secret = \"hunter2\"", 0o400);
}

#[test]
fn a_missing_secret_is_reported_with_its_source() {
    const FILE: &str = "expected a file with nothing but the secret in it; make it readable by the user that ringwire runs as";
    const NAME: &str = "expected the name of a credential of the systemd unit";
    for (keys, message) in [
        ("secret_file = \"none\"", format!("secret_file: none: no such file; {FILE}")),
        ("secret_file = \"credentials\"", format!("secret_file: credentials: is a directory; {FILE}")),
        ("secret_file = \"latin\"", format!("secret_file: latin: it is not UTF-8 text; {FILE}")),
        ("secret_file = \"empty\"", "secret_file: the secret of the user in manager.conf is empty; expected text".to_owned()),
        ("secret_file = \"two\"", "secret_file: the secret contains a line break or another control character; expected one line of text".to_owned()),
        ("secret_env = \"EMPTY\"", "secret_env: the secret of the user in manager.conf is empty; expected text".to_owned()),
        (
            "secret_env = \"NONE\"",
            "secret_env: $NONE is not set; expected an environment variable that holds the secret; with systemd, set it with EnvironmentFile=".to_owned(),
        ),
        ("secret_credential = \"../a\"", format!("secret_credential: invalid name \"../a\"; {NAME}")),
        (
            "secret_credential = \"ami\"",
            format!("secret_credential: credential \"ami\": no such file; {NAME}; add LoadCredential=ami:/path/of/the/file to the unit"),
        ),
    ] {
        refused(keys, 0o600, &message);
    }
}

#[test]
fn an_inline_secret_in_a_readable_file_is_refused() {
    for mode in [0o640, 0o604, 0o644, 0o660] {
        refused(
            "secret = \"hunter2\"",
            mode,
            "secret: the secret is in a file that others can read; expected mode 0600; chmod 600 \
             FILE, or move it to secret_file"
                .replace("FILE", "ringwire.toml")
                .as_str(),
        );
    }
}

#[test]
fn two_sources_for_one_secret_are_refused() {
    let message = secret(&Place::new(), "secret_env = \"SECRET\"\nsecret = \"hunter2\"", 0o600);
    let expected = "ringwire.toml:4: pbx.main.secret: more than one source is set for the secret of the user in manager.conf; \
        expected one of secret_file, secret_env, secret_credential and secret; keep one";
    assert_eq!(message, Err(expected.to_owned()));
}

#[test]
fn a_world_readable_secret_is_warned_about() {
    let place = Place::new();
    place.put("ami.secret", "hunter2", 0o644);
    let warning =
        "ringwire.toml:3: pbx.main.secret_file: ami.secret can be read by everyone; chmod o= ami.secret";
    assert_eq!(
        secret(&place, "secret_file = \"ami.secret\"", 0o600),
        Ok(("hunter2".into(), vec![warning.into()]))
    );
}

/// The origin of `url` and the warnings, or what is said of it.
fn url(url: &str, mode: u32) -> Result<(String, Vec<String>), String> {
    let place = Place::new();
    let text = format!("{PBX}[target.desk]\ndialect = \"zammad\"\nurl = \"{url}\"\n");
    let loaded = place.put("ringwire.toml", text, mode).load(Purpose::Run);
    let config = loaded.map_err(|message| message.join("\n"))?;
    for shown in [format!("{config:?}"), crate::describe(&config), place.warnings(&config).join("\n")] {
        assert!(!shown.contains("t0ken"), "{shown}");
    }
    let address = config.targets.first().unwrap().address.clone().unwrap();
    assert_eq!(address.url.expose_secret(), url);
    Ok((address.origin, place.warnings(&config)))
}

#[test]
fn of_a_url_only_the_origin_is_shown() {
    for (text, origin) in [
        ("https://helpdesk.example.com/api/v1/cti/t0ken", "https://helpdesk.example.com"),
        (
            "https://user:t0ken@helpdesk.example.com:8443/zammad/api/v1/cti/t0ken",
            "https://helpdesk.example.com:8443",
        ),
        ("http://127.0.0.1:3000/api/v1/cti/t0ken", "http://127.0.0.1:3000"),
        ("http://[::1]:3000/api/v1/cti/t0ken", "http://[::1]:3000"),
        ("http://localhost/api/v1/cti/t0ken", "http://localhost"),
    ] {
        assert_eq!(url(text, 0o600), Ok((origin.to_owned(), Vec::new())));
    }
}

#[test]
fn a_leaking_or_unexpected_url_is_warned_about() {
    let at = "ringwire.toml:6: target.desk.url: ";
    for (text, mode, warning) in [
        (
            "http://helpdesk.example.com/api/v1/cti/t0ken",
            0o600,
            "the token and all phone numbers are sent to helpdesk.example.com unencrypted; use https",
        ),
        (
            "https://helpdesk.example.com/t0ken",
            0o600,
            "the path of the URL is not /api/v1/cti/TOKEN; Zammad shows the URL under Integrations, CTI (generic)",
        ),
        (
            "https://helpdesk.example.com/api/v1/cti/t0ken",
            0o644,
            "the URL contains a token and this file is readable by others; move it to url_file, or chmod 600 ringwire.toml",
        ),
    ] {
        assert_eq!(url(text, mode).map(|(_, warnings)| warnings), Ok(vec![format!("{at}{warning}")]));
    }
}

#[test]
fn an_invalid_url_is_not_shown() {
    let hint = "expected https://HOST/PATH; the URL itself is not shown because it contains a token";
    for (text, message) in [
        ("helpdesk/t0ken", "the URL cannot be read: relative URL without a base"),
        ("https://", "the URL cannot be read: empty host"),
        ("https://host:99999/t0ken", "the URL cannot be read: invalid port number"),
        ("ftp://host/t0ken", "the scheme of the URL is neither http nor https"),
        ("https://host/\\nt0ken", "the URL has more than one line"),
    ] {
        assert_eq!(url(text, 0o600), Err(format!("ringwire.toml:6: target.desk.url: {message}; {hint}")));
    }
}
