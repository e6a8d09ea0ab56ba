//! How a rule is declared: its name, settings and defaults at one place, and what it finds.

use crate::alert::Severity;
use crate::facts::Facts;
use tidegauge_model::UnixSeconds;

/// Most subjects that one rule speaks of at a time; more would be noise.
const MOST_SUBJECTS: usize = 64;

/// Longest text of somebody else's that goes into a summary, in characters.
const MOST_QUOTED: usize = 400;

/// How a rule is watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Watch {
    pub(crate) enabled: bool,
    pub(crate) severity: Severity,
    pub(crate) fire_after_s: u64,
    pub(crate) recover_after_s: u64,
}

/// What [`rules!`] derives for each rule.
pub(crate) trait Declared {
    fn name(&self) -> &'static str;
    fn hint(&self) -> &'static str;
    fn watch(&self) -> Watch;
}

/// A rule: what it finds in the facts.
pub(crate) trait Rule: Declared {
    fn judge(&self, facts: &Facts, now: UnixSeconds) -> Findings;
}

/// What one rule finds at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Findings {
    /// What is known.
    pub(crate) found: Vec<Finding>,
    /// Whether subjects that are not among them are well; else they are not known.
    pub(crate) rest_is_well: bool,
}

/// What is known of one subject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finding {
    pub(crate) subject: String,
    pub(crate) is_bad: bool,
    pub(crate) summary: String,
}

impl Findings {
    /// Nothing is known.
    pub(crate) fn unknown() -> Self {
        Self {
            found: Vec::new(),
            rest_is_well: false,
        }
    }

    /// Of one subject.
    pub(crate) fn one(subject: &str, is_bad: bool, summary: String) -> Self {
        Self {
            found: vec![Finding::new(subject, is_bad, summary)],
            rest_is_well: false,
        }
    }

    /// Of several subjects; others are not known.
    pub(crate) fn several(found: impl IntoIterator<Item = Finding>) -> Self {
        Self {
            found: found.into_iter().take(MOST_SUBJECTS).collect(),
            rest_is_well: false,
        }
    }

    /// Of several subjects; all others are well.
    pub(crate) fn all(found: impl IntoIterator<Item = Finding>) -> Self {
        Self {
            rest_is_well: true,
            ..Self::several(found)
        }
    }
}

impl Finding {
    pub(crate) fn new(subject: &str, is_bad: bool, summary: String) -> Self {
        Self {
            subject: subject.to_owned(),
            is_bad,
            summary,
        }
    }
}

/// Somebody else's text, on one line and not too long.
pub(crate) fn quoted(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MOST_QUOTED)
        .collect();
    line.trim().to_owned()
}

/// Declares rules. Of each it makes a struct of its settings, whose fields are those that every
/// rule has and its own, with their defaults, and an implementation of [`Declared`].
macro_rules! rules {
    ($(
        $(#[$doc:meta])*
        $rule:ident = $name:literal, $severity:ident after $fire:literal s, well after $well:literal s, $hint:literal
        { $( $(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr ),* $(,)? }
    )*) => { $(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $rule {
            /// Whether it is watched.
            pub enabled: bool,
            /// How bad it is.
            pub severity: $crate::alert::Severity,
            /// Seconds that it must be wrong before that is told.
            pub fire_after_s: u64,
            /// Seconds that it must be well before that is told.
            pub recover_after_s: u64,
            $( $(#[$field_doc])* pub $field: $type, )*
        }

        impl Default for $rule {
            fn default() -> Self {
                Self {
                    enabled: true,
                    severity: $crate::alert::Severity::$severity,
                    fire_after_s: $fire,
                    recover_after_s: $well,
                    $( $field: $default, )*
                }
            }
        }

        impl super::declare::Declared for $rule {
            fn name(&self) -> &'static str {
                $name
            }

            fn hint(&self) -> &'static str {
                $hint
            }

            fn watch(&self) -> super::declare::Watch {
                super::declare::Watch {
                    enabled: self.enabled,
                    severity: self.severity,
                    fire_after_s: self.fire_after_s,
                    recover_after_s: self.recover_after_s,
                }
            }
        }
    )* };
}

pub(crate) use rules;
