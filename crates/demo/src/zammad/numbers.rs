//! How Zammad finds numbers in a text (Zammad contract, section 2, numbers).

/// How many characters of a run are one number.
const RUN: std::ops::RangeInclusive<usize> = 6..=26;

/// The numbers in `text`, brought to the form that Zammad looks up: digits, with the country code of Germany
/// in place of a leading `0`.
#[must_use]
pub fn numbers_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for run in text.split(|c: char| !(c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '|' | '/'))) {
        let run: Vec<char> = run.chars().collect();
        for piece in run.chunks(*RUN.end()).filter(|piece| RUN.contains(&piece.len())) {
            let number = normalised(piece);
            if number.len() >= *RUN.start() && !found.contains(&number) {
                found.push(number);
            }
        }
    }
    found
}

/// The digits of `run`; none for a date.
fn normalised(run: &[char]) -> String {
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
    fn a_number_is_found_however_it_is_written() {
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
    fn what_is_no_number_is_not_found() {
        for text in ["12/12/2024", "anonymous", "", "12345", "12 34 5", "      ", "(0)(0)(0)"] {
            check(text, &[]);
        }
    }
}
