//! What a target is shown: where it comes from, what is message of it, and that it is never told.

use secrecy::ExposeSecret;

use super::*;
use crate::{Authorization, Target, describe};

const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The target with `keys`, or what is message of them, without the beginning of the line; they are the seventh and
/// following ones.
fn target(place: &Place, keys: &str, mode: u32) -> Result<Target, Vec<String>> {
    place.put("ringwire.toml", format!("{PBX}{TARGET}{keys}\n"), mode);
    let mut config = place.load(Purpose::Run)?;
    for shown in [format!("{config:?}"), describe(&config), place.warnings(&config).join("\n")] {
        assert!(!shown.contains("hunter2") && !shown.contains("MfKQ9"), "{shown}");
    }
    assert_eq!(place.warnings(&config), Vec::<String>::new(), "of {keys}");
    Ok(config.targets.remove(0))
}

fn place() -> Place {
    let place = Place::new();
    fs::create_dir(place.0.path().join("credentials")).unwrap();
    place.put("secret", "hunter2\n", 0o600).put("credentials/secret", "hunter2", 0o400);
    place.put("signing", format!("{SIGNING}\n"), 0o600).put("two", "hunter2\nhunter3", 0o600);
    place.put("umlaut", "h\u{fc}nter2", 0o600).put("none", "", 0o600);
    let (certificate, key) = certificate("ringwire");
    place.put("both.pem", format!("{key}{certificate}"), 0o600);
    place.put("cert.pem", certificate, 0o644).put("key.pem", key, 0o600);
    place.put("other.pem", super::certificate("other").1, 0o600);
    place.put(
        "encrypted.pem",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\naGk=\n-----END ENCRYPTED PRIVATE KEY-----\n",
        0o600,
    );
    place.put("bad.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", 0o600);
    place
}

#[track_caller]
fn refused(keys: &str, message: &[&str]) {
    let place = place();
    let expected: Vec<_> = message.iter().map(|message| format!("ringwire.toml:{message}")).collect();
    assert_eq!(target(&place, keys, 0o600).map(|_| ()).unwrap_err(), expected, "of {keys}");
}

#[test]
fn each_credential_is_read_from_each_source() {
    for (keys, name) in [
        ("", "bearer"),
        ("basic_user = \"bob\"\n", "basic_password"),
        ("header_name = \"X-Key\"\n", "header_value"),
    ] {
        for (place_of, mode) in [("_file", 0o644), ("_env", 0o644), ("_credential", 0o644), ("", 0o600)] {
            let value = match place_of {
                "_env" => "SECRET",
                "" => "hunter2",
                _ => "secret",
            };
            let keys = format!("{keys}{name}{place_of} = {value:?}");
            let found = target(&place(), &keys, mode).unwrap().credentials;
            let secret = match (&found.authorization, &found.header) {
                (Some(Authorization::Bearer(secret)), None) => secret,
                (Some(Authorization::Basic { user, password }), None) if user == "bob" => password,
                (None, Some((name, value))) if name == "x-key" => value,
                _ => panic!("{found:?} by {keys}"),
            };
            assert_eq!(secret.expose_secret(), "hunter2", "by {keys}");
        }
    }
}

#[test]
fn requests_are_signed_with_one_or_two_secrets() {
    for (keys, expected) in [
        ("signing_secret_file = \"signing\"".to_owned(), 1),
        (format!("signing_secret = {SIGNING:?}"), 1),
        (format!("signing_secret_file = \"signing\"\nsigning_secret_previous = {SIGNING:?}"), 2),
    ] {
        assert_eq!(target(&place(), &keys, 0o600).unwrap().credentials.signing.len(), expected, "{keys}");
    }
}

#[test]
fn a_client_certificate_and_its_key_may_share_a_file() {
    for (certificate, key) in [("cert.pem", "key.pem"), ("both.pem", "both.pem")] {
        let keys = format!("tls_certificate_file = {certificate:?}\ntls_key_file = {key:?}");
        assert!(target(&place(), &keys, 0o644).unwrap().credentials.certificate.is_some(), "{keys}");
    }
}

