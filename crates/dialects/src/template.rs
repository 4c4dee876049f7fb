//! Dialects that are files: what is sent, and what replies mean, as data (docs/template-dialects.md).

mod auth_template;
mod body;
mod bound;
mod destination;
mod example;
mod example_run;
mod expression;
mod file;
mod functions;
mod listen;
mod load;
mod mistake;
mod reader;
mod reply_rule;
mod scope;
mod selector;
mod settings;
mod shipped;
mod step_template;
mod users_template;
mod vocabulary;

pub use bound::TemplateDialect;
pub use destination::DestinationTemplate;
pub use example_run::{ExampleFailure, ExampleReport, run_examples};
pub use file::TemplateFile;
pub use listen::ListenRule;
pub use mistake::TemplateMistake;
pub use settings::{SettingMistake, SettingSpec};
pub use shipped::{SKELETON, shipped_example, shipped_file, shipped_names, shipped_text};

#[cfg(test)]
mod tests;
