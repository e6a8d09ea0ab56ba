//! A client of the bucket: credentials, region, TLS, and none of the SDK's own patience.

use super::settings::{AccessKey, BucketSettings};
use crate::error::ObjectError;
use aws_config::BehaviorVersion;
use aws_sdk_s3::{
    Client,
    config::{
        Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
        SharedHttpClient, StalledStreamProtectionConfig, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use std::time::Duration;

/// Connections idle for longer are not used again. Servers end theirs after 5 s and more, and a
/// request on one that is dead would wait for its whole deadline.
const IDLE: Duration = Duration::from_secs(4);

/// Largest file of certificates, in bytes: the world's authorities fit in a quarter of it.
const MOST_CA_BYTES: u64 = 1 << 20;

/// How long the environment may take to say region and credentials' sources.
const ENVIRONMENT: Duration = Duration::from_secs(10);

/// Where a server of its own asks for no region, this is what it expects.
const NO_REGION: &str = "us-east-1";

/// Makes the client; asks the bucket nothing.
pub(super) async fn connect(settings: &BucketSettings) -> Result<Client, ObjectError> {
    let version = BehaviorVersion::v2026_01_12();
    let region = settings.region.clone().map(Region::new);
    let region = match (&settings.endpoint, region) {
        (Some(_), None) if settings.access_key.is_some() => Some(Region::from_static(NO_REGION)),
        (_, region) => region,
    };
    let mut builder = match (&settings.access_key, region) {
        (Some(key), Some(region)) => Builder::new()
            .region(region)
            .credentials_provider(credentials(key)),
        (key, region) => {
            let environment = environment(settings, region, version).await?;
            let builder = aws_sdk_s3::config::Builder::from(&environment);
            match key {
                Some(key) => builder.credentials_provider(credentials(key)),
                None => builder,
            }
        }
    };
    builder = builder
        .behavior_version(version)
        .http_client(http_client(settings)?)
        .force_path_style(settings.path_style)
        // Deadlines, stalls and retries are ours (`super::patience`, `super::outgoing`): what is
        // done twice is done differently twice.
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(settings.deadlines.connect)
                .disable_read_timeout()
                .disable_operation_timeout()
                .disable_operation_attempt_timeout()
                .build(),
        )
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        // SHA-256 goes along with every object and is compared on the way back; the SDK's own
        // trailing CRC32 is what other servers do not know.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.endpoint_url(endpoint.as_str());
    }
    Ok(Client::from_conf(builder.build()))
}

fn credentials(key: &AccessKey) -> Credentials {
    let session = key.session.as_ref().map(|s| s.reveal().to_owned());
    Credentials::new(key.id.clone(), key.secret.reveal(), session, None, "given")
}

/// The environment's region and sources of credentials.
async fn environment(
    settings: &BucketSettings,
    region: Option<Region>,
    version: BehaviorVersion,
) -> Result<aws_config::SdkConfig, ObjectError> {
    let mut loader = aws_config::defaults(version);
    if let Some(region) = region {
        loader = loader.region(region);
    }
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    let refuse =
        |message: String| ObjectError::Settings(format!("bucket {}: {message}", settings.bucket));
    let config = tokio::time::timeout(ENVIRONMENT, loader.load())
        .await
        .map_err(|_| refuse(format!("the environment's credentials and region were not to be had within {ENVIRONMENT:?}: set the region")))?;
    match config.region() {
        Some(_) => Ok(config),
        None if settings.endpoint.is_some() => Ok(config
            .into_builder()
            .region(Region::from_static(NO_REGION))
            .build()),
        None => Err(refuse(
            "its region is not known: set it, or AWS_REGION".to_owned(),
        )),
    }
}

fn http_client(settings: &BucketSettings) -> Result<SharedHttpClient, ObjectError> {
    let mut trusted = TrustStore::default();
    if let Some(path) = &settings.ca_file {
        let refuse = |why: String| {
            ObjectError::Settings(format!("the certificates in {}: {why}", path.display()))
        };
        let length = path.metadata().map_err(|e| refuse(e.to_string()))?.len();
        if length > MOST_CA_BYTES {
            return Err(refuse(format!(
                "{length} bytes are too many for certificates"
            )));
        }
        let pem = std::fs::read(path).map_err(|e| refuse(e.to_string()))?;
        // The SDK panics on what is no certificate.
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|e| refuse(e.to_string()))?;
            roots.add(certificate).map_err(|e| refuse(e.to_string()))?;
        }
        if roots.is_empty() {
            return Err(refuse("there are none, in PEM".to_owned()));
        }
        trusted = trusted.with_pem_certificate(pem);
    }
    let context = TlsContext::builder()
        .with_trust_store(trusted)
        .build()
        .map_err(|e| ObjectError::Settings(format!("TLS: {e}")))?;
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .pool_idle_timeout(IDLE)
        .build_https())
}
