//! Reads a dialect file.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::{
    auth_template::AuthTemplate,
    body::PairsTemplate,
    example::Example,
    file::TemplateFile,
    listen::ListenRule,
    mistake::{Mistakes, TemplateMistake, suggest},
    reader::{Item, Table},
    reply_rule::{DirectiveRule, ReplyRule},
    settings::SettingSpec,
    step_template::{StepTemplate, read_headers},
    users_template::UsersTemplate,
    vocabulary::{EVENT_NAMES, NameScope, Place},
};
use crate::auth::RateLimit;

/// The list of requests for each event that has no list of its own. Digits are left out: they are asked for by name.
const ANY: &str = "any";

impl TemplateFile {
    /// Reads the `text` of a dialect file and checks everything in it.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the file.
    pub fn parse(text: &str) -> Result<Self, Vec<TemplateMistake>> {
        load(text)
    }
}

fn load(text: &str) -> Result<TemplateFile, Vec<TemplateMistake>> {
    let mistakes = Mistakes::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        mistakes.add(at, "", error.message().to_owned(), "correct the TOML; toml.io shows how it is written");
    }
    if !mistakes.is_empty() {
        return Err(mistakes.into_sorted());
    }
    let file = read(&Table::new(&mistakes, String::new(), 0, root.get_ref()));
    if mistakes.is_empty()
        && let Some(file) = file
    {
        return Ok(file);
    }
    Err(mistakes.into_sorted())
}

fn read(table: &Table<'_>) -> Option<TemplateFile> {
    let name = table.required("name", "write `name = \"my-system\"`").and_then(|item| {
        let name = item.text()?;
        if name.is_empty()
            || !name.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-')
        {
            item.wrong(format!("invalid name {name:?}"), "a name has small letters, digits and -");
        }
        Some(name.to_owned())
    });
    let settings: Vec<SettingSpec> =
        table.table("settings").map(|table| read_settings(&table)).unwrap_or_default();
    let setting_names: Vec<String> = settings.iter().map(|spec| spec.name.clone()).collect();
    let on = table.get("on").and_then(Item::table);
    let (captures, optional) = on.as_ref().map(capture_names).unwrap_or_default();
    let scope = NameScope {
        settings: &setting_names,
        captures: &captures,
        known_captures: None,
        place: Place::Request { has_user: false },
    };
    let of_settings = NameScope { place: Place::Settings, ..scope.clone() };
    let headers = table
        .get("headers")
        .map_or_else(|| Some(PairsTemplate::default()), |item| read_headers(item, &scope));
    let auth = table.table("auth").map(|table| AuthTemplate::read(&table, &of_settings));
    let users = table
        .table("users")
        .map_or_else(|| Some(UsersTemplate::default()), |table| UsersTemplate::read(&table, &of_settings));
    let (steps, lists) = match &on {
        Some(on) => read_steps(on, &scope, &optional),
        None if table.get("listen").is_some() => (Vec::new(), BTreeMap::new()),
        None => {
            table.wrong("no event is reported", "write `[[on.newCall]]` with a request");
            (Vec::new(), BTreeMap::new())
        }
    };
    check_openers(table, &steps);
    let replies = table.tables("reply").iter().map(ReplyRule::read).collect::<Vec<_>>();
    let directives = table.tables("directive").iter().map(DirectiveRule::read).collect::<Vec<_>>();
    let of_listen = NameScope { place: Place::Listen, ..scope.clone() };
    let listens =
        table.tables("listen").iter().map(|table| ListenRule::read(table, &of_listen)).collect::<Vec<_>>();
    let rate = table.table("rate").and_then(|table| read_rate(&table));
    let examples = table.tables("example").iter().map(Example::read).collect::<Vec<_>>();
    let (title, about) = (table.text("title"), table.text("about"));
    table.finish();
    let name = name?;
    Some(TemplateFile {
        title: title.map_or_else(|| name.clone(), str::to_owned),
        name,
        about: about.unwrap_or_default().trim().to_owned(),
        settings,
        auth: match auth {
            Some(auth) => Some(auth?),
            None => None,
        },
        headers: headers?,
        steps,
        lists,
        replies: replies.into_iter().collect::<Option<_>>()?,
        directives: directives.into_iter().collect::<Option<_>>()?,
        listens: listens.into_iter().collect::<Option<_>>()?,
        users: users?,
        rate,
        examples: examples.into_iter().collect::<Option<_>>()?,
    })
}