#[test]
fn credentials_readable_by_others_are_refused_or_warned_about() {
    for (before, name) in [
        ("", "bearer"),
        ("basic_user = \"bob\"\n", "basic_password"),
        ("header_name = \"X-Key\"\n", "header_value"),
        ("", "signing_secret"),
    ] {
        let keys = format!("{before}{name} = {SIGNING:?}");
        let line = 7 + before.lines().count();
        let message = target(&place(), &keys, 0o640).map(|_| ()).unwrap_err();
        let expected = format!(
            "ringwire.toml:{line}: target.desk.{name}: the secret is in a file that others can read; expected mode 0600; chmod 600 ringwire.toml, or move it to {name}_file"
        );
        assert_eq!(message, [expected]);
    }
    let place = place();
    place.put("key.pem", fs::read(place.0.path().join("key.pem")).unwrap(), 0o644);
    let keys = "tls_certificate_file = \"cert.pem\"\ntls_key_file = \"key.pem\"";
    place.put("ringwire.toml", format!("{PBX}{TARGET}{keys}\n"), 0o600);
    let warning =
        "ringwire.toml:8: target.desk.tls_key_file: key.pem can be read by everyone; chmod o= key.pem";
    assert_eq!(place.warnings(&place.load(Purpose::Run).unwrap()), [warning]);
}

#[test]
fn keys_that_need_each_other_are_required_together() {
    for (keys, message) in [
        (
            "basic_user = \"bob\"",
            "4: target.desk.basic_password_file: the password of basic_user is missing; expected basic_password_file, \
             basic_password_env, basic_password_credential or basic_password; a file that only ringwire can read is recommended",
        ),
        (
            "basic_password_file = \"secret\"",
            "7: target.desk.basic_password_file: a password is set without a user; expected basic_user as well",
        ),
        (
            "header_value_file = \"secret\"",
            "7: target.desk.header_value_file: a header value is set without a name; expected header_name as well",
        ),
        (
            "tls_key_file = \"key.pem\"",
            "7: target.desk.tls_key_file: a key is set without its certificate; expected tls_certificate_file as well",
        ),
        (
            "tls_certificate_file = \"cert.pem\"",
            "7: target.desk.tls_certificate_file: a certificate is set without its key; expected tls_key_file as well",
        ),
        (
            "signing_secret_previous_file = \"signing\"",
            "7: target.desk.signing_secret_previous_file: a previous signing secret is set without a current one; expected \
             signing_secret_file as well",
        ),
    ] {
        refused(keys, &[message]);
    }
}

#[test]
fn the_header_authorization_has_one_value() {
    let expected = "expected one of bearer_file, basic_user, header_name and a user in the URL";
    let bearer = "bearer_file = \"secret\"";
    let basic = "basic_user = \"bob\"\nbasic_password_file = \"secret\"";
    let what = "more than one value is set for the header Authorization";
    refused(&format!("{basic}\n{bearer}"), &[&format!("9: target.desk.bearer_file: {what}; {expected}")]);
    refused(
        &format!("{bearer}\nheader_name = \"authorization\"\nheader_value_file = \"secret\""),
        &[&format!("8: target.desk.header_name: {what}; {expected}")],
    );
    let place = place();
    let url = "url = \"https://u:p@desk.example.com/api/v1/cti/t0ken\"";
    let text = format!("{PBX}{}{bearer}\n", TARGET.replace("url_env = \"URL\"", url));
    let message = place.put("ringwire.toml", text, 0o600).load(Purpose::Run).map(|_| ()).unwrap_err();
    assert_eq!(
        message,
        [format!("ringwire.toml:7: target.desk.bearer_file: {what}: the URL has a user in it; {expected}")]
    );
    let alone = "header_name = \"Authorization\"\nheader_value_file = \"secret\"";
    assert!(target(&place, alone, 0o600).is_ok());
}

