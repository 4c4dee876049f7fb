//! The class of a header's value, which decides how the value is anonymised.

/// What a value contains, which decides how it is anonymised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ValueClass {
    /// A word or a small number chosen by the server: kept, unless it contains more.
    Fixed,
    /// A time: kept.
    Time,
    /// The server's own text: kept.
    ServerText,
    /// The id of a channel or a bridge: kept, except for the server's name in it.
    ChannelId,
    /// The name of a channel, endpoint, context or extension, or a number: numbers and words that may be names are
    /// replaced.
    Identifier,
    /// Free text: the same, but words of two letters are kept unless they name an endpoint.
    Text,
    /// The name of a person: all words are replaced.
    PersonName,
    /// An id without meaning: letters and digits are replaced.
    OpaqueId,
    /// A secret: everything is masked.
    Secret,
    /// The name of a variable: kept, unless it is more than one word.
    VariableName,
    /// `name=value`.
    Assignment,
    /// The percent-encoded lines of an AsyncAGI's environment.
    Environment,
}

/// The prefixes of headers in events about several channels (AMI notes 2.1).
const PARTY_PREFIXES: [&str; 20] = [
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

/// Longer keys are not looked up, in bytes.
const LONGEST_KEY: usize = 64;

/// The class of the value of a header named `key` of the event called `event`, of a response where that is empty.
pub(super) fn class_of_header(key: &[u8], event: &[u8]) -> ValueClass {
    if key.len() > LONGEST_KEY {
        return ValueClass::Text;
    }
    let Ok(key) = str::from_utf8(key) else { return ValueClass::Text };
    let key = key.to_ascii_lowercase();
    let known = known_class(&key)
        .or_else(|| PARTY_PREFIXES.iter().find_map(|party| known_class(key.strip_prefix(party)?)));
    match known {
        // The sender of a user event chooses its headers.
        Some(ValueClass::Fixed) if event == b"UserEvent" => ValueClass::Text,
        Some(class) => class,
        None => guess_class(&key),
    }
}

/// The class of the value of a variable called `name`.
pub(super) fn class_of_variable(name: &str) -> ValueClass {
    let name = name.trim_start_matches('_').to_ascii_lowercase();
    let is_name =
        ["membername", "fromname", "callername", "realname", "fullname", "cidname", "calleridname", "cnam"]
            .iter()
            .any(|ending| name.ends_with(ending));
    if is_name || name.ends_with("(name)") { ValueClass::PersonName } else { guess_class(&name) }
}

/// Whether the value of a header or variable with this name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    const PARTS: [&str; 9] =
        ["passw", "passphrase", "secret", "token", "credential", "apikey", "api_key", "api-key", "privkey"];
    const WORDS: [&str; 9] =
        ["pwd", "pin", "pass", "auth", "authorization", "key", "cookie", "otp", "bearer"];
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part))
        || name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| WORDS.contains(&word))
}

fn guess_class(name: &str) -> ValueClass {
    const OPAQUE: [&str; 6] = ["callid", "call-id", "fingerprint", "sessionid", "challenge", "hash"];
    if is_secret(name) {
        ValueClass::Secret
    } else if OPAQUE.iter().any(|part| name.contains(part)) {
        ValueClass::OpaqueId
    } else {
        ValueClass::Text
    }
}

/// The class of the value of a header that Asterisk writes itself; `key` is in lower case.
#[rustfmt::skip]
fn known_class(key: &str) -> Option<ValueClass> {
    Some(match key {
        "uniqueid" | "uniqueid1" | "uniqueid2" | "linkedid" | "srcuniqueid" | "bridgeduniqueid" |
        "bridgeuniqueid" | "bridgeid" | "swapuniqueid" => ValueClass::ChannelId,
        "timestamp" | "eventtv" | "sessiontv" | "logintime" | "lastcall" | "lastpause" | "starttime" |
        "answertime" | "endtime" | "corestartupdate" | "corestartuptime" | "corereloaddate" |
        "corereloadtime" | "duration" | "timetohangup" => ValueClass::Time,
        "calleridname" | "connectedlinename" | "membername" | "agentname" | "name" | "fullname" |
        "callername" | "username" | "callerid" | "callerid1" | "callerid2" | "email" | "displayname" =>
        ValueClass::PersonName,
        "calleridnum" | "connectedlinenum" | "exten" | "extension" | "dnid" | "context" | "accountcode" |
        "account" | "oldaccountcode" | "peeraccount" | "oldpeeraccount" | "accountid" | "channel" |
        "channel1" | "channel2" | "newname" | "oldname" | "original" | "clone" | "bridgedchannel" | "source"
        | "destination" | "channelcalling" | "destinationchannel" | "callingchannel" | "dialstring" |
        "forward" | "device" | "interface" | "stateinterface" | "location" | "member" | "agent" |
        "agentcalled" | "endpoint" | "endpointname" | "aor" | "contact" | "peer" | "peername" | "objectname"
        | "objectusername" | "dialled" | "queue" | "mailbox" | "parkinglot" | "conference" | "systemname" |
        "hint" | "tenantid" => ValueClass::Identifier,
        "variable" => ValueClass::VariableName,
        "chanvariable" => ValueClass::Assignment,
        "env" | "result" => ValueClass::Environment,
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
        "writeformat" | "writetrans" => ValueClass::Fixed,
        "asteriskversion" | "cause-txt" | "cid-callingpres" | "callingpres" | "privilege" => ValueClass::ServerText,
        // The digits may be a caller's PIN or card number.
        "digit" => ValueClass::Secret,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_every_party_have_the_same_class() {
        for (key, expected) in [
            ("CallerIDName", ValueClass::PersonName),
            ("DestCallerIDName", ValueClass::PersonName),
            ("TransfereeConnectedLineNum", ValueClass::Identifier),
            ("DestUniqueID", ValueClass::ChannelId),
            ("OrigBridgeUniqueid", ValueClass::ChannelId),
            ("LocalOneContext", ValueClass::Identifier),
            ("DestChanVariable", ValueClass::Assignment),
            ("ChannelStateDesc", ValueClass::Fixed),
            ("SIPcallid", ValueClass::OpaqueId),
            ("Challenge", ValueClass::OpaqueId),
            ("UsingPassword", ValueClass::Fixed),
            ("ReceivedHash", ValueClass::OpaqueId),
            ("ApiToken", ValueClass::Secret),
            ("Key", ValueClass::Secret),
            ("AppData", ValueClass::Text),
            ("Whatever", ValueClass::Text),
        ] {
            assert_eq!(class_of_header(key.as_bytes(), b"X"), expected, "{key}");
        }
        assert_eq!(class_of_header(b"State", b"UserEvent"), ValueClass::Text);
    }

    #[test]
    fn variables_are_classified_by_their_name() {
        for (name, expected) in [
            ("MEMBERNAME", ValueClass::PersonName),
            ("__CIDNAME", ValueClass::PersonName),
            ("CALLERID(name)", ValueClass::PersonName),
            ("SIPCALLID", ValueClass::OpaqueId),
            ("BRIDGEPVTCALLID", ValueClass::OpaqueId),
            ("_DB_PASSWORD", ValueClass::Secret),
            ("VM_PIN", ValueClass::Secret),
            ("PINGED", ValueClass::Text),
            ("DIALEDPEERNAME", ValueClass::Text),
        ] {
            assert_eq!(class_of_variable(name), expected, "{name}");
        }
    }
}
