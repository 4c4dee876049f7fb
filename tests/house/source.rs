//! Rust as far as these checks read it: what is code, what is said in strings, which modules a crate has and what each of
//! them imports.
//!
//! It is no compiler. Modules inside a file count as that file, imports by `*` as imports of the module alone, and what a
//! macro makes is not seen. What is compiled for tests only is left out.

use std::collections::BTreeMap;

use crate::tree::{root, text};

/// A file of Rust, split.
pub(crate) struct Source {
    /// The code, with blanks where comments and the insides of literals were; lines stay where they are.
    pub(crate) code: String,
    /// The strings, each with the line that it begins on, counted from 1.
    pub(crate) strings: Vec<(usize, String)>,
}

impl Source {
    /// Splits `text`.
    pub(crate) fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut source = Self { code: String::with_capacity(text.len()), strings: Vec::new() };
        let (mut at, mut line) = (0, 1);
        while at < chars.len() {
            let end = match chars[at] {
                '/' if chars.get(at + 1) == Some(&'/') => end_of_line(&chars, at),
                '/' if chars.get(at + 1) == Some(&'*') => end_of_comment(&chars, at),
                '"' => {
                    let end = end_of_string(&chars, at);
                    source.strings.push((line, chars[at + 1..end - 1].iter().collect()));
                    end
                }
                'r' if !follows_a_word(&chars, at) => match raw_string(&chars, at) {
                    Some((begin, stop, end)) => {
                        source.strings.push((line, chars[begin..stop].iter().collect()));
                        end
                    }
                    None => at,
                },
                '\'' => end_of_char(&chars, at).unwrap_or(at),
                _ => at,
            };
            if end == at {
                source.code.push(chars[at]);
                line += usize::from(chars[at] == '\n');
                at += 1;
                continue;
            }
            for skipped in &chars[at..end] {
                source.code.push(if *skipped == '\n' { '\n' } else { ' ' });
                line += usize::from(*skipped == '\n');
            }
            at = end;
        }
        source
    }
}

fn follows_a_word(chars: &[char], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| {
        let before = chars[before];
        before != 'b' && (before.is_alphanumeric() || before == '_')
    })
}

fn end_of_line(chars: &[char], at: usize) -> usize {
    (at..chars.len()).find(|at| chars[*at] == '\n').unwrap_or(chars.len())
}