#[test]
fn values_that_no_header_allows_are_refused() {
    const NAME: &str = "expected letters, digits and dashes, as in X-Api-Key";
    const TEXT: &str = "expected one line of plain ASCII text";
    const SECRET: &str = "expected whsec_ and base64 of 24 to 64 random bytes; create one with echo whsec_$(openssl rand -base64 32)";
    for (keys, message) in [
        ("bearer_file = \"umlaut\"".to_owned(), format!("7: target.desk.bearer_file: contains characters that are not allowed in a header; {TEXT}")),
        ("bearer_file = \"none\"".to_owned(), "7: target.desk.bearer_file: the bearer token is empty; expected text".to_owned()),
        (
            "bearer_file = \"two\"".to_owned(),
            "7: target.desk.bearer_file: the secret contains a line break or another control character; expected one line of text".to_owned(),
        ),
        (
            "basic_user = \"a:b\"\nbasic_password_file = \"secret\"".to_owned(),
            "7: target.desk.basic_user: the user name contains a colon; expected a name without a colon".to_owned(),
        ),
        (
            "header_name = \"X Key\"\nheader_value_file = \"secret\"".to_owned(),
            format!("7: target.desk.header_name: invalid header name \"X Key\"; {NAME}"),
        ),
        (
            "header_name = \"Webhook-Id\"\nheader_value_file = \"secret\"".to_owned(),
            "7: target.desk.header_name: ringwire sets the header webhook-id itself; expected another header".to_owned(),
        ),
        (
            "headers = { Host = \"a\" }".to_owned(),
            "7: target.desk.headers.Host: ringwire sets the header host itself; expected another header".to_owned(),
        ),
        (
            "headers = { Authorization = \"a\" }".to_owned(),
            "7: target.desk.headers.Authorization: the header authorization carries a secret; expected bearer_file, basic_user or header_name instead".to_owned(),
        ),
        (
            "headers = { X-A = \"a\", x-a = \"b\" }".to_owned(),
            "7: target.desk.headers.x-a: the header x-a is set twice; expected each header once, ignoring case".to_owned(),
        ),
        (
            "headers = { X-A = \"a\\nb\" }".to_owned(),
            format!("7: target.desk.headers.X-A: contains characters that are not allowed in a header; {TEXT}"),
        ),
        ("headers = { X-A = 1 }".to_owned(), "7: target.desk.headers.X-A: found integer `1`; expected text in quotes".to_owned()),
        (
            "headers = { x-key = \"a\" }\nheader_name = \"X-Key\"\nheader_value_file = \"secret\"".to_owned(),
            "8: target.desk.header_name: the header x-key is also set in headers; expected each header once".to_owned(),
        ),
        (
            "signing_secret_file = \"secret\"".to_owned(),
            format!("7: target.desk.signing_secret_file: the secret does not begin with whsec_; {SECRET}"),
        ),
        (
            "signing_secret = \"whsec_aHVudGVyMg==\"".to_owned(),
            format!("7: target.desk.signing_secret: the secret is not of 24 to 64 bytes; {SECRET}"),
        ),
        ("bearer = 5".to_owned(), "7: target.desk.bearer: found a value of another type; expected text in quotes".to_owned()),
    ] {
        refused(&keys, &[&message]);
    }
}

#[test]
fn invalid_certificate_files_are_named() {
    const CERTIFICATES: &str = "expected certificates in PEM form (-----BEGIN CERTIFICATE-----)";
    const KEY: &str = "expected a private key in PEM form (-----BEGIN PRIVATE KEY-----)";
    for (certificate, key, message) in [
        ("nowhere", "key.pem", format!("7: target.desk.tls_certificate_file: nowhere: no such file; {CERTIFICATES}; make it readable by the user that ringwire runs as")),
        ("key.pem", "key.pem", format!("7: target.desk.tls_certificate_file: key.pem: there is no certificate in it; {CERTIFICATES}")),
        ("bad.pem", "key.pem", format!("7: target.desk.tls_certificate_file: bad.pem: a certificate in it cannot be read; {CERTIFICATES}")),
        ("cert.pem", "nowhere", format!("8: target.desk.tls_key_file: nowhere: no such file; {KEY}; make it readable by the user that ringwire runs as")),
        ("cert.pem", "cert.pem", format!("8: target.desk.tls_key_file: cert.pem: there is no private key in it; {KEY}")),
        ("cert.pem", "other.pem", "8: target.desk.tls_key_file: other.pem: the key in it is not that of cert.pem; expected the key that the certificate was made for".to_owned()),
        ("cert.pem", "encrypted.pem", "8: target.desk.tls_key_file: encrypted.pem: the key in it has a passphrase, and nobody is there to type it; expected a key without one: openssl pkey -in OLD -out NEW".to_owned()),
    ] {
        let keys = format!("tls_certificate_file = {certificate:?}\ntls_key_file = {key:?}");
        refused(&keys, &[&message]);
    }
}

