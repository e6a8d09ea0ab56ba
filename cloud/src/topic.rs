//! SNS: what is published to a topic.

use crate::{
    account::{Account, explain},
    credentials::Region,
    error::CloudError,
};
use aws_sdk_sns::{Client, types::MessageAttributeValue};
use std::{fmt, str::FromStr};

/// Longest subject that SNS takes, in characters.
const MOST_SUBJECT: usize = 100;

/// The name of a topic: `arn:aws:sns:REGION:ACCOUNT:NAME`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicArn {
    text: String,
    region: Region,
}

impl TopicArn {
    /// Whether messages keep their order, and repeated ones are dropped.
    fn is_fifo(&self) -> bool {
        self.text.ends_with(".fifo")
    }

    /// Where SNS answers in its region.
    pub(crate) fn service_host(&self) -> String {
        let end = match self.text.starts_with("arn:aws-cn:") {
            true => ".cn",
            false => "",
        };
        format!("sns.{}.amazonaws.com{end}", self.region)
    }
}

impl FromStr for TopicArn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "is no topic: write its ARN, arn:aws:sns:REGION:ACCOUNT:NAME (aws sns list-topics shows it)".to_owned()
        };
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, "sns", region, account, name] = parts.as_slice() else {
            return Err(wrong());
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let sound = partition.starts_with("aws")
            && account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && (1..=256).contains(&name.len())
            && name.chars().all(plain);
        match Region::new(region) {
            Some(region) if sound => Ok(Self {
                text: text.to_owned(),
                region,
            }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What is published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice<'a> {
    /// The same for what is sent twice.
    pub id: u64,
    /// One line, for mail.
    pub subject: &'a str,
    /// JSON, for programs.
    pub body: &'a str,
    /// For people.
    pub text: &'a str,
    /// Names and values that subscriptions can filter by.
    pub attributes: &'a [(&'a str, &'a str)],
}

/// A topic.
#[derive(Debug)]
pub struct Topic {
    arn: TopicArn,
    account: Account,
}

impl Topic {
    /// With credentials of the environment, looked up when first needed.
    pub fn new(arn: TopicArn) -> Self {
        Self {
            account: Account::new(Some(arn.region.clone())),
            arn,
        }
    }

    /// Publishes; mail and short messages get the text, all others the JSON.
    ///
    /// # Errors
    /// [`CloudError`]; its class says whether to try again.
    pub async fn publish(&self, notice: &Notice<'_>) -> Result<(), CloudError> {
        let client = Client::new(self.account.config().await?);
        let forms = serde_json::json!({
            "default": notice.body,
            "email": notice.text,
            "sms": notice.subject,
        });
        let mut request = client
            .publish()
            .topic_arn(&self.arn.text)
            .subject(subject(notice.subject))
            .message_structure("json")
            .message(forms.to_string());
        for (name, value) in notice.attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(*value)
                .build();
            match value {
                Ok(value) => request = request.message_attributes(*name, value),
                // A type is set, and a value: there is nothing that could be missing.
                Err(_) => continue,
            }
        }
        if self.arn.is_fifo() {
            request = request
                .message_group_id("tidegauge")
                .message_deduplication_id(notice.id.to_string());
        }
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(explain("sns:Publish", &error)),
        }
    }
}

/// As SNS takes it: printable ASCII in one line.
fn subject(text: &str) -> String {
    let plain = text.chars().map(|c| match c {
        ' '..='~' => c,
        _ => ' ',
    });
    plain.take(MOST_SUBJECT).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn topics_are_known_by_their_form() {
        for good in [
            "arn:aws:sns:eu-west-1:123456789012:alerts",
            "arn:aws-cn:sns:cn-north-1:123456789012:a.fifo",
        ] {
            assert_eq!(good.parse::<TopicArn>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "alerts",
            "arn:aws:sqs:eu-west-1:123456789012:alerts",
            "arn:aws:sns:eu-west-1:12345:alerts",
            "arn:aws:sns:Europe:123456789012:alerts",
            "arn:aws:sns:eu-west-1:123456789012:",
            "arn:aws:sns:eu-west-1:123456789012:a:b",
        ] {
            assert!(bad.parse::<TopicArn>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_subject_is_one_line_of_ascii() {
        assert_eq!(subject("lag: 5 min\nlate"), "lag: 5 min late");
        assert_eq!(subject(&"é".repeat(300)).len(), MOST_SUBJECT);
    }
}
