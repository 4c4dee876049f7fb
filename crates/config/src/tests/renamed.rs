//! Keys under the names of earlier releases.

use super::*;
use crate::describe;

/// The warnings of `text` and what it means without them.
fn check(text: &str, warnings: &[&str]) {
    let place = Place::new();
    let config = place.put("ringwire.toml", text, 0o600).load(Purpose::Run).unwrap();
    assert_eq!(place.warnings(&config), warnings, "of:\n{text}");
    let renamed = text.replace("[endpoint.", "[target.").replace("endpoints =", "targets =");
    let mut renamed = load(&renamed).unwrap();
    renamed.warnings = config.warnings.clone();
    assert_eq!(describe(&config), describe(&renamed));
}

#[test]
fn endpoint_sections_are_targets_with_a_warning() {
    check(
        &format!("{PBX}[endpoint.desk]\ndialect = \"zammad\"\nurl_env = \"URL\"\n"),
        &[
            "ringwire.toml:4: endpoint.desk: this name is deprecated and accepted until 1.0; rename it to [target.desk]",
        ],
    );
    check(
        &format!(
            "{PBX}{TARGET}[endpoint.crm]\ndialect = \"zammad\"\nurl_env = \"URL\"\n[endpoint.crm.expire]\nringing = \"5s\"\n"
        ),
        &[
            "ringwire.toml:7: endpoint.crm: this name is deprecated and accepted until 1.0; rename it to [target.crm]",
        ],
    );
}

#[test]
fn endpoints_of_a_route_are_targets_with_a_warning() {
    check(
        &format!("{PBX}{TARGET}[[route]]\nendpoints = [\"desk\"]\n"),
        &[
            "ringwire.toml:8: route.endpoints: this name is deprecated and accepted until 1.0; rename it to targets",
        ],
    );
}

#[test]
fn a_target_under_both_names_is_refused() {
    let message = load(&format!("{PBX}{TARGET}{}", TARGET.replace("target", "endpoint"))).unwrap_err();
    assert_eq!(
        message,
        [
            "ringwire.toml:7: endpoint.desk: the target desk is configured twice; keep the section [target.NAME]"
        ]
    );
    let message =
        load(&format!("{PBX}{TARGET}[[route]]\ntargets = \"desk\"\nendpoints = \"desk\"\n")).unwrap_err();
    assert_eq!(message, ["ringwire.toml:9: route.endpoints: targets is set as well; keep targets"]);
}
