//! Whether a caller's number is shown, as the dialplan sets it.

/// Whether a step of the dialplan withholds the caller's number, or shows it; `None` where it does neither
/// (call rules 2.5).
///
/// Asterisk reports a caller ID only when its number or name changes, so this step is all that tells.
pub(crate) fn withheld_by_step(application: &str, data: &str) -> Option<bool> {
    if !application.eq_ignore_ascii_case("Set") {
        return None;
    }
    let (variable, value) = data.split_once('=')?;
    let (function, rest) = variable.trim().split_once('(')?;
    let field = rest.split([',', ')']).next()?;
    let sets_it = match function.to_ascii_uppercase().as_str() {
        "CALLERPRES" => true,
        "CALLERID" => {
            let field = field.to_ascii_lowercase();
            matches!(field.as_str(), "pres" | "num-pres" | "number-pres")
        }
        _ => false,
    };
    let starts_with =
        |word: &str| value.trim().get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    match sets_it {
        true if starts_with("prohib") => Some(true),
        true if starts_with("allowed") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presentation_of_the_number_is_what_counts() {
        for (application, data, withheld) in [
            ("Set", "CALLERID(num-pres)=prohib", Some(true)),
            ("Set", "CALLERID(number-pres)=prohib_passed_screen", Some(true)),
            ("Set", "CallerID(pres)=Prohib_not_screened", Some(true)),
            ("Set", "CALLERPRES()=prohib", Some(true)),
            ("Set", "CALLERID(num-pres)=allowed_passed_screen", Some(false)),
            ("Set", "CALLERID(name-pres)=prohib", None),
            ("Set", "CALLERID(num)=prohib", None),
            ("Set", "CALLERID(num-pres)=unavailable", None),
            ("Set", "__PRES=prohib", None),
            ("Set", "prohib", None),
            ("Set", "", None),
            ("NoOp", "CALLERID(num-pres)=prohib", None),
        ] {
            assert_eq!(withheld_by_step(application, data), withheld, "{application}({data})");
        }
    }
}
