//! What the values of headers are made of.

/// What is in a value, and so what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Class {
    /// A word or a small number chosen by the server: stays, if it is no more than that.
    Fixed,
    /// A time: stays.
    Time,
    /// The server's own wording: stays.
    Server,
    /// The id of a channel or a bridge: stays, but for the server's name in it.
    Id,
    /// The names of a server's things: channels, endpoints, contexts, extensions, numbers. Words that may be names and
    /// numbers are replaced.
    Thing,
    /// Any text: the same, but words of two letters stay, unless they are an endpoint's.
    Text,
    /// The name of somebody: all words are replaced.
    Name,
    /// A name for something that is told apart by it and nothing else: letters and digits are replaced.
    Opaque,
    /// What must not be known: nothing is left.
    Secret,
    /// The name of a variable: stays, unless it is made of more than a word.
    Variable,
    /// `name=value`.
    Assignment,
    /// The percent-encoded lines of an AsyncAGI's environment.
    Environment,
}

/// What a channel's headers begin with where an event is about several (AMI contract 2.1).
const PARTIES: [&str; 20] = [
    "dest",
    "localone",
    "localtwo",
    "origtransferer",
    "secondtransferer",
    "transferer",
    "transferee",
    "transfertarget",
    "source",
    "target",
    "parkee",
    "parker",
    "retriever",
    "spyer",
    "spyee",
    "orig",
    "second",
    "from",
    "to",
    "effective",
];

/// The longest key that is looked up.
const LONGEST: usize = 64;

/// The class of the value of a header named `key` of the event called `event`, of a response where that is empty.
pub(super) fn class(key: &[u8], event: &[u8]) -> Class {
    if key.len() > LONGEST {
        return Class::Text;
    }
    let Ok(key) = str::from_utf8(key) else { return Class::Text };
    let key = key.to_ascii_lowercase();
    let known = known(&key).or_else(|| PARTIES.iter().find_map(|party| known(key.strip_prefix(party)?)));
    match known {
        // Whoever sends a user event chooses its headers.
        Some(Class::Fixed) if event == b"UserEvent" => Class::Text,
        Some(class) => class,
        None => guess(&key),
    }
}

/// The class of the value of a variable called `name`.
pub(super) fn of_variable(name: &str) -> Class {
    let name = name.trim_start_matches('_').to_ascii_lowercase();
    let is_name =
        ["membername", "fromname", "callername", "realname", "fullname", "cidname", "calleridname", "cnam"]
            .iter()
            .any(|ending| name.ends_with(ending));
    if is_name || name.ends_with("(name)") { Class::Name } else { guess(&name) }
}

/// Whether what is called `name` must not be known.
pub(super) fn is_secret(name: &str) -> bool {
    const PARTS: [&str; 9] =
        ["passw", "passphrase", "secret", "token", "credential", "apikey", "api_key", "api-key", "privkey"];
    const WORDS: [&str; 9] =
        ["pwd", "pin", "pass", "auth", "authorization", "key", "cookie", "otp", "bearer"];
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part))
        || name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| WORDS.contains(&word))
}

fn guess(name: &str) -> Class {
    const OPAQUE: [&str; 6] = ["callid", "call-id", "fingerprint", "sessionid", "challenge", "hash"];
    if is_secret(name) {
        Class::Secret
    } else if OPAQUE.iter().any(|part| name.contains(part)) {
        Class::Opaque
    } else {
        Class::Text
    }
}

