//! How the finalized height of a chain is known.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// How the finalized height is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finality {
    /// By the endpoint's `finalized` tag.
    #[default]
    Tag,
    /// This many blocks behind the head.
    Depth(u64),
}

/// A text that is no finality.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is not a finality: `tag`, or `depth:N` with N in blocks")]
pub struct FinalityError(String);

impl FromStr for Finality {
    type Err = FinalityError;

    fn from_str(text: &str) -> Result<Self, FinalityError> {
        if text == "tag" {
            return Ok(Self::Tag);
        }
        text.strip_prefix("depth:")
            .and_then(|depth| depth.parse().ok())
            .map(Self::Depth)
            .ok_or_else(|| FinalityError(text.to_owned()))
    }
}

impl fmt::Display for Finality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag => f.write_str("tag"),
            Self::Depth(blocks) => write!(f, "depth:{blocks}"),
        }
    }
}

impl Serialize for Finality {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Finality {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finality_reads_back_as_shown() {
        for (text, finality) in [
            ("tag", Some(Finality::Tag)),
            ("depth:256", Some(Finality::Depth(256))),
            ("depth:", None),
            ("depth:-1", None),
            ("Tag", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), finality, "{text}");
            if let Some(finality) = finality {
                assert_eq!(finality.to_string(), text);
            }
        }
    }
}
