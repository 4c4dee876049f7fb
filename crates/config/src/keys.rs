//! The keys that a table can have.

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, Visitor, value::Error},
    forward_to_deserialize_any,
};

/// The names of the fields of `T`, as they stand in a configuration; none where `T` is no struct.
pub(super) fn keys<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut keys: &'static [&'static str] = &[];
    // It asks for its fields by name and is told that there are none; only the names matter.
    let _ = T::deserialize(Asked(&mut keys));
    keys
}

/// The one of `known` that `key` was most likely meant to be.
pub(super) fn meant<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    let alike = |known: &&str| strsim::jaro_winkler(key, known);
    known.iter().copied().filter(|known| alike(known) > 0.8).max_by(|a, b| alike(a).total_cmp(&alike(b)))
}

struct Asked<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        Err(Error::custom("only asked for its fields"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(Error::custom("only asked for its fields"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similar_key_is_suggested() {
        let known = ["host", "port", "secret_file", "secret_env"];
        assert_eq!(meant("prot", &known), Some("port"));
        assert_eq!(meant("secretfile", &known), Some("secret_file"));
        assert_eq!(meant("colour", &known), None);
    }
}
