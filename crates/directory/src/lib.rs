//! Who is who at a PBX: its users and their phones, and how its numbers are written.
//!
//! What an administrator writes down about people, trunks and numbers is looked up here (call rules 2). It is pure, and
//! knows nothing of calls.

mod dial_string;
mod numbers;
mod pattern;
mod users;

pub use dial_string::{NumberApart, dials, has_technology, is_number, number_apart};
pub use numbers::{NumberPlan, SHORTEST_NUMBER, UnknownCountry};
pub use pattern::Pattern;
pub use users::{Directory, User};
