//! Endpoints, databases and keys: what nobody is to see, or a reference to it.

use super::reference;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use tidegauge_chain::SecretUrl;
use tidegauge_cloud::SecretRef;
use tidegauge_sync::{PostgresUrl, SyncError};

/// An RPC endpoint of the configuration: a URL or a reference to one; never printed with its key.
pub(crate) type Endpoint = Secret<Rpc>;

/// A WebSocket endpoint of the configuration, written and printed likewise.
pub(crate) type Socket = Secret<WebSocket>;

/// What kind of URL is meant.
pub(crate) trait Kind {
    /// What is read; it shows itself without its secret.
    type Value: Clone + PartialEq + fmt::Display;

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
#[derive(Clone, PartialEq)]
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
        &self.value.0
    }
}

/// A value of a kind, or what a reference to one led to.
#[derive(Clone)]
pub(crate) struct Secret<K: Kind> {
    pub(crate) value: K::Value,
    /// Where it can be read again when it has been replaced.
    pub(super) managed: Option<SecretRef>,
}

impl<K: Kind> Secret<K> {
    /// Reads a value or a reference to one; errors never repeat the value.
    fn read(text: &str) -> Result<Self, String> {
        let found = reference::follow(text)?;
        match K::parse(found.value.trim()) {
            Ok(value) => Ok(Self {
                value,
                managed: found.managed,
            }),
            Err(problem) => Err(format!("{} {problem}", found.place)),
        }
    }
}

impl<K: Kind> PartialEq for Secret<K> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<K: Kind> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}

impl<K: Kind> Serialize for Secret<K> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.value)
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
            "aws-sm:",
            "file:/no/such/file",
        ] {
            let error = Endpoint::read(text).expect_err("not a URL");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
