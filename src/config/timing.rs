//! Lengths of time, as `30s`, `30m`, `12h`, `7d` or `4w`.

use crate::span;
use std::{fmt, str::FromStr, time::Duration};

/// A length of time, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period(u64);

impl Period {
    pub(crate) const fn minutes(count: u64) -> Self {
        Self(count * 60)
    }

    pub(crate) const fn hours(count: u64) -> Self {
        Self(count * 3_600)
    }

    pub(crate) fn get(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(60) {
            f.write_str(&span::age_text(self.0))
        } else {
            write!(f, "{}s", self.0)
        }
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = text
            .strip_suffix('s')
            .and_then(|count| count.parse().ok())
            .filter(|seconds| (1..60).contains(seconds));
        seconds
            .or_else(|| span::age(text))
            .map(Self)
            .ok_or_else(|| {
                format!(
                    "`{}` is no length of time: write 30s, 30m, 12h, 7d or 4w",
                    text.escape_debug()
                )
            })
    }
}

/// A value, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Off<T>(pub(crate) Option<T>);

impl<T: fmt::Display> fmt::Display for Off<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => fmt::Display::fmt(value, f),
            None => f.write_str("off"),
        }
    }
}

impl<T: FromStr<Err: fmt::Display>> FromStr for Off<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self(None)),
            text => text
                .parse()
                .map(|value| Self(Some(value)))
                .map_err(|e| format!("{e}, or \"off\"")),
        }
    }
}
