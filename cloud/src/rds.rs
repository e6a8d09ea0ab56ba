//! An RDS authentication token: a request to connect, signed (SigV4) and not sent, as a password.

use crate::error::CloudError;
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign as sign_request,
    },
    sign::v4,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// How long a token admits new connections; AWS allows no more. One is made for each connection,
/// so that none is ever near its end.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// What SigV4 leaves as it is: RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Who wants to connect to which database.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RdsLogin {
    /// The instance's or cluster's own endpoint: a token for another name of it is refused.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database's user, who has been granted `rds_iam`.
    pub user: String,
}

/// AWS credentials, with the end of temporary ones; prints no secret.
#[derive(Clone, Debug)]
pub struct Keys(pub(crate) Credentials);

impl Keys {
    /// A key's id and secret, and the session token of temporary ones.
    pub fn new([id, secret]: [&str; 2], session: Option<&str>) -> Self {
        let session = session.map(str::to_owned);
        Self(Credentials::new(id, secret, session, None, "given"))
    }
}

/// The token; printed as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct RdsToken(String);

impl RdsToken {
    /// Signs one, valid for a quarter of an hour from `now`.
    ///
    /// # Errors
    /// [`CloudError::Unsigned`].
    pub fn sign(
        login: &RdsLogin,
        keys: &Keys,
        region: &str,
        now: SystemTime,
    ) -> Result<Self, CloudError> {
        let unsigned = |message: String| CloudError::Unsigned {
            host: login.host.clone(),
            message,
        };
        let place = format!("{}:{}", login.host, login.port);
        let user = utf8_percent_encode(&login.user, RESERVED);
        let request = format!("/?Action=connect&DBUser={user}");
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(LIFETIME);
        let identity = keys.0.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("rds-db")
            .time(now)
            .settings(settings)
            .build()
            .map_err(|e| unsigned(e.to_string()))?;
        let signable = SignableRequest::new(
            "GET",
            format!("https://{place}{request}"),
            std::iter::empty(),
            SignableBody::Bytes(&[]),
        )
        .map_err(|e| unsigned(e.to_string()))?;
        let (signed, _) = sign_request(signable, &params.into())
            .map_err(|e| unsigned(e.to_string()))?
            .into_parts();
        let mut token = place + &request;
        for (name, value) in signed.params() {
            token.push('&');
            token.push_str(name);
            token.push('=');
            token.extend(utf8_percent_encode(value, RESERVED));
        }
        Ok(Self(token))
    }

    /// The password itself, for the database alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RdsToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
