//! Values that may be written in more than one way, or must not be shown.

use std::{fmt, ops::Range};

use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};
use toml::Spanned;

/// Text, or a list of texts.
#[derive(Debug)]
pub(crate) struct Words {
    /// Where the list begins.
    pub(crate) span: Range<usize>,
    /// The texts, each with its place.
    pub(crate) words: Vec<Spanned<String>>,
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Spanned::<OneOrMany>::deserialize(deserializer)?;
        let span = value.span();
        let words = match value.into_inner() {
            OneOrMany::One(word) => vec![Spanned::new(span.clone(), word)],
            OneOrMany::Many(words) => words,
        };
        Ok(Self { span, words })
    }
}

enum OneOrMany {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text in quotes, or a list of texts")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(word.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element()? {
                    words.push(word);
                }
                Ok(OneOrMany::Many(words))
            }
        }

        deserializer.deserialize_any(Read)
    }
}

/// A secret that stands in the configuration itself. No error shows it, whatever type it has.
#[derive(Debug)]
pub(crate) struct RawSecret(pub(crate) SecretString);

impl<'de> Deserialize<'de> for RawSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = RawSecret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text in quotes")
            }

            fn visit_str<E: de::Error>(self, secret: &str) -> Result<RawSecret, E> {
                Ok(RawSecret(secret.into()))
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<RawSecret, E> {
                Err(not_text())
            }

            fn visit_i64<E: de::Error>(self, _: i64) -> Result<RawSecret, E> {
                Err(not_text())
            }

            fn visit_u64<E: de::Error>(self, _: u64) -> Result<RawSecret, E> {
                Err(not_text())
            }

            fn visit_i128<E: de::Error>(self, _: i128) -> Result<RawSecret, E> {
                Err(not_text())
            }

            fn visit_u128<E: de::Error>(self, _: u128) -> Result<RawSecret, E> {
                Err(not_text())
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<RawSecret, E> {
                Err(not_text())
            }
        }

        fn not_text<E: de::Error>() -> E {
            E::custom("found a value of another type, expected text in quotes")
        }

        deserializer.deserialize_any(Read)
    }
}
