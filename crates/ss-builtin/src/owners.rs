//! The owners of the sockets of a call.

use std::io::Write;

use builtin_api::{CallContext, Chain, Error, ExitCode};
use procnetsocket::{OwnerDetails, OwnerQuery, OwnerTable, Shown, Threads};
use socket_query::PolicyView;

use crate::{
    cli::{Answer, Output, Show},
    problem::complain,
    render::Users,
};

/// Looks for the owners of all sockets, if they are shown. When they cannot be had, the listing has
/// none, and the call fails.
///
/// Compat: this comes before the listing, as a socket that is opened meanwhile may show.
pub(crate) fn find(
    view: &PolicyView,
    context: &mut CallContext<'_>,
    show: &Show,
) -> Result<(Option<Users>, ExitCode), Error> {
    let Some(threads) = show.owners else { return Ok((None, ExitCode::SUCCESS)) };
    let query = query(show, threads);
    let cancel = context.cancel;
    let found = view.owners(&query, &|| cancel.is_cancelled());
    cancel.check()?;
    let code = match &found {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            complain(context.stderr, &Chain(error));
            ExitCode::FAILURE
        }
    };
    Ok((Some(Users::new(found.unwrap_or_default())), code))
}

/// Returns the question about what is shown of owners: in the text their names, and in objects all
/// that the policy tells.
fn query(show: &Show, threads: Threads) -> OwnerQuery {
    let details = match (show.output, show.answer) {
        (Output::Text, _) | (_, Answer::Number) => OwnerDetails::Name,
        (Output::Json | Output::JsonLines, Answer::Sockets) => OwnerDetails::Full,
    };
    OwnerQuery::all().with_threads(threads).with_details(details)
}

/// Says why owners may be missing, if anything is known.
pub(crate) fn tell_of_unseen(stderr: &mut dyn Write, owners: &OwnerTable) {
    match owners.closed() {
        0 => {}
        1 => complain(stderr, &"owners may be missing: 1 process is closed to this user"),
        closed => complain(
            stderr,
            &format_args!("owners may be missing: {closed} processes are closed to this user"),
        ),
    }
    if owners.processes() == Shown::Some {
        complain(stderr, &"owners may be missing: this /proc does not show every process");
    }
}