/// The class of the value of a header that Asterisk writes itself; `key` in small letters.
#[rustfmt::skip]
fn known(key: &str) -> Option<Class> {
    Some(match key {
        "uniqueid" | "uniqueid1" | "uniqueid2" | "linkedid" | "srcuniqueid" | "bridgeduniqueid" |
        "bridgeuniqueid" | "bridgeid" | "swapuniqueid" => Class::Id,
        "timestamp" | "eventtv" | "sessiontv" | "logintime" | "lastcall" | "lastpause" | "starttime" |
        "answertime" | "endtime" | "corestartupdate" | "corestartuptime" | "corereloaddate" |
        "corereloadtime" | "duration" | "timetohangup" => Class::Time,
        "calleridname" | "connectedlinename" | "membername" | "agentname" | "name" | "fullname" |
        "callername" | "username" | "callerid" | "callerid1" | "callerid2" | "email" | "displayname" =>
        Class::Name,
        "calleridnum" | "connectedlinenum" | "exten" | "extension" | "dnid" | "context" | "accountcode" |
        "account" | "oldaccountcode" | "peeraccount" | "oldpeeraccount" | "accountid" | "channel" |
        "channel1" | "channel2" | "newname" | "oldname" | "original" | "clone" | "bridgedchannel" | "source"
        | "destination" | "channelcalling" | "destinationchannel" | "callingchannel" | "dialstring" |
        "forward" | "device" | "interface" | "stateinterface" | "location" | "member" | "agent" |
        "agentcalled" | "endpoint" | "endpointname" | "aor" | "contact" | "peer" | "peername" | "objectname"
        | "objectusername" | "dialled" | "queue" | "mailbox" | "parkinglot" | "conference" | "systemname" |
        "hint" | "tenantid" => Class::Thing,
        "variable" => Class::Variable,
        "chanvariable" => Class::Assignment,
        "env" | "result" => Class::Environment,
        "abandoned" | "admin" | "amiversion" | "app" | "appfile" | "appfunction" | "application" |
        "appline" | "attempt" | "begin" | "bridgecreator" | "bridgenumchannels" | "bridgestate" |
        "bridgetechnology" | "bridgetype" | "bridgevideosourcemode" | "callgroup" | "callid" | "calls" |
        "callstaken" | "cause" | "channelstate" | "channelstatedesc" | "channeltype" | "class" |
        "clonestate" | "commandid" | "completed" | "control" | "corecurrentcalls" | "coremaxcalls" |
        "coreprocessedcalls" | "count" | "dialstatus" | "direction" | "durationms" | "end" | "eventlist" |
        "eventversion" | "feature" | "holdtime" | "id" | "incall" | "isexternal" | "isincall" | "items" |
        "language" | "lastreload" | "listitems" | "localoptimization" | "max" | "membership" | "mode" |
        "module" | "musicclass" | "muted" | "nativeformats" | "new" | "newstate" | "old" | "oldstate" |
        "originalposition" | "originalstate" | "paused" | "penalty" | "pickupgroup" | "ping" | "port" |
        "position" | "presentation" | "priorcallid" | "priority" | "prioritylabel" | "readformat" |
        "readtrans" | "reloadreason" | "resultcode" | "ringinuse" | "ringtime" | "service" |
        "servicelevel" | "servicelevelperf" | "servicelevelperf2" | "severity" | "state" | "status" |
        "strategy" | "subevent" | "success" | "talktime" | "techcause" | "transfermethod" | "transfertype"
        | "type" | "uptime" | "usingpassword" | "wait" | "waiting" | "weight" | "wrapuptime" |
        "writeformat" | "writetrans" => Class::Fixed,
        "asteriskversion" | "cause-txt" | "cid-callingpres" | "callingpres" | "privilege" => Class::Server,
        // Digit by digit a caller's PIN, or the number of a card.
        "digit" => Class::Secret,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_every_party_have_the_same_class() {
        for (key, expected) in [
            ("CallerIDName", Class::Name),
            ("DestCallerIDName", Class::Name),
            ("TransfereeConnectedLineNum", Class::Thing),
            ("DestUniqueID", Class::Id),
            ("OrigBridgeUniqueid", Class::Id),
            ("LocalOneContext", Class::Thing),
            ("DestChanVariable", Class::Assignment),
            ("ChannelStateDesc", Class::Fixed),
            ("SIPcallid", Class::Opaque),
            ("Challenge", Class::Opaque),
            ("UsingPassword", Class::Fixed),
            ("ReceivedHash", Class::Opaque),
            ("ApiToken", Class::Secret),
            ("Key", Class::Secret),
            ("AppData", Class::Text),
            ("Whatever", Class::Text),
        ] {
            assert_eq!(class(key.as_bytes(), b"X"), expected, "{key}");
        }
        assert_eq!(class(b"State", b"UserEvent"), Class::Text);
    }

    #[test]
    fn variables_are_known_by_their_name() {
        for (name, expected) in [
            ("MEMBERNAME", Class::Name),
            ("__CIDNAME", Class::Name),
            ("CALLERID(name)", Class::Name),
            ("SIPCALLID", Class::Opaque),
            ("BRIDGEPVTCALLID", Class::Opaque),
            ("_DB_PASSWORD", Class::Secret),
            ("VM_PIN", Class::Secret),
            ("PINGED", Class::Text),
            ("DIALEDPEERNAME", Class::Text),
        ] {
            assert_eq!(of_variable(name), expected, "{name}");
        }
    }
}
