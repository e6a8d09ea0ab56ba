//! Why a number of theirs may differ from ours.

use serde::Serialize;

/// A likely reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// Their last day was read before it had ended.
    PartialLastDay,
    /// They count no swap where there were some: a failed request, taken for an answer.
    FailedRequest,
    /// Their users are the callers of the pool: routers.
    UsersAreSenders,
    /// Their users are those who received the output.
    UsersAreRecipients,
    /// Their window is over the last rows, not over the last days.
    WindowOverRows,
    /// Their label is of the rows after, not of the days after.
    LabelOverRows,
    /// A count that this number rests on differs.
    CountsDiffer,
    /// Their series begins on another day.
    OtherStart,
    /// They write 0 in a pool's first row, where one day gives no number.
    FirstRow,
    /// Their file ends before the label's days do.
    FileEnds,
    /// The label's days are not whole, or not final, in our store.
    LabelNotRipe,
    /// Their class follows a list of tokens of its own.
    EarlierClass,
}

impl Reason {
    /// For people.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::PartialLastDay => "their last day was read before it had ended",
            Self::FailedRequest => {
                "they have no swap where there were some: a failed request taken for an answer"
            }
            Self::UsersAreSenders => "their users are the callers of the pool: routers",
            Self::UsersAreRecipients => "their users are the recipients of the output",
            Self::WindowOverRows => "their window is over the last rows, not the last days",
            Self::LabelOverRows => "their label is of the rows after, not of the days after",
            Self::CountsDiffer => "a count that it rests on differs",
            Self::OtherStart => "their series begins on another day",
            Self::FirstRow => "they write 0 in the first row, where one day gives no number",
            Self::FileEnds => "their file ends before the label's days do",
            Self::LabelNotRipe => "the label's days are not whole or not final in our store",
            Self::EarlierClass => "their class follows a token list of its own",
        }
    }
}
