//! What is printed for people on a terminal: text from outside made safe to show, tables, and failures with a hint and
//! an exit code.
//!
//! It knows the words for the states of deliveries, but nothing of telephony and no other crate of the workspace.

mod delivery_state;
mod failure;
mod past_time;
mod table;
mod text;

pub use delivery_state::{UNKNOWN_ADVICE, describe_state, state_style};
pub use failure::{Code, Failure};
pub use past_time::{PAST_TIME_FORMS, parse_past_time};
pub use table::{Cell, Column, Table};
pub use text::{count, cut, duration, plain, plain_name, terminal_is_unicode, when};
