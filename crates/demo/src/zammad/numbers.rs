//! Finds phone numbers in a text as Zammad does (Zammad notes 2, numbers).

/// The lengths of a number in characters.
const NUMBER_LENGTH: std::ops::RangeInclusive<usize> = 6..=26;

/// The numbers in `text`, in the form that Zammad looks up: digits, with the country code of Germany instead of a
/// leading `0`.
#[must_use]
pub fn numbers_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for run in text.split(|c: char| !(c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '|' | '/'))) {
        let run: Vec<char> = run.chars().collect();
        for piece in run.chunks(*NUMBER_LENGTH.end()).filter(|piece| NUMBER_LENGTH.contains(&piece.len())) {
            let number = normalise(piece);
            if number.len() >= *NUMBER_LENGTH.start() && !found.contains(&number) {
                found.push(number);
            }
        }
    }
    found
}

/// The normalised digits of `run`; empty for a date.
fn normalise(run: &[char]) -> String {
    if run.iter().filter(|&&c| c == '/').count() == 2 {
        return String::new();
    }
    let spaceless: String = run.iter().filter(|&&c| c != ' ').collect();
    let digits: String = spaceless.replace("(0)", "").chars().filter(char::is_ascii_digit).collect();
    if let Some(international) = digits.strip_prefix("00") {
        international.to_owned()
    } else if let Some(national) = digits.strip_prefix('0') {
        format!("49{national}")
    } else {
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(numbers_in(text), expected, "{text}");
    }

    #[test]
    fn numbers_are_found_in_all_notations() {
        check("+49 (0) 30 60 00 00 00-0", &["4930600000000"]);
        check("09422 1000", &["4994221000"]);
        check("+1 (949) 431 0000", &["19494310000"]);
        check("0043 30 60 00 00 00-0", &["4330600000000"]);
        check("(09)1234321", &["4991234321"]);
        check("030/1234567", &["49301234567"]);
        check("4912347114711", &["4912347114711"]);
        check("012347114711", &["4912347114711"]);
        check("call +49 171 1000001 or 0171 1000002, please", &["491711000001", "491711000002"]);
    }

    #[test]
    fn other_text_contains_no_numbers() {
        for text in ["12/12/2024", "anonymous", "", "12345", "12 34 5", "      ", "(0)(0)(0)"] {
            check(text, &[]);
        }
    }
}
