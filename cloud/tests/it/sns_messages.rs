//! Messages of SNS: those that the certificate's key signed are taken, and no others.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SigningKey};
use serde_json::{Value, json};
use tidegauge_cloud::{SnsKind, SnsMessage};

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:alerts";
const HOST: &str = "https://sns.eu-west-1.amazonaws.com";

struct Aws {
    key: KeyPair,
    certificate: String,
}

impl Aws {
    fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let params = CertificateParams::new(vec!["sns.amazonaws.com".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { key, certificate }
    }

    /// Signs it as AWS's documentation says, over these members.
    fn sign(&self, message: &mut Value, members: &[&str]) {
        let text: String = members
            .iter()
            .map(|name| format!("{name}\n{}\n", message[name].as_str().unwrap()))
            .collect();
        let signature = self.key.sign(text.as_bytes()).unwrap();
        message["Signature"] = STANDARD.encode(signature).into();
    }
}

fn notification() -> Value {
    json!({
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": "Disk",
        "Message": "the disk of db-1\nis full",
        "Timestamp": "2024-01-06T00:13:20.123Z",
        "SignatureVersion": "2",
        "SigningCertURL": format!("{HOST}/SimpleNotificationService-0123.pem"),
        "UnsubscribeURL": format!("{HOST}/?Action=Unsubscribe"),
    })
}

const OF_NOTIFICATION: [&str; 6] = [
    "Message",
    "MessageId",
    "Subject",
    "Timestamp",
    "TopicArn",
    "Type",
];

fn read(message: &Value) -> Result<SnsMessage, String> {
    SnsMessage::read(message.to_string().as_bytes()).map_err(|e| e.to_string())
}

#[test]
fn a_notification_is_read_and_proven() {
    let aws = Aws::new();
    let mut message = notification();
    aws.sign(&mut message, &OF_NOTIFICATION);
    let found = read(&message).unwrap();
    found.verify(aws.certificate.as_bytes()).unwrap();
    assert_eq!(found.kind, SnsKind::Notification);
    assert_eq!(found.topic.to_string(), TOPIC);
    assert_eq!(found.subject.as_deref(), Some("Disk"));
    let sent = found.sent_at.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(sent.as_millis(), 1_704_500_000_123);

    // Without a subject, which then is not signed either.
    let mut bare = notification();
    bare.as_object_mut().unwrap().remove("Subject");
    let members: Vec<&str> = OF_NOTIFICATION
        .into_iter()
        .filter(|m| *m != "Subject")
        .collect();
    aws.sign(&mut bare, &members);
    read(&bare)
        .unwrap()
        .verify(aws.certificate.as_bytes())
        .unwrap();

    // Whatever is signed cannot be changed, and nobody else can sign.
    for (member, other) in [
        ("Message", "all is well"),
        ("MessageId", "another"),
        ("Subject", "Nothing"),
        ("Timestamp", "2025-01-06T00:13:20.123Z"),
        ("TopicArn", "arn:aws:sns:eu-west-1:123456789012:others"),
    ] {
        let mut changed = message.clone();
        changed[member] = other.into();
        let found = read(&changed).unwrap();
        assert!(
            found.verify(aws.certificate.as_bytes()).is_err(),
            "{member}"
        );
    }
    assert!(found.verify(Aws::new().certificate.as_bytes()).is_err());
    assert!(found.verify(b"no certificate").is_err());
}

#[test]
fn a_subscription_is_read_and_proven() {
    let aws = Aws::new();
    for (kind, ended) in [
        ("SubscriptionConfirmation", false),
        ("UnsubscribeConfirmation", true),
    ] {
        let mut message = notification();
        message["Type"] = kind.into();
        message["Token"] = "2336412f37fb687f".into();
        message["SubscribeURL"] = format!("{HOST}/?Action=ConfirmSubscription").into();
        aws.sign(
            &mut message,
            &[
                "Message",
                "MessageId",
                "SubscribeURL",
                "Timestamp",
                "Token",
                "TopicArn",
                "Type",
            ],
        );
        let found = read(&message).unwrap();
        found.verify(aws.certificate.as_bytes()).unwrap();
        let SnsKind::Subscription { confirm, is_end } = found.kind else {
            panic!("{found:?}");
        };
        assert_eq!(
            (confirm.host_str(), is_end),
            (Some("sns.eu-west-1.amazonaws.com"), ended)
        );
        for elsewhere in [
            "https://example.org/",
            "http://sns.eu-west-1.amazonaws.com/",
            "",
        ] {
            let mut changed = message.clone();
            changed["SubscribeURL"] = elsewhere.into();
            assert!(read(&changed).is_err(), "{elsewhere}");
        }
    }
}

#[test]
fn certificates_lie_at_sns_in_the_topics_region_and_nowhere_else() {
    let host = "sns.eu-west-1.amazonaws.com";
    for url in [
        "https://example.org/SimpleNotificationService.pem".to_owned(),
        format!("http://{host}/SimpleNotificationService.pem"),
        format!("https://{host}:8443/SimpleNotificationService.pem"),
        format!("https://{host}@example.org/SimpleNotificationService.pem"),
        format!("https://{host}.example.org/SimpleNotificationService.pem"),
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService.pem".to_owned(),
        format!("https://{host}/SimpleNotificationService.txt"),
        "file:///etc/passwd.pem".to_owned(),
        String::new(),
    ] {
        let mut message = notification();
        message["Signature"] = "AAAA".into();
        message["SigningCertURL"] = url.clone().into();
        assert!(read(&message).is_err(), "{url}");
    }
    let mut old = notification();
    old["Signature"] = "AAAA".into();
    old["SignatureVersion"] = "1".into();
    assert!(read(&old).unwrap_err().contains("SignatureVersion"));
}
