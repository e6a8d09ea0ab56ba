//! Secrets Manager: texts that a configuration refers to.

use crate::{
    account::{Account, explain},
    credentials::Region,
    error::CloudError,
};
use aws_sdk_secretsmanager::Client;
use std::{fmt, str::FromStr};

/// Longest name or ARN of a secret.
const MOST_NAME: usize = 2_048;

/// Which secret is meant: `NAME`, or `NAME#KEY` for one string of the JSON object that it holds. The
/// name may be an ARN, which says the region too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SecretRef {
    name: String,
    key: Option<String>,
}

impl FromStr for SecretRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, key) = match text.split_once('#') {
            Some((name, key)) => (name, Some(key)),
            None => (text, None),
        };
        // What Secrets Manager allows in names, and ARNs.
        let plain = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-:".contains(c);
        let sound = (1..=MOST_NAME).contains(&name.len()) && name.chars().all(plain);
        if !sound || key == Some("") {
            return Err(
                "is no reference to a secret: write aws-sm:NAME or aws-sm:NAME#KEY".to_owned(),
            );
        }
        Ok(Self {
            name: name.to_owned(),
            key: key.map(str::to_owned),
        })
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.key {
            Some(key) => write!(f, "#{key}"),
            None => Ok(()),
        }
    }
}

impl SecretRef {
    /// The text that it refers to now, with credentials of the environment.
    ///
    /// # Errors
    /// [`CloudError`], which never repeats what the secret holds.
    pub async fn read(&self) -> Result<String, CloudError> {
        let account = Account::new(self.region());
        let client = Client::new(account.config().await?);
        let answer = client.get_secret_value().secret_id(&self.name).send().await;
        let answer = answer.map_err(|e| explain("secretsmanager:GetSecretValue", &e))?;
        let refused = |problem: String| CloudError::Secret {
            name: self.name.clone(),
            problem,
        };
        let text = answer
            .secret_string()
            .ok_or_else(|| refused("holds bytes, not text".to_owned()))?;
        let Some(key) = &self.key else {
            return Ok(text.to_owned());
        };
        let object: serde_json::Value = serde_json::from_str(text)
            .map_err(|_| refused(format!("is no JSON object, and so has no key `{key}`")))?;
        match object.get(key) {
            Some(serde_json::Value::String(text)) => Ok(text.clone()),
            // Ports, say.
            Some(serde_json::Value::Number(number)) => Ok(number.to_string()),
            Some(_) => Err(refused(format!("has no text at key `{key}`"))),
            None => Err(refused(format!("has no key `{key}`"))),
        }
    }

    fn region(&self) -> Option<Region> {
        match self.name.split(':').collect::<Vec<_>>().as_slice() {
            ["arn", _, "secretsmanager", region, ..] => Region::new(region),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn references_are_names_with_or_without_a_key() {
        for text in [
            "rpc",
            "prod/db#password",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf#url",
        ] {
            assert_eq!(text.parse::<SecretRef>().unwrap().to_string(), text);
        }
        for text in ["", "#key", "name#", "a name", "a\nb"] {
            assert!(text.parse::<SecretRef>().is_err(), "{text:?}");
        }
        let region = |text: &str| text.parse::<SecretRef>().unwrap().region();
        assert_eq!(
            region("arn:aws:secretsmanager:eu-west-1:1:secret:db"),
            Region::new("eu-west-1")
        );
        assert_eq!(region("db"), None);
    }
}
