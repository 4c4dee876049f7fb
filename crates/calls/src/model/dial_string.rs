//! What was dialled on a channel.

/// The number that a dial string carries apart from the endpoint it dials, which makes the channel a trunk's
/// (call rules 2).
///
/// `endpoint` is the `TECH/name` of the dialled channel. `491711234567@trunk` (PJSIP), `trunk/491711234567` (SIP,
/// IAX2, DAHDI) carry one; `alice`, `101/sip:101@10.0.0.5` and `150010002/150010002/172.20.0.13!!201` do not.
pub(crate) fn number_apart<'a>(dial_string: &'a str, endpoint: &str) -> Option<&'a str> {
    let (tech, name) = endpoint.split_once('/')?;
    let dialled = match dial_string.split_once('/') {
        Some((head, rest)) if head.eq_ignore_ascii_case(tech) => rest,
        _ => dial_string,
    };
    let candidate = match (dialled.find('@'), dialled.find('/')) {
        (Some(at), slash) if slash.is_none_or(|slash| at < slash) => {
            let before = user_part(dialled.get(..at)?);
            if is_number(before) { before } else { after_slash(dialled)? }
        }
        _ => after_slash(dialled)?,
    };
    (is_number(candidate) && candidate != name).then_some(candidate)
}

fn after_slash(dialled: &str) -> Option<&str> {
    let (_, rest) = dialled.split_once('/')?;
    let uri = user_part(rest);
    uri.split(['@', '/', ':', ';', '!', ',']).next()
}

fn user_part(text: &str) -> &str {
    let rest = ["sips:", "sip:", "tel:"].iter().find_map(|scheme| {
        text.get(..scheme.len())
            .filter(|head| head.eq_ignore_ascii_case(scheme))
            .and_then(|_| text.get(scheme.len()..))
    });
    rest.unwrap_or(text)
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'*' || byte == b'#')
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
            assert_eq!(number_apart(dial_string, endpoint), number, "{dial_string} on {endpoint}");
        }
    }
}
