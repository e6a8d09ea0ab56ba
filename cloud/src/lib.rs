//! What only AWS knows: short-lived passwords of RDS databases.
//!
//! Knows neither sqlx nor the mirror: the program hands one to the other.

mod credentials;
mod error;
mod rds;

pub use credentials::{RdsTokens, Region};
pub use error::CloudError;
pub use rds::{Keys, RdsLogin, RdsToken};