/// What comes of `url` with `keys`: the warnings, or what is message.
fn url(url: &str, keys: &str) -> Result<Vec<String>, Vec<String>> {
    let place = place();
    let text =
        format!("{PBX}[target.desk]\ndialect = \"zammad\"\nurl = \"{url}/api/v1/cti/t0ken\"\n{keys}\n");
    let config = place.put("ringwire.toml", text, 0o600).load(Purpose::Run)?;
    Ok(place.warnings(&config))
}

#[test]
fn plain_http_is_warned_about_and_refused_with_https_only() {
    for near in ["127.0.0.1", "10.1.2.3:8080", "[::1]", "[fd00::1]", "localhost", "desk.localhost:3000"] {
        assert_eq!(url(&format!("http://{near}"), ""), Ok(Vec::new()), "{near}");
    }
    for far in ["1.1.1.1", "desk.example.com", "desk", "[2606:4700::1111]"] {
        let warning = format!(
            "ringwire.toml:6: target.desk.url: the token and all phone numbers are sent to {far} unencrypted; use https"
        );
        assert_eq!(url(&format!("http://{far}"), ""), Ok(vec![warning]));
        assert_eq!(url(&format!("https://{far}"), "https_only = true"), Ok(Vec::new()));
    }
    let message = "ringwire.toml:6: target.desk.url: the URL of 127.0.0.1 does not use https; expected https, because https_only is set";
    assert_eq!(url("http://127.0.0.1", "https_only = true"), Err(vec![message.to_owned()]));
    let keys = "tls_certificate_file = \"cert.pem\"\ntls_key_file = \"key.pem\"";
    let message = "ringwire.toml:7: target.desk.tls_certificate_file: the URL begins with http, so no certificate can be sent; expected a URL that begins with https";
    assert_eq!(url("http://127.0.0.1", keys), Err(vec![message.to_owned()]));
}

#[test]
fn blocked_addresses_need_allow_addresses() {
    for (host, address, kind) in [
        ("169.254.169.254", "169.254.169.254", "a link-local address, as clouds' metadata services have"),
        ("0xa9fea9fe", "169.254.169.254", "a link-local address, as clouds' metadata services have"),
        ("[fd00:ec2::254]:80", "fd00:ec2::254", "the address of a cloud's metadata service"),
        ("0.0.0.0", "0.0.0.0", "an address of no machine"),
    ] {
        let message = format!(
            "ringwire.toml:6: target.desk.url: {address} is {kind}, where no target is; expected the address of the \
             target; if the target really is there, set allow_addresses = [\"{address}\"]"
        );
        assert_eq!(url(&format!("https://{host}"), ""), Err(vec![message]));
        assert_eq!(
            url(&format!("https://{host}"), &format!("allow_addresses = [\"{address}\"]")),
            Ok(Vec::new())
        );
    }
    refused(
        "allow_addresses = [\"169.254.1.2\", \"169.254.0.0/33\", \"desk\"]",
        &[
            "7: target.desk.allow_addresses: invalid address \"169.254.0.0/33\"; expected addresses, or ranges as in 169.254.1.0/24",
            "7: target.desk.allow_addresses: invalid address \"desk\"; expected addresses, or ranges as in 169.254.1.0/24",
        ],
    );
}
