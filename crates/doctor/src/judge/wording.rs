//! Wording that several subjects share.

/// `1 file`, `2 files`.
pub(crate) fn plural(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// Splits a text into what is wrong and the hint, as in `it has expired; renew it on the server`.
pub(crate) fn split_hint(text: &str) -> (&str, Option<&str>) {
    const CURES: [&str; 8] =
        [": correct ", ": set ", ": update ", ": put ", ": have ", ": copy ", ": allow ", ": switch "];
    if let Some((text, hint)) = text.split_once("; ") {
        return (text, Some(hint));
    }
    let colon = CURES.iter().filter_map(|hint| text.find(hint)).min();
    match colon.and_then(|at| Some((text.get(..at)?, text.get(at + 2..)?))) {
        Some((text, hint)) => (text, Some(hint)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_where_the_cure_begins() {
        for (text, expected) in [
            ("it expired 3 days ago; renew it", ("it expired 3 days ago", Some("renew it"))),
            (
                "h resolves to ::1, which is a loopback address: correct the URL",
                ("h resolves to ::1, which is a loopback address", Some("correct the URL")),
            ),
            ("cannot connect: Connection refused", ("cannot connect: Connection refused", None)),
        ] {
            assert_eq!(split_hint(text), expected);
        }
    }
}
