//! Excerpts of replies that are safe to log and to show.

/// A word of letters and digits that is longer is taken for a token.
const LONGEST_WORD: usize = 16;

/// Marks what was left out.
const ELLIPSIS: &str = "…";

/// Returns the beginning of `body` on one line, at most `longest` bytes long, with everything unprintable escaped.
///
/// The URL of a request is a secret, because it may contain a token, and error pages tend to repeat it
/// (`No route matches [POST] /api/…`). So words with a slash are left out, and so are long words that mix letters and
/// digits. The excerpt may still contain a caller's number.
#[must_use]
pub fn safe_excerpt(body: &[u8], longest: usize) -> String {
    let text = String::from_utf8_lossy(body);
    let room = longest.saturating_sub(ELLIPSIS.len());
    let mut builder = ExcerptBuilder { text: String::new(), room, full: longest < ELLIPSIS.len() };
    let mut word = String::new();
    for c in text.chars() {
        if builder.full {
            break;
        }
        if is_boundary(c) {
            builder.push_word(&word);
            word.clear();
            builder.push_separator(c);
        } else {
            word.push(c);
        }
    }
    builder.push_word(&word);
    builder.text.truncate(builder.text.trim_end().len());
    builder.text
}

/// Whether `c` cannot be part of a URL or a token, so that a new word begins after it.
fn is_boundary(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | ',')
}

fn may_be_secret(word: &str) -> bool {
    word.contains(['/', '\\', '?', '=', '@', '%'])
        || word.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).any(|run| {
            run.len() >= LONGEST_WORD
                && (run.contains(|c: char| c.is_ascii_digit())
                    || run.contains(char::is_lowercase) && run.contains(char::is_uppercase))
        })
}

struct ExcerptBuilder {
    text: String,
    /// How much may be added, beside the mark that ends a full excerpt.
    room: usize,
    full: bool,
}

impl ExcerptBuilder {
    fn push_word(&mut self, word: &str) {
        if may_be_secret(word) {
            self.push(ELLIPSIS);
        } else {
            for c in word.chars() {
                self.push(&c.escape_debug().to_string());
            }
        }
    }

    fn push_separator(&mut self, c: char) {
        if c.is_control() || c.is_whitespace() && c != ' ' {
            self.push(&c.escape_default().to_string());
        } else {
            self.push(c.encode_utf8(&mut [0; 4]));
        }
    }

    /// Adds `piece`, whole or not at all, while there is room for it and for the mark that ends a full excerpt.
    fn push(&mut self, piece: &str) {
        if self.full {
            return;
        }
        if piece.len() <= self.room {
            self.text.push_str(piece);
            self.room -= piece.len();
        } else {
            self.text.push_str(ELLIPSIS);
            self.full = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &[u8], expected: &str) {
        assert_eq!(safe_excerpt(body, 1024), expected);
    }

    #[test]
    fn a_short_message_is_unchanged() {
        check(b"", "");
        check(br#"{"error":"Invalid 'direction'!"}"#, r#"{"error":"Invalid 'direction'!"}"#);
        check("Zugriff verweigert: ungültig".as_bytes(), "Zugriff verweigert: ungültig");
    }

    #[test]
    fn control_and_bidi_characters_are_escaped() {
        check(b"a\r\nb\x1b[31mc\x00", r"a\r\nb\u{1b}[31mc\u{0}");
        check("pay \u{202e}evil".as_bytes(), r"pay \u{202e}evil");
        check(b"\xff\xfe", "\u{fffd}\u{fffd}");
    }

    #[test]
    fn urls_and_tokens_are_left_out() {
        check(
            br#"{"error":"No route matches [POST] /api/v1/ctx/3NYJQtKRKDmkbFcfZlTn8Q"}"#,
            r#"{"error":"No route matches [POST] …"}"#,
        );
        check(br#"moved <a href="https://help.example/api/v1/cti/abc">here</a>"#, r#"moved <a …"…">here<…>"#);
        check(br#"{"token"=>"3NYJQtKRKDmkbFcfZlTn8Q"}"#, r#"{"token"…>"…"}"#);
        check(b"token 3NYJQtKRKDmkbFcfZlTn", "token …");
        check(b"token aBcDefGhIjKlMnOpQr", "token …");
        check(
            b"Error ID x7Rk_29Q: Please contact your administrator.",
            "Error ID x7Rk_29Q: Please contact your administrator.",
        );
    }

    #[test]
    fn a_long_message_is_cut_by_bytes() {
        for longest in [0, 1, 3, 4, 10, 1024] {
            let cut = safe_excerpt("ä\n".repeat(2000).as_bytes(), longest);
            assert!(cut.len() <= longest && cut.len() + 4 > longest.min(3), "{longest}: {cut}");
        }
        assert_eq!(safe_excerpt("äöüß".as_bytes(), 7), "äö…");
    }
}
