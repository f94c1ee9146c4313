//! The owners of the sockets of a call.

use std::io::Write;

use builtin_api::{CallContext, Chain, Error, ExitCode};
use procnetsocket::{OwnerDetails, OwnerQuery, OwnerTable, Shown};
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
    /// What a filter of processes cannot know of.
    pub(crate) unseen: Option<Unseen>,
    /// What is known of the status.
    pub(crate) code: ExitCode,
}

impl Owners {
    const NONE: Self = Self { users: None, unseen: None, code: ExitCode::SUCCESS };
}

/// Processes that were not looked into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unseen {
    closed: u64,
    shown: Shown,
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
            owners.unseen = (counts && !table.is_complete()).then(|| Unseen::of(table));
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

impl Unseen {
    pub(crate) fn of(owners: &OwnerTable) -> Self {
        Self { closed: owners.closed(), shown: owners.processes() }
    }

    /// Says why owners may be missing, if anything is known.
    pub(crate) fn tell(self, stderr: &mut dyn Write) {
        match self.closed {
            0 => {}
            1 => complain(stderr, &"owners may be missing: 1 process is closed to this user"),
            closed => complain(
                stderr,
                &format_args!("owners may be missing: {closed} processes are closed to this user"),
            ),
        }
        match self.shown {
            Shown::Some => {
                complain(stderr, &"owners may be missing: this /proc does not show every process");
            }
            Shown::Namespace => complain(
                stderr,
                &"owners may be missing: this /proc shows no process outside its PID namespace",
            ),
            _ => {}
        }
    }
}
