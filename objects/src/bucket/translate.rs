//! The server's and the line's errors in our words.

use crate::failure::{Act, ObjectCause, ObjectFailure};
use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use std::{error::Error, io};

/// Longest message of a server that is repeated, in characters.
const MOST_MESSAGE: usize = 400;

/// An error of the SDK.
pub(super) type Fault<E> = SdkError<E, HttpResponse>;

/// The HTTP status of the answer, if there was one.
pub(super) fn status<E>(fault: &Fault<E>) -> Option<u16> {
    fault.raw_response().map(|r| r.status().as_u16())
}

/// Whether the server said yes, and no error, in words that nobody understands.
pub(super) fn is_success<E: ProvideErrorMetadata>(fault: &Fault<E>) -> bool {
    fault.code().is_none() && status(fault).is_some_and(|status| (200..300).contains(&status))
}

/// Whether the condition of a write did not hold.
pub(super) fn is_unmet<E: ProvideErrorMetadata>(fault: &Fault<E>) -> bool {
    status(fault) == Some(412) || fault.code() == Some("PreconditionFailed")
}

/// Whether an answer with a body says that the object is not there.
pub(super) fn is_missing<E: ProvideErrorMetadata>(fault: &Fault<E>) -> bool {
    fault.code() == Some("NoSuchKey")
}

/// What failed, and why.
pub(super) fn failure<E>(act: &Act<'_>, fault: &Fault<E>) -> Box<ObjectFailure>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let Some(response) = fault.raw_response() else {
        let (cause, words) = of_the_line(fault);
        return act.failed(cause, shorten(&words));
    };
    let status = response.status().as_u16();
    let code = fault.code().filter(|code| !code.is_empty());
    let cause = code.and_then(of_code).unwrap_or_else(|| of_status(status));
    let mut words = match (fault.message(), fault) {
        (Some(message), _) => message.to_owned(),
        (None, SdkError::ServiceError(_)) if !is_success(fault) => String::new(),
        (None, _) => chain(fault),
    };
    if cause == ObjectCause::WrongRegion
        && let Some(region) = response.headers().get("x-amz-bucket-region")
    {
        words = format!("it is in {region}");
    }
    let mut failure = act.failed(cause, shorten(&words));
    let request = response.headers().get("x-amz-request-id");
    failure.code = Some(match (code, request) {
        (Some(code), Some(request)) => {
            format!("{code}, HTTP {status}, request {}", shorten(request))
        }
        (Some(code), None) => format!("{code}, HTTP {status}"),
        (None, _) => format!("HTTP {status}"),
    });
    failure
}

/// The cause behind a code of S3, or of those that speak like it.
fn of_code(code: &str) -> Option<ObjectCause> {
    Some(match code {
        "NoSuchBucket" => ObjectCause::NoBucket,
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" => ObjectCause::Denied,
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => ObjectCause::WrongRegion,
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
            ObjectCause::ExpiredCredentials
        }
        "RequestTimeTooSkewed" | "RequestExpired" => ObjectCause::ClockSkew,
        "InvalidAccessKeyId" | "InvalidToken" | "NotSignedUp" | "UnrecognizedClientException" => {
            ObjectCause::UnknownKey
        }
        "SignatureDoesNotMatch" => ObjectCause::WrongSecret,
        "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "BandwidthLimitExceeded"
        | "SlowDownRead"
        | "SlowDownWrite" => ObjectCause::SlowDown,
        "InternalError" | "ServiceUnavailable" => ObjectCause::Server,
        "RequestTimeout" => ObjectCause::Deadline,
        "BadDigest"
        | "InvalidDigest"
        | "XAmzContentSHA256Mismatch"
        | "XAmzContentChecksumMismatch"
        | "IncompleteBody" => ObjectCause::Garbled,
        "ConditionalRequestConflict" | "OperationAborted" => ObjectCause::Conflict,
        "InvalidObjectState" => ObjectCause::Archived,
        "NotImplemented" | "MethodNotAllowed" => ObjectCause::Unsupported,
        "InsufficientStorage"
        | "StorageFull"
        | "XMinioStorageFull"
        | "QuotaExceeded"
        | "XMinioAdminBucketQuotaExceeded" => ObjectCause::ServerFull,
        _ if code.starts_with("KMS.") || code.starts_with("Kms") => ObjectCause::EncryptionKey,
        _ => return None,
    })
}

/// The cause behind a status without a code that we know: answers to HEAD have no body.
fn of_status(status: u16) -> ObjectCause {
    match status {
        301 | 307 => ObjectCause::WrongRegion,
        401 | 403 => ObjectCause::Denied,
        408 => ObjectCause::Deadline,
        429 => ObjectCause::SlowDown,
        501 => ObjectCause::Unsupported,
        507 => ObjectCause::ServerFull,
        500.. => ObjectCause::Server,
        _ => ObjectCause::Other,
    }
}

/// The cause where no answer came, and in whose words.
fn of_the_line<E>(fault: &Fault<E>) -> (ObjectCause, String)
where
    E: Error + 'static,
{
    let words = chain(fault);
    let says = |part: &str| words.contains(part);
    let cause = if says("no providers in chain") || says("no credentials") {
        ObjectCause::NoCredentials
    } else if says("credential") || says("identity") {
        ObjectCause::CredentialsUnavailable
    } else if says("certificate") || says("TLS") || says("received corrupt message") {
        ObjectCause::Tls
    } else if says("dns error") || says("failed to lookup address") {
        ObjectCause::UnknownHost
    } else if kinds(fault).any(|kind| kind == io::ErrorKind::ConnectionRefused) {
        ObjectCause::Unreachable
    } else {
        match fault {
            SdkError::TimeoutError(_) => ObjectCause::Deadline,
            SdkError::DispatchFailure(e) if e.is_timeout() => ObjectCause::Deadline,
            SdkError::ConstructionFailure(_) => ObjectCause::Other,
            _ => ObjectCause::Lost,
        }
    };
    (cause, words)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

fn kinds<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = io::ErrorKind> + 'a {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>().map(io::Error::kind))
}

/// The whole chain of causes: the SDK's own text says only that something went wrong.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut words = String::new();
    for cause in causes(error) {
        let next = cause.to_string();
        // Some repeat what stands behind them.
        if !words.contains(&next) {
            if !words.is_empty() {
                words.push_str(": ");
            }
            words.push_str(&next);
        }
    }
    words
}

/// What others say, bounded and on one line.
fn shorten(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars()
        .filter(|c| !c.is_control())
        .take(MOST_MESSAGE)
        .collect()
}
