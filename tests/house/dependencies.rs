//! Each dependency has a reason, and a place where it is needed.

use std::collections::BTreeMap;

use crate::tree::{crates, text};

/// The lines of `[workspace.dependencies]` that name a dependency.
fn listed() -> Vec<(String, String)> {
    let manifest = text("Cargo.toml");
    let (_, rest) = manifest.split_once("[workspace.dependencies]\n").unwrap();
    rest.lines()
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, rest)| (name.trim().to_owned(), rest.to_owned()))
        .collect()
}

/// Who has which dependency, for tests and benches too.
fn users() -> BTreeMap<String, Vec<String>> {
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in crates() {
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for name in one.dependencies(table) {
                users.entry(name).or_default().push(one.name.clone());
            }
        }
    }
    users
}

#[test]
fn every_dependency_has_a_reason() {
    let missing: Vec<_> = listed()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("ringwire-"))
        .filter(|(_, rest)| rest.rsplit_once(" # ").is_none_or(|(_, reason)| reason.trim().is_empty()))
        .map(|(name, _)| name)
        .collect();
    assert!(missing.is_empty(), "say in Cargo.toml what it is for, as `# reason`: {missing:?}");
}

#[test]
fn every_dependency_has_a_user() {
    let users = users();
    let unused: Vec<_> =
        listed().into_iter().map(|(name, _)| name).filter(|name| !users.contains_key(name)).collect();
    assert!(unused.is_empty(), "nobody needs it: {unused:?}");
}

#[test]
fn every_crate_uses_what_it_is_built_with() {
    let mut unused = Vec::new();
    for one in crates() {
        let directories: &[&str] = if one.name == "ringwire" { &["src"] } else { &["src", "build.rs"] };
        let sources: String = directories
            .iter()
            .flat_map(|directory| {
                let path = one.directory.join(directory);
                crate::tree::files(&path.to_string_lossy(), &["rs"])
            })
            .map(|path| text(&path))
            .collect();
        for name in one.dependencies("dependencies") {
            let word = name.replace('-', "_");
            // The libraries of these are named otherwise than their packages.
            let word = match word.as_str() {
                "md_5" => "md5",
                "rustls_webpki" => "webpki",
                // An implementation of a trait for a type of another crate; no source names it.
                "opentelemetry_http" => continue,
                word => word,
            };
            if !sources.contains(&format!("{word}::")) && !sources.contains(&format!("use {word}")) {
                unused.push(format!("{}: {name}", one.name));
            }
        }
    }
    assert!(unused.is_empty(), "no source names it:\n{}", unused.join("\n"));
}
