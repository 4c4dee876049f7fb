//! `[[route]]`.

use std::ops::Range;

use ringwire_event::Direction;

use super::Resolver;
use crate::{
    finding::Finding,
    keys,
    raw::{RawRoute, Section, Words},
    resolved::{Pbx, Target},
    routes::{OneOf, Route, Routes, TargetIndex},
};

impl Resolver<'_> {
    /// What all `[[route]]` mean.
    pub(super) fn routes(&mut self, raw: Vec<Section<RawRoute>>, pbxs: &[Pbx], targets: &[Target]) -> Routes {
        let names: Vec<_> = targets.iter().map(|target| target.name.clone()).collect();
        let routes = raw.into_iter().map(|section| self.route(&section, pbxs, &names)).collect();
        Routes::new(names, routes)
    }

    fn route(&mut self, section: &Section<RawRoute>, pbxs: &[Pbx], targets: &[String]) -> Route {
        let raw = &section.value;
        let pbx = self.one_of(raw.pbx.as_ref());
        for word in raw.pbx.iter().flat_map(|words| &words.words) {
            let pattern = OneOf::new(vec![word.get_ref().clone()]);
            if !pbxs.iter().any(|pbx| pattern.matches(&pbx.name)) {
                let names: Vec<_> = pbxs.iter().map(|pbx| pbx.name.as_str()).collect();
                self.errors.push(self.unknown_name(&word.span(), "PBX", word.get_ref(), &names));
            }
        }
        Route {
            pbx,
            direction: raw.direction.as_ref().map(|words| self.directions(words)),
            queue: self.one_of(raw.queue.as_ref()),
            did: raw.did.as_ref().map(|words| self.numbers_of(words)),
            account: self.one_of(raw.account.as_ref()),
            tenant: self.one_of(raw.tenant.as_ref()),
            user: self.one_of(raw.user.as_ref()),
            targets: self.destinations(section, targets),
        }
    }

    fn one_of(&mut self, words: Option<&Words>) -> Option<OneOf> {
        let words = words?;
        if words.words.is_empty() {
            let finding = self.wrong(&words.span, "an empty list matches no call");
            self.errors
                .push(finding.expected("at least one pattern").hint("leave the key out to match every call"));
        }
        Some(OneOf::new(self.texts(Some(words), "a pattern")))
    }

    /// Patterns of numbers: numbers are known without `+`, so it does not count here either.
    fn numbers_of(&mut self, words: &Words) -> OneOf {
        let patterns = self.one_of(Some(words));
        let texts = patterns.iter().flat_map(OneOf::texts);
        OneOf::new(texts.map(|text| text.strip_prefix('+').unwrap_or(text).to_owned()).collect())
    }

    fn directions(&mut self, words: &Words) -> Vec<Direction> {
        const ALL: [Direction; 3] = [Direction::In, Direction::Out, Direction::Internal];
        let mut directions = Vec::new();
        for word in &words.words {
            match ALL.into_iter().find(|direction| direction.as_str() == word.get_ref()) {
                Some(direction) => directions.push(direction),
                None => {
                    let what = format!("unknown direction {:?}", word.get_ref());
                    self.errors.push(self.wrong(&word.span(), what).expected("one of in, out, internal"));
                }
            }
        }
        if words.words.is_empty() {
            let finding = self.wrong(&words.span, "an empty list matches no call");
            self.errors.push(finding.expected("at least one of in, out, internal"));
        }
        directions
    }

    fn destinations(&mut self, section: &Section<RawRoute>, targets: &[String]) -> Vec<TargetIndex> {
        let empty = |words: &&Words| words.words.is_empty();
        let Some(words) = section.value.targets.as_ref().filter(|words| !empty(words)) else {
            let span = section.value.targets.as_ref().map_or(&section.span, |words| &words.span);
            let finding =
                self.wrong(span, "the route has no target").key(format!("{}.targets", section.path));
            self.errors.push(finding.expected("the names of targets").hint(known("targets", targets)));
            return Vec::new();
        };
        let mut indices = Vec::new();
        for word in &words.words {
            match targets.iter().position(|name| name == word.get_ref()) {
                Some(index) => indices.push(index),
                None => {
                    let names: Vec<_> = targets.iter().map(String::as_str).collect();
                    self.errors.push(self.unknown_name(&word.span(), "target", word.get_ref(), &names));
                }
            }
        }
        indices
    }

    fn unknown_name(&self, span: &Range<usize>, kind: &str, name: &str, known: &[&str]) -> Finding {
        let finding = self.wrong(span, format!("no {kind} is named {name:?}"));
        let finding = finding.expected(if known.is_empty() {
            format!("the name of a {kind}, but none is configured")
        } else {
            format!("one of {}", known.join(", "))
        });
        match keys::meant(name, known) {
            Some(meant) => finding.hint(format!("did you mean {meant}?")),
            None => finding,
        }
    }
}

fn known(kind: &str, names: &[String]) -> String {
    if names.is_empty() {
        format!("no {kind} are configured")
    } else {
        format!("the {kind} are {}", names.join(", "))
    }
}
