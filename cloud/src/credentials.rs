//! Credentials as AWS hands them out: the environment, profiles, web identity, containers, and the
//! machine's own role, in this order.

use crate::{
    error::{CloudError, causes},
    rds::{Keys, RdsLogin, RdsToken},
};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, error::CredentialsError,
};
use std::{
    fmt,
    time::{Duration, SystemTime},
};
use tokio::sync::{Mutex, OnceCell};

/// How long credentials may take. Less than a connection may take as a whole, so that the error
/// says what took so long.
const DEADLINE: Duration = Duration::from_secs(4);

/// Credentials are used no closer to their end than this: a token ends with them.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// Credentials without an end are asked for again after this, since they may have been replaced.
const REFRESH: Duration = Duration::from_secs(10 * 60);

/// Largest number of characters in a region's name, as AWS has them.
const MAX_REGION: usize = 32;

/// An AWS region, such as `eu-west-1`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region(String);

impl Region {
    /// A region's name, if it looks like one.
    pub fn new(name: &str) -> Option<Self> {
        let plain = name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        (plain && name.contains('-') && name.len() <= MAX_REGION).then(|| Self(name.to_owned()))
    }

    /// The region in an RDS endpoint's name: `NAME.ID.REGION.rds.amazonaws.com`, or `.com.cn`.
    pub fn of(host: &str) -> Option<Self> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let host = host.strip_suffix(".cn").unwrap_or(host);
        let (_, region) = host.strip_suffix(".rds.amazonaws.com")?.rsplit_once('.')?;
        Self::new(region)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes tokens: a fresh one for each connection, from credentials that are kept while they last.
pub struct RdsTokens {
    region: Option<Region>,
    provider: OnceCell<SharedCredentialsProvider>,
    kept: Mutex<Option<Kept>>,
}

/// Credentials, and until when they are used.
struct Kept {
    keys: Keys,
    until: SystemTime,
}

impl RdsTokens {
    /// From the environment's credentials, looked up when first needed; the region is this one, or
    /// the one in the host's name.
    pub fn new(region: Option<Region>) -> Self {
        Self {
            region,
            provider: OnceCell::new(),
            kept: Mutex::new(None),
        }
    }

    /// From this provider of credentials.
    pub fn with_provider(
        region: Option<Region>,
        provider: impl ProvideCredentials + 'static,
    ) -> Self {
        Self {
            provider: OnceCell::new_with(Some(SharedCredentialsProvider::new(provider))),
            ..Self::new(region)
        }
    }

    /// A token for one connection.
    ///
    /// # Errors
    /// [`CloudError`]; its class says whether to try again.
    pub async fn token(&self, login: &RdsLogin, now: SystemTime) -> Result<RdsToken, CloudError> {
        let region = self
            .region
            .clone()
            .or_else(|| Region::of(&login.host))
            .ok_or_else(|| CloudError::NoRegion {
                host: login.host.clone(),
            })?;
        let keys = self.keys(now).await?;
        RdsToken::sign(login, &keys, &region.0, now)
    }

    async fn keys(&self, now: SystemTime) -> Result<Keys, CloudError> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| now < kept.until) {
            return Ok(kept.keys.clone());
        }
        let asked = tokio::time::timeout(DEADLINE, async {
            let provider = self.provider.get_or_try_init(environment).await?;
            provider.provide_credentials().await.map_err(explain)
        });
        let credentials = match asked.await {
            Ok(result) => result?,
            Err(_) => {
                return Err(CloudError::Unavailable {
                    message: format!("no answer within {DEADLINE:?}"),
                });
            }
        };
        let until = match credentials.expiry() {
            Some(end) => end.checked_sub(MARGIN).unwrap_or(now).min(now + REFRESH),
            None => now + REFRESH,
        };
        let keys = Keys(credentials);
        *kept = Some(Kept {
            keys: keys.clone(),
            until,
        });
        Ok(keys)
    }
}

impl fmt::Debug for RdsTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RdsTokens")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

async fn environment() -> Result<SharedCredentialsProvider, CloudError> {
    let config: SdkConfig = aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await;
    config
        .credentials_provider()
        .ok_or_else(|| CloudError::NoCredentials {
            message: "none are configured".to_owned(),
        })
}

fn explain(error: CredentialsError) -> CloudError {
    let message = causes(&error);
    match error {
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) => {
            CloudError::NoCredentials { message }
        }
        _ => CloudError::Unavailable { message },
    }
}
