//! Values that other crates read from and show as text.

use serde::{Deserialize, Deserializer, Serializer, de};
use std::{fmt, str::FromStr};
use tidegauge_chain::Method;

/// Shows a value by its own `Display`.
pub(super) fn serialize<S: Serializer>(value: &impl fmt::Display, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(value)
}

/// Reads a value by its own `FromStr`.
pub(super) fn deserialize<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    d: D,
) -> Result<T, D::Error> {
    String::deserialize(d)?.parse().map_err(de::Error::custom)
}

/// `chain.method`: a method, or `auto` (by what `features.user` needs).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MethodChoice(pub(crate) Option<Method>);

impl fmt::Display for MethodChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(method) => fmt::Display::fmt(&method, f),
            None => f.write_str("auto"),
        }
    }
}

impl FromStr for MethodChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self(None)),
            method => method
                .parse()
                .map(|m| Self(Some(m)))
                .map_err(|e| format!("{e}, or \"auto\"")),
        }
    }
}
