//! What is wrong in a file is found with its place and its cure.

use crate::template::TemplateFile;

/// A file that is sound, to which a mistake is added.
const SOUND: &str = r#"name = "my-system"
[settings.token]
required = true
[[on.newCall]]
name = "register"
json = { from = "{{ from }}" }
capture = { id = { json = "/id" } }
[[on.hangup]]
needs = ["id"]
json = { id = "{{ captures.id }}" }
"#;

/// Each mistake: what is replaced by what in the sound file, and what is found.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("name = \"my-system\"", "title = \"x\"", "1:1: name is missing; write `name = \"my-system\"`"),
    (
        "name = \"my-system\"",
        "name = \"My System\"",
        "1:8: name: invalid name \"My System\"; a name has small letters, digits and -",
    ),
    (
        "required = true",
        "required = true,",
        "3:16: unexpected key or value, expected newline, `#`; correct the TOML; toml.io shows how it is written",
    ),
    ("required = true", "requird = true", "3:1: settings.token: unknown key \"requird\"; write \"required\""),
    (
        "required = true",
        "required = \"yes\"",
        "3:12: settings.token.required: a text where true or false is expected; write it without quotes",
    ),
    ("on.hangup", "on.hangupp", "8:6: on: unknown event \"hangupp\"; write \"hangup\""),
    ("{{ from }}", "{{ form }}", "6:21: on.newCall[1].json.from: unknown name \"form\"; write `from`"),
    (
        "{{ from }}",
        "{{ from | e146 }}",
        "6:28: on.newCall[1].json.from: unknown filter \"e146\"; write \"e164\"",
    ),
    (
        "{{ from }}",
        "{{ answeredBy.extensoin }}",
        "6:21: on.newCall[1].json.from: unknown field \"answeredBy.extensoin\"; write \"extension\"",
    ),
    (
        "{{ from }}",
        "{{ settings.tokn }}",
        "6:21: on.newCall[1].json.from: unknown setting \"tokn\"; write `settings.token`, or declare it with [settings.NAME]",
    ),
    (
        "{{ from }}",
        "{{ user_ids(users, }}",
        "6:35: on.newCall[1].json.from: invalid expression: unexpected end of input, expected expression; docs/template-dialects.md shows how expressions are written",
    ),
    (
        "{{ from }}",
        "{{ from",
        "6:18: on.newCall[1].json.from: {{ is not closed; write }} behind the expression",
    ),
    (
        "{{ from }}",
        "{% if queue %}x{% endif %}",
        "6:18: on.newCall[1].json.from: statements and comments are not allowed here; write an expression, {{ … }}; a condition is `A if CONDITION else B`, or `when` of the request",
    ),
    (
        "{{ from }}",
        "{{ lookup(from) }}",
        "6:21: on.newCall[1].json.from: unknown name \"lookup\"; docs/template-dialects.md lists the names",
    ),
    (
        "{{ from }}",
        "{{ from.upper() }}",
        "6:21: on.newCall[1].json.from: \"from\" has no fields; write `from`",
    ),
    (
        "json = \"/id\"",
        "json = \"$.result.id\"",
        "7:27: on.newCall[1].capture.id.json: \"$.result.id\" is not a JSON pointer; write \"/result/id\"",
    ),
    (
        "json = \"/id\"",
        "matches = '(id'",
        "7:30: on.newCall[1].capture.id.matches: invalid regular expression; write a regular expression as in `docs.rs/regex`, in single quotes; `\\.` stands for a point",
    ),
    (
        "needs = [\"id\"]",
        "needs = [\"id\", \"call_id\"]",
        "9:16: on.hangup[1].needs[2]: no reply yields the capture \"call_id\"; capture it from the reply to another request: `capture = { call_id = … }`",
    ),
    (
        "needs = [\"id\"]\n",
        "",
        "9:19: on.hangup[1].json.id: the capture \"id\" may not be known here; add `needs = [\"id\"]`, or make it `optional = true` where it is captured",
    ),
    (
        "needs = [\"id\"]",
        "needs = [\"id\"]\nform = { a = \"b\" }",
        "11:1: on.hangup[1]: form and json in one request; a request has one body: keep one of json, form and text",
    ),
    (
        "needs = [\"id\"]",
        "needs = [\"id\"]\nmethod = \"PSOT\"",
        "10:10: on.hangup[1].method: unknown method \"PSOT\"; write \"POST\"",
    ),
    (
        "needs = [\"id\"]",
        "needs = [\"id\"]\nwhen = \"{{ cause == 'busy' }}\"",
        "10:8: on.hangup[1].when: braces around a condition; write the expression alone, as `when = \"direction == 'in'\"`",
    ),
    (
        "needs = [\"id\"]",
        "needs = [\"id\"]\nname = \"register\"",
        "8:1: on.hangup[1]: a second request called \"register\"; give each request another name",
    ),
    (
        "name = \"register\"",
        "name = \"register\"\nneeds = [\"id\"]",
        "4:1: register: the request needs the capture \"id\", which needs this request first; capture it from a request that does not need it",
    ),
    (
        "name = \"register\"",
        "name = \"register\"\nrepeatable = \"no\"",
        "6:14: on.newCall[1].repeatable: unknown value of repeatable; write true, false or \"quietly\"",
    ),
    (
        "[[on.newCall]]",
        "[auth]\nscheme = \"bearer\"\n[[on.newCall]]",
        "4:1: auth: token is missing; write `token = \"{{ settings.token }}\"`",
    ),
    (
        "[[on.newCall]]",
        "[[reply]]\nstatus = 4040\nverdict = \"retry\"\n[[on.newCall]]",
        "5:10: reply[1].status: 4040 is not an HTTP status; write 404, \"4xx\" or \"400-499\"",
    ),
    (
        "[[on.newCall]]",
        "[[reply]]\nstatus = 404\nverdict = \"gone away\"\n[[on.newCall]]",
        "6:11: reply[1].verdict: unknown verdict \"gone away\"; write \"gone\"",
    ),
    (
        "[[on.newCall]]",
        "[rate]\nper_second = 0\n[[on.newCall]]",
        "5:14: rate.per_second: a rate is more than nothing; write a number above 0",
    ),
    (
        "[[on.newCall]]",
        "[[listen]]\npath = \"/c\"\naction = \"originate\"\n[[on.newCall]]",
        "4:1: listen[1]: nobody has to show a token; write `token = { query = \"token\", equals = \"{{ settings.token }}\" }`",
    ),
];

