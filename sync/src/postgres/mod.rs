//! Postgres, behind a wall: nothing outside of here knows sqlx.

mod connect;
mod copy;

pub use connect::{
    Auth, Database, Password, PasswordSource, PostgresSettings, PostgresUrl, Server, TlsMode,
};
pub use copy::{CopyBuffer, CopyRow};
