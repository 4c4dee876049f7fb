//! The documentation: what `ringwire explain` cites is there, and every link leads somewhere.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The places of a page that a link can name: explicit anchors, and headings as GitHub names them.
fn anchors(page: &str) -> BTreeSet<String> {
    let explicit =
        page.split("<a id=\"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(id, _)| id.to_owned());
    let headings = page.lines().filter(|line| line.starts_with('#')).map(|line| {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        heading
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .collect::<String>()
            .replace(' ', "-")
    });
    explicit.chain(headings).collect()
}

/// The sections that `text` cites as `[KIND 4.2]`.
fn cited(text: &str, kind: &str) -> BTreeSet<String> {
    let number =
        |rest: &str| rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect::<String>();
    text.split(&format!("[{kind} ")).skip(1).map(number).collect()
}

#[test]
fn every_section_that_an_explanation_cites_is_documented() {
    let explained: String = fs::read_dir(root().join("tests/it/explained"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for (kind, page) in [("rules", "docs/call-rules.md"), ("AMI", "docs/asterisk-manager.md")] {
        let documented = anchors(&fs::read_to_string(root().join(page)).unwrap());
        let cited = cited(&explained, kind);
        assert!(!cited.is_empty(), "no explanation cites {page}");
        for section in cited {
            assert!(documented.contains(&section), "[{kind} {section}] has no anchor in {page}");
        }
    }
}

#[test]
fn every_link_of_the_documentation_leads_somewhere() {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let top =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name));
    for file in docs.chain(top).filter(|file| file.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(&file).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) =
                link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
            let target: PathBuf =
                if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            assert!(target.exists(), "{} links to {link}, which is not there", file.display());
            if let Some(anchor) = anchor {
                let known = anchors(&fs::read_to_string(&target).unwrap());
                assert!(
                    known.contains(anchor),
                    "{} links to {link}, which has no such anchor",
                    file.display()
                );
            }
        }
    }
}
