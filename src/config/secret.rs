//! RPC endpoints, which may carry a key or refer to one.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, fs};
use tidegauge_chain::SecretUrl;

/// An endpoint of the configuration: a URL, `env:NAME` or `file:PATH`; never printed with its key.
#[derive(Clone)]
pub(crate) struct Endpoint(pub(crate) SecretUrl);

impl Endpoint {
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
        value.trim().parse().map(Self).map_err(|e| {
            format!("{from} is no RPC endpoint ({e}): write http://HOST:PORT or https://HOST/PATH")
        })
    }
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::read(&String::deserialize(d)?).map_err(serde::de::Error::custom)
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
