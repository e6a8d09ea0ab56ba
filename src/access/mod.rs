//! Who may do what: scopes, and the tokens that carry them.

mod scope;
mod token;

pub(crate) use scope::Scope;
pub(crate) use token::{Token, Tokens, fresh};
