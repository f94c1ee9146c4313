//! The owners of the sockets of a call.

use std::io::Write;

use builtin_api::{CallContext, Chain, Error, ExitCode};
use procnetsocket::{OwnerQuery, OwnerTable, Shown};
use socket_query::PolicyView;

use crate::{cli::Show, problem::complain, render::Users};

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
    let query = OwnerQuery::all().with_threads(threads);
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
