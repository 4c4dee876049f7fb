//! The dialects by name.

use crate::{
    dialect::Dialect,
    zammad::{Zammad, options::ZammadOptions},
};

/// The names of all dialects, as they stand in a configuration and on the command line.
#[must_use]
pub fn dialect_names() -> &'static [&'static str] {
    &[Zammad::NAME]
}

/// The dialect called `name`, with its default options; `None` where there is none.
#[must_use]
pub fn dialect_by_name(name: &str) -> Option<Box<dyn Dialect>> {
    match name {
        Zammad::NAME => Some(Box::new(Zammad::new(&ZammadOptions::default()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_finds_its_dialect() {
        for name in dialect_names() {
            assert_eq!(dialect_by_name(name).unwrap().name(), *name);
        }
        assert!(dialect_by_name("Zammad").is_none());
    }
}
