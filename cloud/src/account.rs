//! How AWS's services are reached: region, credentials, deadlines; looked up when first needed.

use crate::{
    credentials::Region,
    error::{CloudError, causes},
};
use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sns::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use std::{error::Error, time::Duration};
use tidegauge_model::ErrorClass;
use tokio::sync::OnceCell;

/// How long the environment may take to say region and credentials' sources.
const ENVIRONMENT: Duration = Duration::from_secs(10);

/// How long a service may take to answer one question.
const ANSWER: Duration = Duration::from_secs(15);

/// Where services are asked, from the environment: `AWS_REGION`, `AWS_PROFILE`,
/// `AWS_ENDPOINT_URL` and what else AWS's own tools read.
#[derive(Debug, Default)]
pub(crate) struct Account {
    region: Option<Region>,
    config: OnceCell<SdkConfig>,
}

impl Account {
    /// In this region, or in the environment's.
    pub(crate) fn new(region: Option<Region>) -> Self {
        Self {
            region,
            config: OnceCell::new(),
        }
    }

    /// Read once; what fails is read again.
    pub(crate) async fn config(&self) -> Result<&SdkConfig, CloudError> {
        self.config.get_or_try_init(|| self.load()).await
    }

    async fn load(&self) -> Result<SdkConfig, CloudError> {
        let deadlines = TimeoutConfig::builder().operation_timeout(ANSWER).build();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            // Who asks tries again, and knows when to stop.
            .retry_config(RetryConfig::disabled())
            .timeout_config(deadlines);
        if let Some(region) = &self.region {
            loader = loader.region(aws_config::Region::new(region.to_string()));
        }
        let config = tokio::time::timeout(ENVIRONMENT, loader.load())
            .await
            .map_err(|_| CloudError::Unavailable {
                message: format!(
                    "region and credentials were not to be had within {ENVIRONMENT:?}"
                ),
            })?;
        match config.region() {
            Some(_) => Ok(config),
            None => Err(CloudError::NoPlace),
        }
    }
}

/// What a service said to a call, with all causes, and whether to ask again.
pub(crate) fn explain<E>(call: &'static str, error: &SdkError<E, HttpResponse>) -> CloudError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let class = match error {
        SdkError::ServiceError(said) => {
            let status = said.raw().status().as_u16();
            let slower = said
                .err()
                .code()
                .is_some_and(|code| code.contains("Throttl"));
            match status >= 500 || status == 429 || slower {
                true => ErrorClass::Transient,
                // A wrong name, no permission, a wrong key.
                false => ErrorClass::Refused,
            }
        }
        _ => ErrorClass::Transient,
    };
    CloudError::Service {
        call,
        message: causes(error),
        class,
    }
}
