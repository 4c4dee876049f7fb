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

/// The value of a setting of a dialect, which may be a secret. No error shows it, whatever type it has.
#[derive(Debug)]
pub(crate) enum RawSetting {
    /// Text.
    Text(SecretString),
    /// A number.
    Number(serde_json::Number),
    /// `true` or `false`.
    Boolean(bool),
    /// Where it is kept: `{ file = "…" }`, `{ env = "…" }` or `{ credential = "…" }`.
    Source {
        /// Which of the three.
        kind: SettingSource,
        /// What that is called.
        name: String,
    },
}

/// Where a setting is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettingSource {
    /// In a file of its own.
    File,
    /// In an environment variable.
    Environment,
    /// In a credential of the systemd unit.
    Credential,
}

impl<'de> Deserialize<'de> for RawSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "expected { file = \"…\" }, { env = \"…\" } or { credential = \"…\" }";

        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = RawSetting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a number, true, false, or where the value is kept: { file = \"…\" }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RawSetting, E> {
                Ok(RawSetting::Text(text.into()))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<RawSetting, E> {
                Ok(RawSetting::Boolean(value))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<RawSetting, E> {
                Ok(RawSetting::Number(value.into()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<RawSetting, E> {
                let number = serde_json::Number::from_f64(value);
                number.map(RawSetting::Number).ok_or_else(|| E::custom("found a number without an end"))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<RawSetting, A::Error> {
                let wrong = || de::Error::custom(format!("found another table, {EXPECTED}"));
                let Some((kind, name)) = map.next_entry::<String, String>()? else { return Err(wrong()) };
                let kind = match kind.as_str() {
                    "file" => SettingSource::File,
                    "env" => SettingSource::Environment,
                    "credential" => SettingSource::Credential,
                    _ => return Err(wrong()),
                };
                match map.next_key::<String>()? {
                    None => Ok(RawSetting::Source { kind, name }),
                    Some(_) => Err(wrong()),
                }
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
