//! Tests of the cloud crate: tokens are those that AWS's own tools make, credentials are fresh,
//! messages are AWS's.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod credentials;
mod sns_messages;
mod tokens;