fn end_of_comment(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn end_of_string(chars: &[char], begin: usize) -> usize {
    let mut at = begin + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// Where the text of a raw string at `at` begins and stops, and where the string ends.
fn raw_string(chars: &[char], at: usize) -> Option<(usize, usize, usize)> {
    let hashes = chars[at + 1..].iter().take_while(|char| **char == '#').count();
    let begin = at + 1 + hashes + 1;
    if chars.get(begin - 1) != Some(&'"') {
        return None;
    }
    let stop = (begin..chars.len()).find(|at| {
        chars[*at] == '"'
            && chars[at + 1..].iter().take_while(|char| **char == '#').take(hashes).count() == hashes
    })?;
    Some((begin, stop, stop + 1 + hashes))
}

/// Where the character at `at` ends; `None` where it is a lifetime.
fn end_of_char(chars: &[char], at: usize) -> Option<usize> {
    match chars.get(at + 1)? {
        '\\' => (at + 3..chars.len()).find(|at| chars[*at] == '\'').map(|end| end + 1),
        _ => (chars.get(at + 2) == Some(&'\'')).then_some(at + 3),
    }
}

/// The words and signs of `code`.
pub(crate) fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let is_word = |char: char| char.is_alphanumeric() || char == '_';
        let length = if is_word(first) {
            rest.find(|char| !is_word(char)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        if !first.is_whitespace() {
            tokens.push(token);
        }
        rest = after;
    }
    tokens
}

/// A module of a crate that has a file of its own.
#[derive(Default)]
pub(crate) struct Module {
    /// Its file, relative to the repository.
    pub(crate) file: String,
    /// The name by which each imported thing is known here, and the path it was imported by.
    imports: Vec<Import>,
    /// Paths that the code names without importing them.
    paths: Vec<Vec<String>>,
    /// The words that the code uses outside of imports.
    words: Vec<String>,
    children: Vec<String>,
}

struct Import {
    name: String,
    path: Vec<String>,
    is_public: bool,
}

/// The modules of one crate, by their paths: `["tracker", "channels"]`, the root by none.
pub(crate) type Modules = BTreeMap<Vec<String>, Module>;

/// Reads the crate whose root is `file`, such as `crates/event/src/lib.rs`.
pub(crate) fn modules(file: &str) -> Modules {
    let mut modules = Modules::new();
    read(file, &[], &mut modules);
    modules
}

fn read(file: &str, path: &[String], modules: &mut Modules) {
    let source = Source::new(&text(file));
    let tokens = tokens(&source.code);
    let tokens = without_tests(&tokens);
    let mut module = Module { file: file.to_owned(), ..Module::default() };
    module.read(&tokens);
    let (directory, name) = file.rsplit_once('/').unwrap();
    let below = match name {
        "lib.rs" | "main.rs" | "mod.rs" => directory.to_owned(),
        name => format!("{directory}/{}", name.trim_end_matches(".rs")),
    };
    let children = module.children.clone();
    modules.insert(path.to_vec(), module);
    for child in children {
        let places = [format!("{below}/{child}.rs"), format!("{below}/{child}/mod.rs")];
        if let Some(place) = places.iter().find(|place| root().join(place).is_file()) {
            let path: Vec<_> = path.iter().cloned().chain([child]).collect();
            read(place, &path, modules);
        }
    }
}

/// Leaves out what follows `#[cfg(test)]`.
fn without_tests<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at..].starts_with(&MARK) {
            kept.push(tokens[at]);
            at += 1;
            continue;
        }
        at += MARK.len();
        let is_import = tokens[at..].iter().take(5).any(|token| *token == "use");
        let (mut depth, mut is_over) = (0, false);
        while at < tokens.len() && !is_over {
            match tokens[at] {
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    is_over = depth <= 0 && !is_import;
                }
                ";" => is_over = depth == 0,
                _ => {}
            }
            at += 1;
        }
    }
    kept
}

