//! What only AWS knows: short-lived passwords of RDS databases, secrets, topics, and a place for
//! numbers.
//!
//! Knows neither store nor mirror: the program hands one to the other.

mod account;
mod cloudwatch;
mod credentials;
mod error;
mod rds;
mod secrets;
mod sns_message;
mod topic;

pub use cloudwatch::{CloudWatch, Datum, Unit};
pub use credentials::{RdsTokens, Region};
pub use error::CloudError;
pub use rds::{Keys, RdsLogin, RdsToken};
pub use secrets::SecretRef;
pub use sns_message::{SnsFault, SnsKind, SnsMessage};
pub use topic::{Notice, Topic, TopicArn};
