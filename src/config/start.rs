//! Where a new store begins.

use crate::span::{self, Moment};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// `chain.start`: a block number, a day, an age, or the factory's deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// The block at which the chain's factory was deployed.
    Factory,
    /// A block, a day or an age.
    At(Moment),
}

impl Default for Start {
    /// A week: enough for every rolling window, small enough to begin with.
    fn default() -> Self {
        Self::At(Moment::SecondsAgo(7 * 86_400))
    }
}

impl Start {
    fn read(text: &str) -> Result<Self, String> {
        if text == "factory" {
            return Ok(Self::Factory);
        }
        span::moment(text)
            .map(Self::At)
            .ok_or_else(|| format!("`{text}` is no place to start: write a block number, a day (2024-01-05), an age (30d) or \"factory\""))
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Factory => f.write_str("factory"),
            Self::At(moment) => fmt::Display::fmt(moment, f),
        }
    }
}

impl Serialize for Start {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Start {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Reader;
        impl de::Visitor<'_> for Reader {
            type Value = Start;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a block number, a day, an age or \"factory\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Start, E> {
                Start::read(text).map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Start, E> {
                Start::read(&number.to_string()).map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Start, E> {
                Start::read(&number.to_string()).map_err(E::custom)
            }
        }
        d.deserialize_any(Reader)
    }
}