#[test]
fn each_mistake_is_found_with_its_line_column_and_cure() {
    assert!(TemplateFile::parse(SOUND).is_ok());
    let mut wrong = Vec::new();
    for (sound, mistaken, expected) in MISTAKES {
        let text = SOUND.replacen(sound, mistaken, 1);
        assert_ne!(text, SOUND, "{sound} is not in the sound file");
        let found = TemplateFile::parse(&text).err().unwrap_or_default();
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        if found != [*expected] {
            wrong.push(format!(
                "{mistaken}\n  expected {expected}\n  got      {}",
                found.join("\n           ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn several_mistakes_are_found_at_once_and_in_order() {
    let text = SOUND.replace("{{ from }}", "{{ form }} and {{ to | e146 }}").replace("required", "requird");
    let found = TemplateFile::parse(&text).unwrap_err();
    let places: Vec<_> = found.iter().map(|mistake| (mistake.line, mistake.column)).collect();
    assert_eq!(places, [(3, 1), (6, 21), (6, 41)], "{found:#?}");
}

#[test]
fn a_column_counts_characters_also_behind_escapes() {
    let text = "name = \"x\"\n[[on.newCall]]\ntext = \"ä\\u00e4\\n {{ nix }}\"\n";
    let found = TemplateFile::parse(text).unwrap_err();
    assert_eq!((found[0].line, found[0].column), (3, 23), "{found:#?}");
    let text = "name = \"x\"\n[[on.newCall]]\ntext = \"\"\"\nfirst\n  {{ nix }}\"\"\"\n";
    let found = TemplateFile::parse(text).unwrap_err();
    assert_eq!((found[0].line, found[0].column), (5, 6), "{found:#?}");
}
