//! No file imports from one that imports from it, however long the way: what two files need stands where both look down on it.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    source::{arrows, modules},
    tree::{crates, root},
};

/// The circles of imports in each crate.
fn all_circles() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for one in crates() {
        for name in ["lib.rs", "main.rs"] {
            let file = one.directory.join("src").join(name);
            if root().join(&file).is_file() {
                let modules = modules(&file.to_string_lossy());
                let circles = circles(&arrows(&modules));
                found.extend(
                    circles.iter().map(|circle| circle.iter().map(|file| (*file).to_owned()).collect()),
                );
            }
        }
    }
    found
}

#[test]
fn no_file_imports_itself_in_a_circle() {
    let found: Vec<_> = all_circles().iter().map(|circle| circle.join("\n    -> ")).collect();
    assert!(found.is_empty(), "{} circles of imports:\n\n{}", found.len(), found.join("\n\n"));
}

/// The shortest circle through each file that is in one, each circle once.
fn circles<'a>(arrows: &BTreeMap<&'a str, Vec<&'a str>>) -> Vec<Vec<&'a str>> {
    let mut found: Vec<Vec<&str>> = Vec::new();
    for begin in arrows.keys() {
        let Some(circle) = way_back(arrows, begin) else { continue };
        let mut members = circle.clone();
        members.sort_unstable();
        members.dedup();
        let is_known = found.iter().any(|known| {
            let mut known = known.clone();
            known.sort_unstable();
            known.dedup();
            known == members
        });
        if !is_known {
            found.push(circle);
        }
    }
    found
}

/// The shortest way from `begin` along the arrows to itself.
fn way_back<'a>(arrows: &BTreeMap<&'a str, Vec<&'a str>>, begin: &'a str) -> Option<Vec<&'a str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut waiting = VecDeque::from([begin]);
    while let Some(at) = waiting.pop_front() {
        for next in arrows.get(at).into_iter().flatten() {
            if *next == begin {
                let mut way = vec![begin];
                let mut step = at;
                while step != begin {
                    way.push(step);
                    step = came_from[step];
                }
                way.push(begin);
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, at);
                waiting.push_back(next);
            }
        }
    }
    None
}

#[test]
fn a_circle_is_found_by_its_shortest_way() {
    let arrows =
        BTreeMap::from([("a", vec!["b", "c"]), ("b", vec!["c"]), ("c", vec!["a"]), ("d", vec!["a"])]);
    assert_eq!(circles(&arrows), [vec!["a", "c", "a"], vec!["b", "c", "a", "b"]]);
}
