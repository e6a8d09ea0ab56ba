//! `token`: a bearer token for the HTTP API.

use crate::access::{Scope, fresh};
use crate::error::Error;

/// Prints a new token and the line that makes it known; nothing keeps the token itself.
pub(super) fn token(name: &str, scopes: &[Scope], json: bool) -> Result<(), Error> {
    let (secret, line) = fresh(name, scopes).map_err(Error::Usage)?;
    if json {
        let both = serde_json::json!({"token": secret, "config": line.to_string()});
        println!("{both}");
    } else {
        println!("Token, shown only now: {secret}");
        println!("For api.tokens in config.toml: \"{line}\"");
        println!("Its owner sends: Authorization: Bearer {secret}");
    }
    Ok(())
}
