//! Technical words, which identify nobody.

/// The words of channels, contexts, dialplans and servers, sorted, in lower case. All other words may be names.
///
/// The words of channel technologies and contexts are needed for a replay to give the same calls (call rules 1
/// and 2); the others help the readers of a recording. None of them is a common name.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "accepted", "account", "accounting", "action", "actions", "added", "agent", "agi", "alaw", "all",
    "already", "ami", "amp", "ampuser", "and", "announcement", "announcer", "anonymous", "answer",
    "answered", "aor", "app", "application", "ari", "array", "asterisk", "async", "asyncagi", "asyncgoto",
    "attended", "atxfer", "audiosocket", "auth", "authentication", "avail", "available", "avgjitter",
    "avglost", "avgmes", "avgrtt", "avgrxjitter", "avgrxlost", "avgrxmes", "avgtxjitter", "avgtxlost",
    "avgtxmes", "background", "beep", "begin", "billing", "blacklist", "blind", "blocked", "booted",
    "break", "bri", "bridge", "busy", "by", "call", "called", "caller", "callerid", "callers", "calling",
    "calls", "cancel", "cancelled", "cannot", "capi", "cbann", "cbrec", "chan", "channel", "channels",
    "chanspy", "chanunavail", "cid", "class", "client", "closed", "cnam", "code", "com", "command",
    "commands", "complete", "completed", "confbridge", "conference", "conferences", "congestion",
    "connectedline", "console", "contact", "contacts", "context", "contexts", "continue", "core", "could",
    "count", "created", "curl", "custom", "cut", "dahdi", "data", "date", "db", "dbdel", "dbget", "dbput",
    "default", "demo", "denied", "device", "devices", "dial", "dialing", "dialout", "did", "digital",
    "digits", "dnid", "does", "dongle", "dontcall", "down", "dumpchan", "en", "end", "endpoint",
    "endpoints", "endwhile", "enum", "error", "etc", "event", "example", "exec", "execif", "exist",
    "exists", "ext", "exten", "extension", "extensions", "external", "failed", "failure", "false", "fax",
    "feature", "featurecode", "features", "filter", "follow", "followme", "follows", "for", "found",
    "freepbx", "freeswitch", "from", "full", "fully", "func", "fusionpbx", "gateway", "gateways",
    "goodbye", "gosub", "gosubif", "gotoif", "gotos", "group", "gsm", "gtalk", "gulp", "gw", "hangup",
    "hash", "helpdesk", "hint", "hints", "hold", "holiday", "home", "hotline", "hours", "http", "https",
    "iax", "id", "identify", "idle", "if", "iftime", "in", "inbound", "incoming", "info", "intern",
    "internal", "interncalls", "inuse", "invalid", "invalidargs", "ip", "ipv", "is", "isdn", "isnull",
    "issabel", "ivr", "jingle", "joinempty", "key", "khomp", "lab", "lagged", "language", "leaveempty",
    "len", "letters", "line", "lines", "link", "list", "listcommands", "listing", "local", "log", "loop",
    "lp", "macro", "mailbox", "mailboxes", "mailto", "manager", "masq", "maxjitter", "maxlost", "maxmes",
    "maxrtt", "maxrxjitter", "maxrxlost", "maxrxmes", "maxtxjitter", "maxtxlost", "maxtxmes", "meetme",
    "member", "members", "message", "mgcp", "minjitter", "minlost", "minmes", "minrtt", "minrxjitter",
    "minrxlost", "minrxmes", "mintxjitter", "mintxlost", "mintxmes", "minutes", "misdn", "missing",
    "mixmonitor", "module", "moh", "monitor", "motif", "mp", "multicastrtp", "music", "musicclass", "mwi",
    "name", "net", "night", "no", "noanswer", "none", "nonqualified", "noop", "not", "notinuse", "null",
    "num", "number", "of", "off", "office", "ok", "on", "ooh", "open", "opus", "order", "orders", "org",
    "originate", "out", "outbound", "outgoing", "output", "outrt", "parked", "parkedcalls", "parking",
    "password", "paused", "pbx", "peer", "peers", "permission", "phone", "phones", "pickup", "pin",
    "pjsip", "playback", "pres", "presence", "pri", "priority", "private", "privilege", "proceeding",
    "progress", "pstn", "public", "queue", "queued", "queues", "rdnis", "reachable", "read", "reception",
    "record", "recorder", "redirect", "redirected", "redirecting", "regex", "registered", "registration",
    "rejected", "reload", "reloaded", "removed", "reported", "request", "res", "reserved", "resource",
    "response", "restricted", "result", "return", "ring", "ringgroup", "ringgroups", "ringing",
    "ringwire", "rlp", "rtcp", "rtp", "rtt", "rxcount", "rxjitter", "rxmes", "sales", "sccp", "seconds",
    "secret", "sent", "server", "service", "services", "session", "set", "share", "show", "silence",
    "sip", "sipaddheader", "sipremoveheader", "sips", "skinny", "slin", "sln", "snoop", "sounds", "spool",
    "ssrc", "start", "stasis", "state", "status", "stdevjitter", "stdevlost", "stdevmes", "stdevrtt",
    "stdevrxjitter", "stdevrxlost", "stdevrxmes", "stdevtxjitter", "stdevtxlost", "stdevtxmes", "stop",
    "sub", "subscription", "subscriptions", "success", "successfully", "such", "support", "surrogate",
    "system", "talk", "tcp", "tel", "tenant", "test", "thanks", "the", "themssrc", "time",
    "timeconditions", "timeout", "times", "tls", "tmp", "to", "token", "torture", "transfer",
    "transfered", "transport", "true", "trunk", "trunks", "txcount", "txjitter", "txmes", "type", "udp",
    "ulaw", "unable", "unavail", "unavailable", "unhold", "unicastrtp", "unistim", "unknown", "unlink",
    "unmonitored", "unpaused", "unreachable", "unregistered", "up", "updated", "use", "user", "users",
    "usr", "value", "var", "variable", "verbose", "via", "vitalpbx", "vm", "voicemail", "voip", "vox",
    "vpb", "wait", "waitexten", "wav", "websocket", "while", "with", "withdrawn", "withheld", "ws", "wss",
    "xfer", "xmpp", "yes", "zap", "zaptel", "zombie",
];

/// The prefixes of contexts for inbound calls, which are recognised by patterns (call rules 2).
const CONTEXT_PREFIXES: [&str; 7] = ["inbound", "incoming", "trunk", "pstn", "digital", "dahdi", "zaptel"];

/// Whether a word, in lower case, is technical.
pub(super) fn is_technical(word: &str) -> bool {
    WORDS.binary_search(&word).is_ok()
}

/// How many characters of a word, in lower case, are technical: all, a prefix, or none.
pub(super) fn technical_prefix_len(word: &str) -> usize {
    if is_technical(word) {
        return word.chars().count();
    }
    CONTEXT_PREFIXES.iter().find(|prefix| word.starts_with(**prefix)).map_or(0, |prefix| prefix.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_and_in_lower_case() {
        assert!(WORDS.is_sorted_by(|one, two| one < two));
        assert!(
            WORDS.iter().all(|word| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        );
    }

    #[test]
    fn the_prefix_of_an_inbound_context_is_technical() {
        for (word, expected) in
            [("trunk", 5), ("trunkacme", 5), ("inboundacme", 7), ("acme", 0), ("did", 3), ("didier", 0)]
        {
            assert_eq!(technical_prefix_len(word), expected, "{word}");
        }
    }
}
