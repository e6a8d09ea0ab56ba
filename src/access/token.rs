//! Bearer tokens, known by their digests.

use super::scope::Scope;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use subtle::ConstantTimeEq;

/// Random bytes of a token.
const SECRET_BYTES: usize = 32;
/// What a token begins with, so that people and scanners know it.
const PREFIX: &str = "tg_";
const SCHEME: &[u8] = b"bearer ";

/// A token as the configuration has it: `NAME:SCOPES:SHA256`, scopes joined by `+`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    name: String,
    scopes: Vec<Scope>,
    digest: [u8; 32],
}

/// A new token: what its owner sends, and what the configuration keeps.
///
/// # Errors
/// If the name is none.
pub(crate) fn fresh(name: &str, scopes: &[Scope]) -> Result<(String, Token), String> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|e| format!("the system gives no random bytes: {e}"))?;
    let secret = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
    let token = Token {
        name: checked(name)?,
        scopes: scopes.to_vec(),
        digest: Sha256::digest(&secret).into(),
    };
    Ok((secret, token))
}

fn checked(name: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(is_plain) {
        Ok(name.to_owned())
    } else {
        Err("a token's name has 1 to 64 letters, digits, -, _ or .".to_owned())
    }
}

impl Token {
    /// Whether it allows that.
    pub(crate) fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }
}

impl FromStr for Token {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The text is not repeated: somebody may have put the secret itself there.
        let form = || "write NAME:SCOPES:SHA256, as tidegauge token prints it".to_owned();
        let mut parts = text.splitn(3, ':');
        let (Some(name), Some(scopes), Some(digest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(form());
        };
        let scopes = scopes
            .split('+')
            .map(|name| {
                Scope::named(name).ok_or_else(|| {
                    "a scope is read, write or admin, several joined by +".to_owned()
                })
            })
            .collect::<Result<_, _>>()?;
        let digest: tidegauge_model::B256 = digest.parse().map_err(|_| form())?;
        Ok(Self {
            name: checked(name)?,
            scopes,
            digest: digest.0,
        })
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scopes: Vec<_> = self.scopes.iter().map(|scope| scope.name()).collect();
        let digest = tidegauge_model::B256::from(self.digest);
        write!(f, "{}:{}:{:x}", self.name, scopes.join("+"), digest)
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

/// The tokens that are known.
#[derive(Debug)]
pub(crate) struct Tokens(Vec<Token>);

impl Tokens {
    /// These.
    pub(crate) fn new(tokens: Vec<Token>) -> Self {
        Self(tokens)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The token of an `Authorization` header, with its place. Every digest is compared, each in
    /// constant time: how long it takes says nothing.
    pub(crate) fn find(&self, header: &[u8]) -> Option<(usize, &Token)> {
        let (scheme, secret) = header.split_at_checked(SCHEME.len())?;
        if !scheme.eq_ignore_ascii_case(SCHEME) || secret.is_empty() {
            return None;
        }
        let digest: [u8; 32] = Sha256::digest(secret).into();
        let mut found = None;
        for (place, token) in self.0.iter().enumerate() {
            if bool::from(token.digest.ct_eq(&digest)) {
                found = Some((place, token));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_as_it_is_written() {
        let (secret, token) = fresh("quant-1", &[Scope::Read, Scope::Write]).unwrap();
        assert!(secret.starts_with(PREFIX) && secret.len() > 40);
        let text = token.to_string();
        assert!(!text.contains(&secret), "{text}");
        assert_eq!(text.parse::<Token>().unwrap(), token);
        assert_ne!(fresh("quant-1", &[Scope::Read]).unwrap().0, secret);
    }

    #[test]
    fn what_is_no_token_is_refused_without_repeating_it() {
        let digest = "ab".repeat(32);
        for text in [
            "".to_owned(),
            "tg_secret".to_owned(),
            format!("name:all:{digest}"),
            format!("a b:read:{digest}"),
            format!("name:read:{}", &digest[2..]),
            format!(":read:{digest}"),
            format!("name::{digest}"),
        ] {
            let refusal = text.parse::<Token>().unwrap_err();
            assert!(text.is_empty() || !refusal.contains(&text), "{refusal}");
        }
    }
}
