//! The owners of the sockets of a call.

use std::io::Write;

use builtin_api::{CallContext, Chain, Error, ExitCode};
use procnetsocket::{OwnerDetails, OwnerQuery, Shown};
use socket_query::{PolicyView, Selection};

use crate::{
    builtin::failure,
    cli::{Action, Answer, Output, Show},
    problem::complain,
    render::Users,
};

/// The owners of a call, as far as it needs them.
pub(crate) struct Owners {
    /// What to show of them, if they are shown.
    pub(crate) users: Option<Users>,
    /// Why a filter of processes may miss some, where that counts.
    pub(crate) gaps: Vec<String>,
    /// What is known of the status.
    pub(crate) code: ExitCode,
}

impl Owners {
    const NONE: Self = Self { users: None, gaps: Vec::new(), code: ExitCode::SUCCESS };
}

/// Looks for the owners of all sockets, if they are shown or selected by, once for both. When they
/// cannot be had to be shown, the listing has none, and the call fails; without them nothing is selected
/// by them.
///
/// Compat: this comes before the listing, as a socket that is opened meanwhile may show.
pub(crate) fn find(
    view: &PolicyView,
    context: &mut CallContext<'_>,
    show: &Show,
    selection: &mut Selection,
) -> Result<Owners, Error> {
    let selects = selection.filter.asks_for_holders() && !matches!(show.action, Action::Follow(_));
    if show.owners.is_none() && !selects {
        return Ok(Owners::NONE);
    }
    let cancel = context.cancel;
    let found = view.owners(&query(show), &|| cancel.is_cancelled());
    cancel.check()?;
    let mut owners = Owners::NONE;
    match &found {
        Ok(table) if selects => {
            // Numbers and names of processes are those of this PID namespace, so others count only where
            // it is asked for what nobody holds.
            let counts = selection.filter.admits_unknown_holders()
                || table.closed() > 0
                || table.processes() != Shown::Namespace;
            if counts {
                owners.gaps = table.gaps();
            }
            *selection = selection.with_owners(table);
        }
        Ok(_) => {}
        Err(error) if selects => return Err(failure(error)),
        Err(error) => {
            complain(context.stderr, &Chain(error));
            owners.code = ExitCode::FAILURE;
        }
    }
    owners.users = show.owners.map(|_| Users::new(found.unwrap_or_default()));
    Ok(owners)
}

/// Returns the question about what is shown of owners: in the text their names, and in objects all
/// that the policy tells.
fn query(show: &Show) -> OwnerQuery {
    let details = match (show.output, show.answer, show.owners) {
        (Output::Text, _, _) | (_, Answer::Number, _) | (_, _, None) => OwnerDetails::Name,
        (Output::Json | Output::JsonLines, Answer::Sockets, Some(_)) => OwnerDetails::Full,
    };
    OwnerQuery::all().with_threads(show.owners.unwrap_or_default()).with_details(details)
}

/// Says why owners may be missing.
pub(crate) fn tell_of_gaps(stderr: &mut dyn Write, gaps: &[String]) {
    for gap in gaps {
        complain(stderr, &format_args!("owners may be missing: {gap}"));
    }
}
