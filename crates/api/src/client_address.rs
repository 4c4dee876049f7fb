//! The address of a client, also behind a proxy.

use std::net::IpAddr;

use axum::http::HeaderMap;

use crate::access::AccessTable;

/// Where a proxy says that a request comes from.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of the client that sent a request with `headers` from `peer`.
///
/// Anybody can send the header, so only the proxies that are configured are believed: each adds the address that it got the
/// request from at the end, and the last address that is none of theirs is the client's.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, access: &AccessTable) -> IpAddr {
    let peer = peer.to_canonical();
    if !access.trusts(peer) {
        return peer;
    }
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
    let mut client = peer;
    for hop in hops {
        // What is no address says nothing, and nor does what stands before it.
        let Ok(address) = hop.trim().trim_matches(['[', ']']).parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !access.trusts(client) {
            break;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::access::{Access, AccessControl};

    #[test]
    fn only_a_configured_proxy_is_believed() {
        let trusted_proxies = vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let access = AccessControl::new(Access { trusted_proxies, ..Access::default() }).table();
        let nobody = AccessControl::new(Access::default()).table();
        for (peer, forwarded, client) in [
            ("127.0.0.1", &["192.0.2.7"][..], "192.0.2.7"),
            ("::ffff:127.0.0.1", &["192.0.2.7"], "192.0.2.7"),
            ("127.0.0.1", &["192.0.2.66, 192.0.2.7"], "192.0.2.7"),
            ("127.0.0.1", &["192.0.2.66", "192.0.2.7,10.1.1.1"], "192.0.2.7"),
            ("127.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("127.0.0.1", &["10.2.2.2"], "10.2.2.2"),
            ("127.0.0.1", &["192.0.2.66, nonsense, 10.1.1.1"], "10.1.1.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.2", &["192.0.2.7"], "127.0.0.2"),
        ] {
            let values = forwarded.iter().map(|value| HeaderValue::from_str(value).unwrap());
            let headers: HeaderMap = values.map(|value| (FORWARDED_FOR.parse().unwrap(), value)).collect();
            let peer: IpAddr = peer.parse().unwrap();
            assert_eq!(client_address(peer, &headers, &access).to_string(), client, "{peer} {forwarded:?}");
            assert_eq!(client_address(peer, &headers, &nobody), peer.to_canonical());
        }
    }
}
