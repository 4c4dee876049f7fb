//! Expressions, and texts that contain them.

use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior, value::Value};

use super::{
    functions,
    mistake::suggest,
    reader::Item,
    scope::to_text,
    vocabulary::{FILTERS, NameScope, TESTS},
};

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    functions::add_to(&mut environment);
    environment
});

/// An expression, compiled and checked.
#[derive(Debug)]
pub(super) struct Expression {
    compiled: minijinja::Expression<'static, 'static>,
    /// The parts of a name that is the whole expression; it is looked up without more ado.
    path: Vec<String>,
}

/// What is wrong in an expression, and at which of its bytes.
#[derive(Debug)]
pub(super) struct ExpressionMistake {
    pub(super) at: usize,
    pub(super) what: String,
    pub(super) cure: String,
}

impl Expression {
    /// Compiles `source`, and checks every name in it against `scope`.
    pub(super) fn parse(source: &str, scope: &NameScope<'_>) -> Result<Self, Vec<ExpressionMistake>> {
        let compiled = ENVIRONMENT.compile_expression_owned(source.to_owned()).map_err(|error| {
            let range = error.range().unwrap_or_default();
            let what = format!("invalid expression: {}", error.detail().unwrap_or("it cannot be read"));
            let cure = "docs/template-dialects.md shows how expressions are written".to_owned();
            vec![ExpressionMistake { at: range.start.min(source.len()), what, cure }]
        })?;
        let mut names: Vec<String> = compiled.undeclared_variables(true).into_iter().collect();
        names.sort();
        let mut mistakes = Vec::new();
        for name in &names {
            if let Err((what, cure)) = scope.check(name) {
                mistakes.push(ExpressionMistake { at: find_word(source, name), what, cure });
            }
        }
        mistakes.extend(check_words(source));
        if mistakes.is_empty() { Ok(Self { compiled, path: path(source) }) } else { Err(mistakes) }
    }

    /// Its value.
    ///
    /// # Errors
    /// It has none for these values; the text says why and contains none of them.
    pub(super) fn eval(&self, scope: &Value) -> Result<Value, String> {
        let mut parts = self.path.iter();
        let value = match parts.next() {
            Some(root) => {
                scope.get_attr(root).and_then(|root| parts.try_fold(root, |value, part| value.get_attr(part)))
            }
            None => self.compiled.eval(scope.clone()),
        };
        value.map_err(|error| match error.detail() {
            // Other details may contain values.
            Some(detail) if detail.starts_with(functions::OUR_ERRORS) => detail.to_owned(),
            _ => error.kind().to_string(),
        })
    }
}

/// A text with expressions in it.
#[derive(Debug)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Value(Expression),
}

impl Template {
    /// Reads the text of `item`; what is wrong is added to its mistakes.
    pub(super) fn read(item: &Item<'_>, scope: &NameScope<'_>) -> Option<Self> {
        Self::parse(item, item.text()?, scope)
    }

    fn parse(item: &Item<'_>, text: &str, scope: &NameScope<'_>) -> Option<Self> {
        let mut pieces = Vec::new();
        let (mut at, mut is_sound) = (0, true);
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(open) = ["{{", "{%", "{#"].iter().filter_map(|mark| rest.find(mark)).min() else {
                pieces.push(Piece::Text(rest.to_owned()));
                break;
            };
            if open > 0 {
                pieces.push(Piece::Text(rest.get(..open).unwrap_or_default().to_owned()));
            }
            let start = at + open;
            if !rest.get(open..).unwrap_or_default().starts_with("{{") {
                item.wrong_at(
                    start,
                    "statements and comments are not allowed here",
                    "write an expression, {{ … }}; a condition is `A if CONDITION else B`, or `when` of the request",
                );
                return None;
            }
            let behind = text.get(start + 2..).and_then(|rest| rest.find("}}")).map(|end| start + 2 + end);
            // With a bracket that is not closed, the expression itself says what is wrong.
            let Some(end) = end_of_expression(text, start + 2).or(behind) else {
                item.wrong_at(start, "{{ is not closed", "write }} behind the expression");
                return None;
            };
            let source = text.get(start + 2..end).unwrap_or_default();
            match Expression::parse(source, scope) {
                Ok(expression) => pieces.push(Piece::Value(expression)),
                Err(mistakes) => {
                    is_sound = false;
                    for ExpressionMistake { at, what, cure } in mistakes {
                        item.wrong_at(start + 2 + at, what, cure);
                    }
                }
            }
            at = end + 2;
        }
        is_sound.then_some(Self { pieces })
    }

    /// The text that stands before the first expression.
    pub(super) fn leading_text(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }

    /// The value: of a single expression as it is, else a text.
    ///
    /// # Errors
    /// An expression has no value.
    pub(super) fn value(&self, scope: &Value) -> Result<Value, String> {
        match self.pieces.as_slice() {
            [Piece::Value(expression)] => expression.eval(scope),
            [Piece::Text(text)] => Ok(Value::from(text.as_str())),
            _ => Ok(Value::from(self.join(scope, |text, _| text.to_owned())?)),
        }
    }

    /// The value as text; `None` where it is a single expression that is none.
    ///
    /// # Errors
    /// An expression has no value.
    pub(super) fn text(&self, scope: &Value) -> Result<Option<String>, String> {
        match self.pieces.as_slice() {
            [Piece::Value(expression)] => Ok(to_text(&expression.eval(scope)?)),
            _ => Ok(Some(self.join(scope, |text, _| text.to_owned())?)),
        }
    }

    /// The text with each value encoded by `encode`, which is also told whether nothing stands before the value.
    ///
    /// # Errors
    /// An expression has no value.
    pub(super) fn join(
        &self,
        scope: &Value,
        encode: impl Fn(&str, bool) -> String,
    ) -> Result<String, String> {
        let mut joined = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => joined.push_str(text),
                Piece::Value(expression) => {
                    let value = to_text(&expression.eval(scope)?).unwrap_or_default();
                    joined.push_str(&encode(&value, joined.is_empty()));
                }
            }
        }
        Ok(joined)
    }
}

