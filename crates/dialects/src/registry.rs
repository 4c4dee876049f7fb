//! The dialects by name.

use crate::{
    dialect::Dialect,
    template::shipped_example,
    zammad::{Zammad, options::ZammadOptions},
};

/// The names of the dialects that are code, as they stand in a configuration and on the command line. The others are
/// files: [`shipped_names`](crate::shipped_names).
#[must_use]
pub fn dialect_names() -> &'static [&'static str] {
    &[Zammad::NAME]
}

/// The dialect called `name`, with its default options or with those of its examples; `None` where there is none.
#[must_use]
pub fn dialect_by_name(name: &str) -> Option<Box<dyn Dialect>> {
    match name {
        Zammad::NAME => Some(Box::new(Zammad::new(&ZammadOptions::default()))),
        name => Some(Box::new(shipped_example(name)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::shipped_names;

    #[test]
    fn each_name_finds_its_dialect() {
        for name in dialect_names().iter().copied().chain(shipped_names()) {
            assert_eq!(dialect_by_name(name).unwrap().name(), name);
        }
        assert!(dialect_by_name("Zammad").is_none());
    }
}
