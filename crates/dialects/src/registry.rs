//! The dialects by name.

use crate::{Dialect, Zammad, ZammadOptions};

/// The names of all dialects, as they stand in a configuration and on the command line.
#[must_use]
pub fn names() -> &'static [&'static str] {
    &[Zammad::NAME]
}

/// The dialect called `name`, with its default options; `None` where there is none.
#[must_use]
pub fn by_name(name: &str) -> Option<Box<dyn Dialect>> {
    match name {
        Zammad::NAME => Some(Box::new(Zammad::new(&ZammadOptions::default()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_the_dialect_that_has_it() {
        for name in names() {
            assert_eq!(by_name(name).unwrap().name(), *name);
        }
        assert!(by_name("Zammad").is_none());
    }
}