fn read_settings(table: &Table<'_>) -> Vec<SettingSpec> {
    let spec = |item: &Item<'_>| Some(SettingSpec::read(&item.table()?, item.key));
    table.entries().iter().filter_map(spec).collect()
}

/// The names of all captures of the requests below `on`, and of those that need not be demanded.
fn capture_names(on: &Table<'_>) -> (Vec<String>, Vec<String>) {
    let (mut all, mut optional) = (Vec::new(), Vec::new());
    for list in on.entries().iter().filter(|item| item.value.is_array()) {
        for step in list.list() {
            let captures = step.value.as_table().and_then(|step| step.get("capture")?.get_ref().as_table());
            for (name, capture) in captures.into_iter().flatten() {
                let is_optional = capture
                    .get_ref()
                    .get("optional")
                    .is_some_and(|optional| optional.get_ref().as_bool() == Some(true));
                let name = name.get_ref().to_string();
                if is_optional {
                    optional.push(name.clone());
                }
                if !all.contains(&name) {
                    all.push(name);
                }
            }
        }
    }
    (all, optional)
}

type Lists = BTreeMap<&'static str, Vec<usize>>;

fn read_steps(on: &Table<'_>, scope: &NameScope<'_>, optional: &[String]) -> (Vec<StepTemplate>, Lists) {
    let (mut steps, mut lists, mut any) = (Vec::<StepTemplate>::new(), Lists::new(), Vec::new());
    for list in on.entries() {
        let event = EVENT_NAMES.iter().copied().find(|event| *event == list.key);
        if event.is_none() && list.key != ANY {
            let known = EVENT_NAMES.iter().copied().chain([ANY]);
            on.mistakes.add(
                list.key_at,
                &on.path,
                format!("unknown event {:?}", list.key),
                suggest(list.key, known),
            );
        }
        let requests: Vec<_> = list.list();
        let mut indices = Vec::new();
        for (index, request) in requests.iter().enumerate() {
            let Some(table) = request.table() else { continue };
            let name =
                if requests.len() == 1 { list.key.to_owned() } else { format!("{}-{}", list.key, index + 1) };
            let Some(step) = StepTemplate::read(&table, name, scope, optional) else { continue };
            if steps.iter().any(|other| other.name == step.name) {
                table.wrong(
                    format!("a second request called {:?}", step.name),
                    "give each request another name",
                );
            }
            indices.push(steps.len());
            steps.push(step);
        }
        match event {
            Some(event) => {
                lists.insert(event, indices);
            }
            None => any = indices,
        }
    }
    if !any.is_empty() {
        for event in EVENT_NAMES.into_iter().filter(|event| *event != "dtmf") {
            lists.entry(event).or_insert_with(|| any.clone());
        }
    }
    (steps, lists)
}

/// Checks that what a request needs can be had: not from itself, and not from one that each user has, where it has none.
fn check_openers(file: &Table<'_>, steps: &[StepTemplate]) {
    let opener =
        |need: &String| steps.iter().find(|step| step.captures.iter().any(|capture| capture.name == *need));
    for step in steps {
        for need in &step.needs {
            let Some(first) = opener(need) else { continue };
            if first.is_for_each_user && !step.is_for_each_user {
                file.mistakes.add(
                    step.at,
                    &step.name,
                    format!("the capture {need:?} belongs to a user, but this request to none"),
                    "write `each = \"users\"`",
                );
            }
            let (mut next, mut passed) = (Some(first), 0);
            while let Some(current) = next.filter(|_| passed <= steps.len()) {
                if std::ptr::eq(current, step) {
                    file.mistakes.add(
                        step.at,
                        &step.name,
                        format!("the request needs the capture {need:?}, which needs this request first"),
                        "capture it from a request that does not need it",
                    );
                    break;
                }
                passed += 1;
                next = current.needs.iter().find_map(opener);
            }
        }
    }
}

fn read_rate(table: &Table<'_>) -> Option<RateLimit> {
    let positive = |item: &Item<'_>| {
        let number = item.number()?;
        if number <= 0.0 {
            item.wrong("a rate is more than nothing", "write a number above 0");
        }
        Some(number)
    };
    let per_second = table.required("per_second", "write `per_second = 2`").and_then(positive);
    let burst = table.get("burst").map_or(Some(1.0), positive);
    table.finish();
    Some(RateLimit { per_second: per_second?, burst: burst? as u32 })
}
