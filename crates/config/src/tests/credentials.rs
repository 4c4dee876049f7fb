//! What an endpoint is shown: where it comes from, what is said of it, and that it is never told.

use secrecy::ExposeSecret;

use super::*;
use crate::{Authorization, Endpoint, describe};

const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The endpoint with `keys`, or what is said of them, without the beginning of the line; they are the seventh and
/// following ones.
fn endpoint(place: &Place, keys: &str, mode: u32) -> Result<Endpoint, Vec<String>> {
    place.put("ringwire.toml", format!("{PBX}{ENDPOINT}{keys}\n"), mode);
    let mut config = place.load(Purpose::Run)?;
    for shown in [format!("{config:?}"), describe(&config), place.warnings(&config).join("\n")] {
        assert!(!shown.contains("hunter2") && !shown.contains("MfKQ9"), "{shown}");
    }
    assert_eq!(place.warnings(&config), Vec::<String>::new(), "of {keys}");
    Ok(config.endpoints.remove(0))
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
fn refused(keys: &str, said: &[&str]) {
    let place = place();
    let expected: Vec<_> = said.iter().map(|said| format!("ringwire.toml:{said}")).collect();
    assert_eq!(endpoint(&place, keys, 0o600).map(|_| ()).unwrap_err(), expected, "of {keys}");
}

#[test]
fn each_secret_is_found_in_each_of_its_places() {
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
            let found = endpoint(&place(), &keys, mode).unwrap().credentials;
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
fn one_secret_signs_or_two() {
    for (keys, expected) in [
        ("signing_secret_file = \"signing\"".to_owned(), 1),
        (format!("signing_secret = {SIGNING:?}"), 1),
        (format!("signing_secret_file = \"signing\"\nsigning_secret_previous = {SIGNING:?}"), 2),
    ] {
        assert_eq!(endpoint(&place(), &keys, 0o600).unwrap().credentials.signing.len(), expected, "{keys}");
    }
}

#[test]
fn a_certificate_and_its_key_are_in_two_files_or_in_one() {
    for (certificate, key) in [("cert.pem", "key.pem"), ("both.pem", "both.pem")] {
        let keys = format!("tls_certificate_file = {certificate:?}\ntls_key_file = {key:?}");
        assert!(endpoint(&place(), &keys, 0o644).unwrap().credentials.certificate.is_some(), "{keys}");
    }
}

#[test]
fn a_secret_that_others_can_read_is_refused_or_warned_of() {
    for (before, name) in [
        ("", "bearer"),
        ("basic_user = \"bob\"\n", "basic_password"),
        ("header_name = \"X-Key\"\n", "header_value"),
        ("", "signing_secret"),
    ] {
        let keys = format!("{before}{name} = {SIGNING:?}");
        let line = 7 + before.lines().count();
        let said = endpoint(&place(), &keys, 0o640).map(|_| ()).unwrap_err();
        let expected = format!(
            "ringwire.toml:{line}: endpoint.desk.{name}: the secret stands in a file that others than its owner can \
             read; expected mode 0600; chmod 600 ringwire.toml, or move it to {name}_file"
        );
        assert_eq!(said, [expected]);
    }
    let place = place();
    place.put("key.pem", fs::read(place.0.path().join("key.pem")).unwrap(), 0o644);
    let keys = "tls_certificate_file = \"cert.pem\"\ntls_key_file = \"key.pem\"";
    place.put("ringwire.toml", format!("{PBX}{ENDPOINT}{keys}\n"), 0o600);
    let warning =
        "ringwire.toml:8: endpoint.desk.tls_key_file: key.pem can be read by everyone; chmod o= key.pem";
    assert_eq!(place.warnings(&place.load(Purpose::Run).unwrap()), [warning]);
}

#[test]
fn what_only_works_together_is_asked_for_together() {
    for (keys, said) in [
        (
            "basic_user = \"bob\"",
            "4: endpoint.desk.basic_password_file: the password of basic_user is missing; expected basic_password_file, \
             basic_password_env, basic_password_credential or basic_password; a file that only ringwire can read is the \
             usual place",
        ),
        (
            "basic_password_file = \"secret\"",
            "7: endpoint.desk.basic_password_file: there is a password and no user; expected basic_user beside it",
        ),
        (
            "header_value_file = \"secret\"",
            "7: endpoint.desk.header_value_file: there is the value of a header and no name; expected header_name beside it",
        ),
        (
            "tls_key_file = \"key.pem\"",
            "7: endpoint.desk.tls_key_file: there is a key and no certificate; expected tls_certificate_file beside it",
        ),
        (
            "tls_certificate_file = \"cert.pem\"",
            "7: endpoint.desk.tls_certificate_file: there is a certificate and no key; expected tls_key_file beside it",
        ),
        (
            "signing_secret_previous_file = \"signing\"",
            "7: endpoint.desk.signing_secret_previous_file: there is a previous secret to sign with and no present one; expected \
             signing_secret_file beside it",
        ),
    ] {
        refused(keys, &[said]);
    }
}

#[test]
fn the_header_authorization_has_one_value() {
    let expected = "expected one of bearer_file, basic_user, header_name and a user in the URL";
    let bearer = "bearer_file = \"secret\"";
    let basic = "basic_user = \"bob\"\nbasic_password_file = \"secret\"";
    let what = "there is more than one value for the header Authorization";
    refused(&format!("{basic}\n{bearer}"), &[&format!("9: endpoint.desk.bearer_file: {what}; {expected}")]);
    refused(
        &format!("{bearer}\nheader_name = \"authorization\"\nheader_value_file = \"secret\""),
        &[&format!("8: endpoint.desk.header_name: {what}; {expected}")],
    );
    let place = place();
    let url = "url = \"https://u:p@desk.example.com/api/v1/cti/t0ken\"";
    let text = format!("{PBX}{}{bearer}\n", ENDPOINT.replace("url_env = \"URL\"", url));
    let said = place.put("ringwire.toml", text, 0o600).load(Purpose::Run).map(|_| ()).unwrap_err();
    assert_eq!(
        said,
        [format!("ringwire.toml:7: endpoint.desk.bearer_file: {what}: the URL has a user in it; {expected}")]
    );
    let alone = "header_name = \"Authorization\"\nheader_value_file = \"secret\"";
    assert!(endpoint(&place, alone, 0o600).is_ok());
}

#[test]
fn what_cannot_be_sent_is_refused() {
    const NAME: &str = "expected letters, digits and dashes, as in X-Api-Key";
    const TEXT: &str = "expected one line of plain ASCII text";
    const SECRET: &str = "expected whsec_ and base64 of 24 to 64 random bytes; echo whsec_$(openssl rand -base64 32) makes one";
    for (keys, said) in [
        ("bearer_file = \"umlaut\"".to_owned(), format!("7: endpoint.desk.bearer_file: there are characters in it that no header can have; {TEXT}")),
        ("bearer_file = \"none\"".to_owned(), "7: endpoint.desk.bearer_file: the bearer token is empty; expected text".to_owned()),
        (
            "bearer_file = \"two\"".to_owned(),
            "7: endpoint.desk.bearer_file: the secret has a line break or another control character in it; expected one line of text".to_owned(),
        ),
        (
            "basic_user = \"a:b\"\nbasic_password_file = \"secret\"".to_owned(),
            "7: endpoint.desk.basic_user: the user has a colon in it; expected a name without a colon".to_owned(),
        ),
        (
            "header_name = \"X Key\"\nheader_value_file = \"secret\"".to_owned(),
            format!("7: endpoint.desk.header_name: \"X Key\" is no name of a header; {NAME}"),
        ),
        (
            "header_name = \"Webhook-Id\"\nheader_value_file = \"secret\"".to_owned(),
            "7: endpoint.desk.header_name: ringwire sets the header webhook-id itself; expected another header".to_owned(),
        ),
        (
            "headers = { Host = \"a\" }".to_owned(),
            "7: endpoint.desk.headers.Host: ringwire sets the header host itself; expected another header".to_owned(),
        ),
        (
            "headers = { Authorization = \"a\" }".to_owned(),
            "7: endpoint.desk.headers.Authorization: what stands in the header authorization is a secret; expected bearer_file, basic_user or header_name instead".to_owned(),
        ),
        (
            "headers = { X-A = \"a\", x-a = \"b\" }".to_owned(),
            "7: endpoint.desk.headers.x-a: the header x-a is there twice; expected each header once, whatever its capitals".to_owned(),
        ),
        (
            "headers = { X-A = \"a\\nb\" }".to_owned(),
            format!("7: endpoint.desk.headers.X-A: there are characters in it that no header can have; {TEXT}"),
        ),
        ("headers = { X-A = 1 }".to_owned(), "7: endpoint.desk.headers.X-A: found integer `1`; expected text in quotes".to_owned()),
        (
            "headers = { x-key = \"a\" }\nheader_name = \"X-Key\"\nheader_value_file = \"secret\"".to_owned(),
            "8: endpoint.desk.header_name: the header x-key is among headers too; expected each header once".to_owned(),
        ),
        (
            "signing_secret_file = \"secret\"".to_owned(),
            format!("7: endpoint.desk.signing_secret_file: the secret does not begin with whsec_; {SECRET}"),
        ),
        (
            "signing_secret = \"whsec_aHVudGVyMg==\"".to_owned(),
            format!("7: endpoint.desk.signing_secret: the secret is not of 24 to 64 bytes; {SECRET}"),
        ),
        ("bearer = 5".to_owned(), "7: endpoint.desk.bearer: found a value of another type; expected text in quotes".to_owned()),
    ] {
        refused(&keys, &[&said]);
    }
}

#[test]
fn certificates_that_are_none_are_told_with_their_file() {
    const CERTIFICATES: &str = "expected certificates in PEM form (-----BEGIN CERTIFICATE-----)";
    const KEY: &str = "expected a private key in PEM form (-----BEGIN PRIVATE KEY-----)";
    for (certificate, key, said) in [
        ("nowhere", "key.pem", format!("7: endpoint.desk.tls_certificate_file: nowhere: there is no such file; {CERTIFICATES}; it has to be readable by the user that ringwire runs as")),
        ("key.pem", "key.pem", format!("7: endpoint.desk.tls_certificate_file: key.pem: there is no certificate in it; {CERTIFICATES}")),
        ("bad.pem", "key.pem", format!("7: endpoint.desk.tls_certificate_file: bad.pem: a certificate in it cannot be read; {CERTIFICATES}")),
        ("cert.pem", "nowhere", format!("8: endpoint.desk.tls_key_file: nowhere: there is no such file; {KEY}; it has to be readable by the user that ringwire runs as")),
        ("cert.pem", "cert.pem", format!("8: endpoint.desk.tls_key_file: cert.pem: there is no private key in it; {KEY}")),
        ("cert.pem", "other.pem", "8: endpoint.desk.tls_key_file: other.pem: the key in it is not that of cert.pem; expected the key that the certificate was made for".to_owned()),
        ("cert.pem", "encrypted.pem", "8: endpoint.desk.tls_key_file: encrypted.pem: the key in it has a passphrase, and nobody is there to type it; expected a key without one: openssl pkey -in OLD -out NEW".to_owned()),
    ] {
        let keys = format!("tls_certificate_file = {certificate:?}\ntls_key_file = {key:?}");
        refused(&keys, &[&said]);
    }
}

/// What comes of `url` with `keys`: the warnings, or what is said.
fn url(url: &str, keys: &str) -> Result<Vec<String>, Vec<String>> {
    let place = place();
    let text =
        format!("{PBX}[endpoint.desk]\ndialect = \"zammad\"\nurl = \"{url}/api/v1/cti/t0ken\"\n{keys}\n");
    let config = place.put("ringwire.toml", text, 0o600).load(Purpose::Run)?;
    Ok(place.warnings(&config))
}

#[test]
fn http_is_warned_of_where_it_may_leave_the_house_and_refused_where_https_is_asked_for() {
    for near in ["127.0.0.1", "10.1.2.3:8080", "[::1]", "[fd00::1]", "localhost", "desk.localhost:3000"] {
        assert_eq!(url(&format!("http://{near}"), ""), Ok(Vec::new()), "{near}");
    }
    for far in ["1.1.1.1", "desk.example.com", "desk", "[2606:4700::1111]"] {
        let warning = format!(
            "ringwire.toml:6: endpoint.desk.url: the token and all numbers go to {far} in clear; use https"
        );
        assert_eq!(url(&format!("http://{far}"), ""), Ok(vec![warning]));
        assert_eq!(url(&format!("https://{far}"), "https_only = true"), Ok(Vec::new()));
    }
    let said = "ringwire.toml:6: endpoint.desk.url: the URL of 127.0.0.1 begins with http; expected https, for https_only is set";
    assert_eq!(url("http://127.0.0.1", "https_only = true"), Err(vec![said.to_owned()]));
    let keys = "tls_certificate_file = \"cert.pem\"\ntls_key_file = \"key.pem\"";
    let said = "ringwire.toml:7: endpoint.desk.tls_certificate_file: the URL begins with http, so no certificate is shown; expected a URL that begins with https";
    assert_eq!(url("http://127.0.0.1", keys), Err(vec![said.to_owned()]));
}

#[test]
fn an_address_where_no_endpoint_is_has_to_be_listed() {
    for (host, address, kind) in [
        ("169.254.169.254", "169.254.169.254", "a link-local address, as clouds' metadata services have"),
        ("0xa9fea9fe", "169.254.169.254", "a link-local address, as clouds' metadata services have"),
        ("[fd00:ec2::254]:80", "fd00:ec2::254", "the address of a cloud's metadata service"),
        ("0.0.0.0", "0.0.0.0", "an address of no machine"),
    ] {
        let said = format!(
            "ringwire.toml:6: endpoint.desk.url: {address} is {kind}, where no endpoint is; expected the address of the \
             endpoint; if it is there all the same, set allow_addresses = [\"{address}\"]"
        );
        assert_eq!(url(&format!("https://{host}"), ""), Err(vec![said]));
        assert_eq!(
            url(&format!("https://{host}"), &format!("allow_addresses = [\"{address}\"]")),
            Ok(Vec::new())
        );
    }
    refused(
        "allow_addresses = [\"169.254.1.2\", \"169.254.0.0/33\", \"desk\"]",
        &[
            "7: endpoint.desk.allow_addresses: \"169.254.0.0/33\" is no address; expected addresses, or ranges as in 169.254.1.0/24",
            "7: endpoint.desk.allow_addresses: \"desk\" is no address; expected addresses, or ranges as in 169.254.1.0/24",
        ],
    );
}
