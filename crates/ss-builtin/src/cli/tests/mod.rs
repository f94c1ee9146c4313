//! Plans of command lines.

mod action;
mod refusal;
mod selection;
mod show;

use bstr::BString;
use socket_query::{Grant, GrantSet};

use super::{CliError, HostFeatures, Plan, Show};

fn plan_with(line: &str, grants: GrantSet) -> Result<Plan, CliError> {
    plan_in(line, HostFeatures { grants, has_sock_diag: false })
}

fn plan_in(line: &str, host: HostFeatures) -> Result<Plan, CliError> {
    let words: Vec<_> = line.split_whitespace().map(BString::from).collect();
    Plan::parse(&words, host)
}

fn show(line: &str) -> Show {
    match plan_with(line, GrantSet::empty()) {
        Ok(Plan::Show(show)) => *show,
        other => panic!("{line:?} gives {other:?}"),
    }
}

/// Returns the plan of a listing in a host with sock_diag.
fn live(line: &str) -> Show {
    match plan_in(line, HostFeatures { grants: GrantSet::empty(), has_sock_diag: true }) {
        Ok(Plan::Show(show)) => *show,
        other => panic!("{line:?} gives {other:?}"),
    }
}

/// Returns the plan in a host with sock_diag and every grant.
fn powerful(line: &str) -> Result<Plan, CliError> {
    plan_in(line, HostFeatures { grants: Grant::ALL.into_iter().collect(), has_sock_diag: true })
}