impl Module {
    fn read(&mut self, tokens: &[&str]) {
        let mut at = 0;
        while at < tokens.len() {
            match tokens[at] {
                "use" => {
                    let end = tokens[at..]
                        .iter()
                        .position(|token| *token == ";")
                        .map_or(tokens.len(), |end| at + end);
                    let before = &tokens[at.saturating_sub(6)..at];
                    let is_public = before
                        .iter()
                        .rev()
                        .take_while(|token| !matches!(**token, ";" | "}" | "{" | "]"))
                        .any(|token| *token == "pub");
                    self.import(&tokens[at + 1..end], is_public);
                    at = end;
                }
                "mod" if tokens.get(at + 2) == Some(&";") => {
                    self.children.push(tokens[at + 1].to_owned());
                    at += 2;
                }
                word if is_name(word) && (at == 0 || tokens[at - 1] != "::") => {
                    let mut path = vec![word.to_owned()];
                    while tokens.get(at + 1) == Some(&"::")
                        && tokens.get(at + 2).is_some_and(|word| is_name(word))
                    {
                        path.push(tokens[at + 2].to_owned());
                        at += 2;
                    }
                    self.words.extend(path.first().cloned());
                    if path.len() > 1 {
                        self.paths.push(path);
                    }
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    fn import(&mut self, tokens: &[&str], is_public: bool) {
        let mut found = Vec::new();
        expand(tokens, &mut 0, &[], &mut found);
        self.imports.extend(found.into_iter().map(|(name, path)| Import { name, path, is_public }));
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|char: char| char.is_alphabetic() || char == '_')
}

/// Takes the tree of an import apart.
fn expand(tokens: &[&str], at: &mut usize, before: &[String], found: &mut Vec<(String, Vec<String>)>) {
    let mut path = before.to_vec();
    let mut name = None;
    while let Some(token) = tokens.get(*at) {
        match *token {
            "{" => {
                *at += 1;
                while tokens.get(*at).is_some_and(|token| *token != "}") {
                    expand(tokens, at, &path, found);
                    if tokens.get(*at) == Some(&",") {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            "," | "}" => break,
            "as" => {
                name = tokens.get(*at + 1).map(|name| (*name).to_owned());
                *at += 2;
            }
            "::" => *at += 1,
            token => {
                path.push(token.to_owned());
                *at += 1;
            }
        }
    }
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    if let Some(name) = name.or_else(|| path.last().cloned()) {
        found.push((name, path));
    }
}

/// Which files of `modules` each of them imports from, by their names.
pub(crate) fn arrows(modules: &Modules) -> BTreeMap<&str, Vec<&str>> {
    let mut arrows = BTreeMap::new();
    for (own, module) in modules {
        let imported = module
            .imports
            .iter()
            .filter(|import| !import.is_public || module.words.contains(&import.name))
            .map(|import| &import.path);
        let mut to: Vec<_> = imported
            .chain(&module.paths)
            .filter_map(|path| resolve(modules, own, path, 0))
            .filter(|file| *file != module.file)
            .collect();
        to.sort_unstable();
        to.dedup();
        arrows.insert(module.file.as_str(), to);
    }
    arrows
}

/// The file in which what `path` names from `own` is made, through whatever names it again on the way.
fn resolve<'a>(modules: &'a Modules, own: &[String], path: &[String], depth: usize) -> Option<&'a str> {
    let mut at = own.to_vec();
    let mut rest = path.iter().peekable();
    match path.first()?.as_str() {
        "crate" => {
            at.clear();
            rest.next();
        }
        "self" => _ = rest.next(),
        "super" => {
            while rest.next_if(|name| *name == "super").is_some() {
                at.pop();
            }
        }
        first if modules.get(own)?.children.iter().any(|child| child == first) => {}
        _ => return None,
    }
    while let Some(name) = rest.peek() {
        at.push((*name).clone());
        if !modules.contains_key(&at) {
            at.pop();
            break;
        }
        rest.next();
    }
    let module = modules.get(&at)?;
    let Some(name) = rest.next() else { return Some(&module.file) };
    match module.imports.iter().find(|import| import.name == *name) {
        Some(import) if depth < 8 => {
            let path: Vec<_> = import.path.iter().chain(rest).cloned().collect();
            resolve(modules, &at, &path, depth + 1)
        }
        _ => Some(&module.file),
    }
}

#[test]
fn comments_and_strings_are_not_code() {
    let source = Source::new("let a = \"x\\\"y\"; // no\n/* /* no */ */ let b = r#\"z\"#; 'c' 'static");
    assert_eq!(tokens(&source.code), ["let", "a", "=", ";", "let", "b", "=", ";", "'", "static"]);
    assert_eq!(source.strings, [(1, "x\\\"y".to_owned()), (2, "z".to_owned())]);
}

#[test]
fn an_import_is_taken_apart() {
    let mut found = Vec::new();
    let all = tokens("crate::{a::{self, B as C}, d::*}");
    expand(&all, &mut 0, &[], &mut found);
    let found: Vec<_> = found.into_iter().map(|(name, path)| format!("{name}={}", path.join("/"))).collect();
    assert_eq!(found, ["a=crate/a", "C=crate/a/B", "*=crate/d/*"]);
}

#[test]
fn tests_are_left_out() {
    let all = tokens("use a; #[cfg(test)] mod tests { use b::{c}; } #[cfg(test)] use d::{e}; fn f() {}");
    assert_eq!(without_tests(&all), ["use", "a", ";", "fn", "f", "(", ")", "{", "}"]);
}
