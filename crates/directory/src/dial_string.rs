//! What was dialled on a channel.

/// A number that a dial string carries apart from the endpoint that it dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberApart<'a> {
    /// The number as it was dialled.
    pub number: &'a str,
    /// It stands in the address at which the endpoint is reached, as the contacts of a phone do.
    pub in_contact: bool,
}

/// The number that a dial string carries apart from the endpoint it dials, which makes the channel a trunk's unless more is
/// known of it (call rules 2.1).
///
/// `endpoint` is the `TECH/name` of the dialled channel. `491711234567@trunk` (PJSIP), `trunk/491711234567` (SIP,
/// IAX2, DAHDI) carry one, `alice/sip:101@10.0.0.5` in a contact; `alice`, `101/sip:101@10.0.0.5` and
/// `150010002/150010002/172.20.0.13!!201` do not.
#[must_use]
pub fn number_apart<'a>(dial_string: &'a str, endpoint: &str) -> Option<NumberApart<'a>> {
    let (tech, name) = endpoint.split_once('/')?;
    let dialled = match dial_string.split_once('/') {
        Some((head, rest)) if head.eq_ignore_ascii_case(tech) => rest,
        _ => dial_string,
    };
    let before_at = match (dialled.find('@'), dialled.find('/')) {
        (Some(at), slash) if slash.is_none_or(|slash| at < slash) => {
            Some(user_part(dialled.get(..at)?)).filter(|user| is_number(user))
        }
        _ => None,
    };
    let apart = match before_at {
        Some(number) => NumberApart { number, in_contact: false },
        None => after_slash(dialled)?,
    };
    (is_number(apart.number) && apart.number != name).then_some(apart)
}

/// Whether a whole dial string, with its `TECH/`, dials the endpoint (`TECH/name`) of a channel.
#[must_use]
pub fn dials(dial_string: &str, endpoint: &str) -> bool {
    let (Some((_, dialled)), Some((_, name))) = (dial_string.split_once('/'), endpoint.split_once('/'))
    else {
        return false;
    };
    let head = dialled.split('/').next().unwrap_or_default();
    let peer = head.rsplit('@').next().unwrap_or_default();
    has_technology(dial_string, endpoint)
        && [head, peer].iter().any(|dialled| dialled.eq_ignore_ascii_case(name))
}

/// Whether a whole dial string is of the technology of an endpoint.
#[must_use]
pub fn has_technology(dial_string: &str, endpoint: &str) -> bool {
    match (dial_string.split_once('/'), endpoint.split_once('/')) {
        (Some((one, _)), Some((other, _))) => one.eq_ignore_ascii_case(other),
        _ => false,
    }
}

/// Whether `text` is what can be dialled: digits, with `+` before them, or `*` and `#` among them.
#[must_use]
pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'*' || byte == b'#')
}

fn after_slash(dialled: &str) -> Option<NumberApart<'_>> {
    let (_, rest) = dialled.split_once('/')?;
    let user = user_part(rest);
    let number = user.split(['@', '/', ':', ';', '!', ',']).next()?;
    Some(NumberApart { number, in_contact: user.len() < rest.len() })
}

fn user_part(text: &str) -> &str {
    let rest = ["sips:", "sip:", "tel:"].iter().find_map(|scheme| {
        text.get(..scheme.len())
            .filter(|head| head.eq_ignore_ascii_case(scheme))
            .and_then(|_| text.get(scheme.len()..))
    });
    rest.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_apart_from_the_endpoint_makes_a_trunk() {
        for (dial_string, endpoint, number) in [
            ("491719876543@trunk", "PJSIP/trunk", Some("491719876543")),
            ("PJSIP/491719876543@trunk", "PJSIP/trunk", Some("491719876543")),
            ("+491719876543@trunk", "PJSIP/trunk", Some("+491719876543")),
            ("trunk/491719876543", "SIP/trunk", Some("491719876543")),
            ("trunk/sip:491719876543@10.0.0.1:5060", "PJSIP/trunk", Some("491719876543")),
            ("user:secret@peer/491719876543@context", "IAX2/peer", Some("491719876543")),
            ("g1/112", "DAHDI/1", Some("112")),
            ("trunk/*31#491719876543", "SIP/trunk", Some("*31#491719876543")),
            ("alice", "PJSIP/alice", None),
            ("PJSIP/alice", "PJSIP/alice", None),
            ("101", "PJSIP/101", None),
            ("101/sip:101@10.0.0.5", "PJSIP/101", None),
            ("101/sip:101@10.0.0.5:5060;transport=tcp", "PJSIP/101", None),
            ("150010002/150010002/172.20.0.13!!201", "SIP/150010002", None),
            ("101@101", "PJSIP/101", None),
            ("", "PJSIP/101", None),
            ("@", "PJSIP/101", None),
            ("/", "odd", None),
        ] {
            let found = number_apart(dial_string, endpoint).map(|apart| apart.number);
            assert_eq!(found, number, "{dial_string} on {endpoint}");
        }
    }

    #[test]
    fn a_contact_is_known_by_its_scheme() {
        for (dial_string, in_contact) in [
            ("alice/sip:101@10.0.0.5:5060", true),
            ("PJSIP/alice/sips:101@10.0.0.5", true),
            ("trunk/101", false),
            ("101@trunk", false),
            ("sip:101@trunk", false),
        ] {
            let endpoint = if dial_string.contains("alice") { "PJSIP/alice" } else { "PJSIP/trunk" };
            let expected = NumberApart { number: "101", in_contact };
            assert_eq!(number_apart(dial_string, endpoint), Some(expected), "{dial_string}");
        }
    }

    #[test]
    fn a_dial_string_names_the_endpoint_that_it_dials() {
        for (dial_string, endpoint, expected) in [
            ("PJSIP/491719876543@trunk", "PJSIP/trunk", true),
            ("PJSIP/Trunk/sip:491719876543@10.0.0.1", "PJSIP/trunk", true),
            ("SIP/trunk/491719876543", "SIP/trunk", true),
            ("IAX2/user:secret@peer/49@out", "IAX2/peer", true),
            ("Local/101@fm/n", "Local/101@fm", true),
            ("Local/101@fm", "Local/102@fm", false),
            ("SIP/trunk/491719876543", "PJSIP/trunk", false),
            ("PJSIP/491719876543@trunk", "PJSIP/alice", false),
            ("DAHDI/g1/49", "DAHDI/i1/49", false),
            ("", "PJSIP/alice", false),
        ] {
            assert_eq!(dials(dial_string, endpoint), expected, "{dial_string} {endpoint}");
        }
    }
}
