//! Endpoints and databases, whose URLs may carry a key or refer to one.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, fs};
use tidegauge_chain::SecretUrl;
use tidegauge_sync::{PostgresUrl, SyncError};

/// An RPC endpoint of the configuration: a URL, `env:NAME` or `file:PATH`; never printed with its key.
pub(crate) type Endpoint = Secret<Rpc>;

/// A WebSocket endpoint of the configuration, written and printed likewise.
pub(crate) type Socket = Secret<WebSocket>;

/// What kind of URL is meant.
pub(crate) trait Kind {
    /// What is read; it shows itself without its secret.
    type Value: Clone + fmt::Display;

    /// Reads it; the error never repeats the text.
    fn parse(text: &str) -> Result<Self::Value, String>;
}

/// `http://` or `https://`.
#[derive(Clone)]
pub(crate) struct Rpc;

impl Kind for Rpc {
    type Value = SecretUrl;

    fn parse(text: &str) -> Result<SecretUrl, String> {
        text.parse().map_err(|e| {
            format!("is no RPC endpoint ({e}): write http://HOST:PORT or https://HOST/PATH")
        })
    }
}

/// `ws://` or `wss://`.
#[derive(Clone)]
pub(crate) struct WebSocket;

impl Kind for WebSocket {
    type Value = SecretUrl;

    fn parse(text: &str) -> Result<SecretUrl, String> {
        SecretUrl::parse_socket(text).map_err(|e| {
            format!("is no WebSocket endpoint ({e}): write ws://HOST:PORT or wss://HOST/PATH")
        })
    }
}

/// `postgres://`.
#[derive(Clone)]
pub(crate) struct Mirror;

impl Kind for Mirror {
    type Value = PostgresUrl;

    fn parse(text: &str) -> Result<PostgresUrl, String> {
        text.parse()
            .map_err(|e: SyncError| format!("is no database ({e})"))
    }
}

/// Any text that nobody is to see.
#[derive(Clone)]
pub(crate) struct Hidden;

/// The text; it shows itself as `***`.
#[derive(Clone)]
pub(crate) struct HiddenText(String);

impl fmt::Display for HiddenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Kind for Hidden {
    type Value = HiddenText;

    fn parse(text: &str) -> Result<HiddenText, String> {
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        Ok(HiddenText(text.to_owned()))
    }
}

impl Secret<Hidden> {
    /// The text itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0.0
    }
}

/// A URL of a kind, or a reference to one.
#[derive(Clone)]
pub(crate) struct Secret<K: Kind>(pub(crate) K::Value);

impl<K: Kind> Secret<K> {
    /// Reads a URL or a reference to one; errors never repeat the value.
    fn read(text: &str) -> Result<Self, String> {
        let (value, from) = if let Some(name) = text.strip_prefix("env:") {
            let value = std::env::var(name)
                .map_err(|_| format!("environment variable {name} is not set"))?;
            (value, format!("environment variable {name}"))
        } else if let Some(path) = text.strip_prefix("file:") {
            let value = fs::read_to_string(path)
                .map_err(|e| format!("cannot read the secret in file {path}: {e}"))?;
            (value, format!("file {path}"))
        } else {
            (text.to_owned(), "the value given".to_owned())
        };
        K::parse(value.trim())
            .map(Self)
            .map_err(|problem| format!("{from} {problem}"))
    }
}

impl<K: Kind> PartialEq for Secret<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl<K: Kind> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<K: Kind> Serialize for Secret<K> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Secret<K> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::read(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

/// One that may be absent, which is written as an empty text.
pub(super) mod optional {
    use super::{Kind, Secret};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::config) fn serialize<K: Kind, S: Serializer>(
        value: &Option<Secret<K>>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(secret) => secret.serialize(s),
            None => s.serialize_str(""),
        }
    }

    pub(in crate::config) fn deserialize<'de, K: Kind, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Secret<K>>, D::Error> {
        let text = String::deserialize(d)?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        Secret::read(&text)
            .map(Some)
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_prints_without_its_secret() {
        for url in [
            "https://eth.example/v2/s3cret",
            "https://user:s3cret@eth.example",
            "https://eth.example/?key=s3cret",
        ] {
            let endpoint = Endpoint::read(url).expect("a URL");
            assert!(!format!("{endpoint:?}").contains("s3cret"));
            assert!(
                !serde_json::to_string(&endpoint)
                    .expect("json")
                    .contains("s3cret")
            );
        }
    }

    #[test]
    fn a_database_prints_without_its_password() {
        let url = "postgres://u:s3cret@db.example/d";
        let database = Secret::<Mirror>::read(url).expect("a URL");
        assert_eq!(
            format!("{database:?}"),
            "postgres://u:***@db.example:5432/d"
        );
        for text in ["postgres://u:s3cret@", "http://u:s3cret@h/d", "s3cret"] {
            let error = Secret::<Mirror>::read(text).expect_err("no database");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_refused_endpoint_is_not_repeated() {
        for text in [
            "s3cret",
            "ftp://s3cret",
            "http//s3cret",
            "env:NO_SUCH_VARIABLE_HERE",
            "file:/no/such/file",
        ] {
            let error = Endpoint::read(text).expect_err("not a URL");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
