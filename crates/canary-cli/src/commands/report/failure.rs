//! How failures of a report are worded.

use canary_report::coverage::CoverageError;
use canary_report::edpb::EdpbError;
use canary_report::period::PeriodError;
use canary_report::profile::ProfileError;
use canary_report::stack::StackError;
use canary_report::tia::TiaError;
use canary_report::watch::WatchError;

use crate::error::{Failure, Kind};

pub(super) fn stack(error: &StackError) -> Failure {
    Failure::from_error(Kind::Config, error).hint("docs/spec/reports.md §3 has the form of a stack")
}

pub(super) fn profile(error: &ProfileError) -> Failure {
    let hint = match error {
        ProfileError::Unknown(_) => {
            "use azure, tencent-cloud, yd-t-4060-2022, or a file of your own"
        }
        ProfileError::NoCell { .. } => {
            "name only services of models that the profile has, or add the cell in a profile of your own"
        }
        _ => "docs/spec/reports.md §2 has the form of a profile",
    };
    Failure::from_error(Kind::Config, error).hint(hint)
}

pub(super) fn watch(error: &WatchError) -> Failure {
    Failure::from_error(Kind::Data, error).hint("canary watch export writes one")
}

pub(super) fn period(error: &PeriodError) -> Failure {
    let hint = match error {
        PeriodError::Order { .. } => "give --from a day that is not after --to",
        PeriodError::NotOver { .. } => "a period ends today at the latest: leave --to out",
        _ => "choose a period that reaches the first issue; canary history shows it",
    };
    Failure::from_error(Kind::Usage, error).hint(hint)
}

pub(super) fn coverage(error: &CoverageError) -> Failure {
    let hint = match error {
        CoverageError::Profile { source, .. } => {
            let inner = profile(source);
            return match inner.next_step() {
                Some(hint) => Failure::from_error(Kind::Config, error).hint(hint),
                None => Failure::from_error(Kind::Config, error),
            };
        }
        CoverageError::UnknownService { .. } => {
            "the services are in the newest issue: canary verify <TARGET> --json, or its page"
        }
        CoverageError::UnknownEntity { .. } => "the entities are in the newest issue, or its page",
        _ => "use on-premises, iaas, paas or saas",
    };
    Failure::from_error(Kind::Config, error).hint(hint)
}

pub(super) fn edpb(error: &EdpbError) -> Failure {
    match error {
        EdpbError::Period { source, .. } => {
            let hint = period(source).next_step().unwrap_or_default().to_owned();
            Failure::from_error(Kind::Usage, error).hint(hint)
        }
        _ => Failure::from_error(Kind::Data, error)
            .hint("give the record that the watcher wrote for this supplier"),
    }
}

pub(super) fn tia(error: &TiaError) -> Failure {
    match error {
        TiaError::Coverage(error) => coverage(error),
        TiaError::Edpb(error) => edpb(error),
        _ => Failure::from_error(Kind::Config, error),
    }
}
