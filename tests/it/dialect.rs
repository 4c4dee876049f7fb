//! `ringwire dialect`.

use std::fs;

use crate::support::{capture, run, stderr, stdout};

#[test]
fn dialects_are_listed_and_shown() {
    let listed = stdout(&run(["dialect", "list"]));
    assert!(listed.contains("zammad") && listed.contains("bitrix24"), "{listed}");
    assert!(stdout(&run(["dialect", "show", "webhook"])).starts_with("name = \"webhook\"\n"));
    for (args, code, output_text) in [
        (["dialect", "show", "bitrix"], 64, "expected one of: bitrix24"),
        (["dialect", "show", "zammad"], 64, "it is built in"),
        (["dialect", "test", "./none.toml"], 66, "./none.toml: no such file"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(output_text), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn the_examples_of_all_shipped_dialects_hold() {
    let output = run(["dialect", "test"]);
    let text = stdout(&output);
    assert!(output.status.success() && text.contains("\n  ok      ") && !text.contains("FAILED"), "{text}");
}

/// One file is all that a new system takes.
#[test]
fn a_new_file_is_tested_and_replayed_and_its_mistakes_are_located() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("my-system.toml");
    let file = path.to_str().unwrap();
    let skeleton = stdout(&run(["dialect", "new"]));
    fs::write(&path, &skeleton).unwrap();
    let tested = run(["dialect", "test", file]);
    assert!(tested.status.success(), "{}", stderr(&tested));
    let recording = capture("22/inbound-no-answer");
    let replayed = stdout(&run(["replay", "--to", file, recording.to_str().unwrap()]));
    let lines: Vec<_> = replayed.lines().map(|line| line.split_once("→ ").unwrap().1).collect();
    assert_eq!(lines.len(), 2, "{replayed}");
    assert!(
        lines[0].starts_with("my-system  url=<url>/calls  body={\"number\":\"+491761234567\""),
        "{replayed}"
    );
    assert!(lines[1].starts_with("my-system  method=PATCH  url=<url>/calls/%3Crecord%3E"), "{replayed}");

    fs::write(&path, skeleton.replace("json = { result = \"missed\"", "json = { result = \"lost\"")).unwrap();
    let output = run(["dialect", "test", file]);
    assert_eq!(output.status.code(), Some(65));
    assert!(stdout(&output).contains("finish: the body is {\"result\":\"missed\""), "{}", stdout(&output));

    fs::write(&path, skeleton.replace("{{ time | unix }}", "{{ tmie | unix }}").replace("PATCH", "PACTH"))
        .unwrap();
    let output = run(["dialect", "test", file]);
    assert_eq!(output.status.code(), Some(65));
    let expected = [
        format!("{file}:34:15: on.newCall[1].json.started: unknown name \"tmie\"; write `time`"),
        format!("{file}:42:10: on.hangup[1].method: unknown method \"PACTH\"; write \"PATCH\""),
    ];
    for line in expected {
        assert!(stderr(&output).contains(&line), "{line}\n{}", stderr(&output));
    }
}
