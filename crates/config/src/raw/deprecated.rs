//! Keys that had another name in earlier releases. They are accepted until 1.0, with a warning.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{document::Document, finding::Finding};

/// Gives keys their present names in `root`; the warnings say where the old ones are. A name that is there twice, once
/// under each key, is an error.
pub(crate) fn rename(
    document: &Document<'_>,
    root: &mut DeTable<'_>,
    errors: &mut Vec<Finding>,
) -> Vec<Finding> {
    let mut warnings = Vec::new();
    targets(document, root, &mut warnings, errors);
    if let Some(DeValue::Array(routes)) = root.get_mut("route").map(Spanned::get_mut) {
        for route in routes.iter_mut() {
            if let DeValue::Table(route) = route.get_mut() {
                targets_of_route(document, route, &mut warnings, errors);
            }
        }
    }
    warnings
}

/// `[endpoint.NAME]` is `[target.NAME]`.
fn targets<'i>(
    document: &Document<'_>,
    root: &mut DeTable<'i>,
    warnings: &mut Vec<Finding>,
    errors: &mut Vec<Finding>,
) {
    let Some((key, value)) = root.remove_entry("endpoint") else { return };
    let key = Spanned::new(key.span(), "target".into());
    let DeValue::Table(named) = value.get_ref() else {
        warnings.push(renamed(document, &value.span(), "target"));
        root.entry(key).or_insert(value);
        return;
    };
    for name in named.keys() {
        warnings.push(renamed(document, &name.span(), &format!("[target.{}]", name.get_ref())));
    }
    let Some(DeValue::Table(targets)) = root.get_mut("target").map(Spanned::get_mut) else {
        root.entry(key).or_insert(value);
        return;
    };
    let DeValue::Table(named) = value.into_inner() else { return };
    for (name, table) in named {
        if targets.contains_key(name.get_ref().as_ref()) {
            let what = format!("the target {} is configured twice", name.get_ref());
            errors.push(document.finding(&name.span(), what).hint("keep the section [target.NAME]"));
        } else {
            targets.insert(name, table);
        }
    }
}

/// `endpoints` of a route is `targets`.
fn targets_of_route(
    document: &Document<'_>,
    route: &mut DeTable<'_>,
    warnings: &mut Vec<Finding>,
    errors: &mut Vec<Finding>,
) {
    let Some((key, value)) = route.remove_entry("endpoints") else { return };
    if route.contains_key("targets") {
        let finding = document.finding(&key.span(), "targets is set as well");
        errors.push(finding.hint("keep targets"));
        return;
    }
    warnings.push(renamed(document, &key.span(), "targets"));
    route.insert(Spanned::new(key.span(), "targets".into()), value);
}

fn renamed(document: &Document<'_>, span: &Range<usize>, new: &str) -> Finding {
    let finding = document.finding(span, "this name is deprecated and accepted until 1.0");
    finding.hint(format!("rename it to {new}"))
}