/// Where the `}}` is that ends the expression that begins at `at`: not inside a string or brackets.
fn end_of_expression(text: &str, at: usize) -> Option<usize> {
    let (mut depth, mut quote) = (0_u32, None);
    let mut chars = text.get(at..)?.char_indices().peekable();
    while let Some((offset, char)) = chars.next() {
        match (quote, char) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), char) if open == char => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(char),
            (None, '(' | '[' | '{') => depth += 1,
            (None, '}') if depth == 0 && chars.peek().is_some_and(|(_, next)| *next == '}') => {
                return Some(at + offset);
            }
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    None
}

/// The parts of `source` where it is a name, such as `settings.token`; none where it is anything else.
fn path(source: &str) -> Vec<String> {
    const WORDS: [&str; 7] = ["true", "false", "none", "True", "False", "None", "not"];
    let parts: Vec<&str> = source.trim().split('.').collect();
    let is_part = |part: &&str| {
        is_a_name(part)
            && part.chars().all(|char| char.is_alphanumeric() || char == '_')
            && !WORDS.contains(part)
    };
    let is_path = parts.iter().all(is_part);
    if is_path { parts.into_iter().map(str::to_owned).collect() } else { Vec::new() }
}

/// Where `name` stands in `source` as a whole word; 0 where it is written otherwise.
fn find_word(source: &str, name: &str) -> usize {
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    let stands_alone = |at: usize| {
        let before = source.get(..at).and_then(|before| before.chars().next_back());
        let after = source.get(at + name.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    };
    source.match_indices(name).map(|(at, _)| at).find(|at| stands_alone(*at)).unwrap_or_default()
}

/// Checks the names of filters and tests, which minijinja looks up only when they are used.
fn check_words(source: &str) -> Vec<ExpressionMistake> {
    let words = words(source);
    let mut mistakes = Vec::new();
    for (index, (at, word)) in words.iter().enumerate() {
        let back =
            |steps: usize| index.checked_sub(steps).and_then(|index| words.get(index)).map(|(_, word)| *word);
        let next = words.get(index + 1).map(|(_, word)| *word);
        let is_name = is_a_name(word);
        let (kind, known) = match (back(1), back(2)) {
            _ if !is_name => continue,
            (Some("|"), _) => ("filter", FILTERS.as_slice()),
            (Some("is"), _) if *word != "not" => ("test", TESTS.as_slice()),
            (Some("not"), Some("is")) => ("test", TESTS.as_slice()),
            // What is behind a name is checked as a field of it.
            (Some("."), Some(before)) if next == Some("(") && !is_a_name(before) => ("method", [].as_slice()),
            _ => continue,
        };
        if !known.contains(word) {
            let cure = match kind {
                "method" => "use a filter, as in `name | upper`".to_owned(),
                _ => suggest(word, known.iter().copied()),
            };
            mistakes.push(ExpressionMistake { at: *at, what: format!("unknown {kind} {word:?}"), cure });
        }
    }
    mistakes
}

fn is_a_name(word: &str) -> bool {
    word.starts_with(|char: char| char.is_alphabetic() || char == '_')
}

/// The words and signs of an expression without its strings, each with its place.
fn words(source: &str) -> Vec<(usize, &str)> {
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(first) = source.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = source.get(at..).unwrap_or_default();
        let length = match first {
            '"' | '\'' => {
                let mut chars = rest.char_indices().skip(1);
                let mut end = rest.len();
                while let Some((offset, char)) = chars.next() {
                    if char == '\\' {
                        chars.next();
                    } else if char == first {
                        end = offset + 1;
                        break;
                    }
                }
                end
            }
            first if is_word(first) => rest.find(|char| !is_word(char)).unwrap_or(rest.len()),
            first => first.len_utf8(),
        };
        if !first.is_whitespace() {
            words.push((at, rest.get(..length).unwrap_or_default()));
        }
        at += length;
    }
    words
}
