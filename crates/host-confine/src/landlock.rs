//! Landlock: which files stay accessible.

use std::{fmt, io};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, LandlockStatus, NetPort, PathBeneath, Ruleset,
    RulesetAttr as _, RulesetCreatedAttr as _, Scope,
};
use rustix::fs::{FileType, fstat};

use crate::{
    duty::{AllowedPath, Duty, PathAccess},
    error::{ConfineError, Repr},
};

/// The newest interface that is requested. A kernel enforces the part that it has.
const NEWEST: ABI = ABI::V9;

/// Access to a directory that was granted for reading.
const READ: [AccessFs; 2] = [AccessFs::ReadFile, AccessFs::ReadDir];

/// Further access to one that was granted for writing: everything except running programs, making
/// devices, FIFOs and sockets, and device commands.
const WRITE: [AccessFs; 8] = [
    AccessFs::WriteFile,
    AccessFs::Truncate,
    AccessFs::MakeReg,
    AccessFs::MakeDir,
    AccessFs::MakeSym,
    AccessFs::RemoveFile,
    AccessFs::RemoveDir,
    AccessFs::Refer,
];

/// The port of name servers (RFC 1035, 4.2). Answers that are too long for a datagram come by TCP.
const NAME_SERVER: u16 = 53;

/// Restrictions that a kernel lacks before it has that interface (`landlock(7)`).
const GAPS: [(ABI, &str); 5] = [
    (ABI::V3, "truncating files"),
    (ABI::V4, "TCP"),
    (ABI::V5, "commands to devices"),
    (ABI::V6, "abstract unix sockets and signals"),
    (ABI::V9, "unix sockets by path"),
];

/// Access that no requested interface restricts.
///
/// Kernel: nothing restricts the first so far; UDP can be restricted since interface 10 (Linux
/// 7.2), which the library does not support yet. The filter of system calls allows UDP sockets only
/// for resolving names.
const GAPS_FOR_NOW: &str = "looking up files and where links lead, and the modes, owners, times and attributes of files, UDP";

/// What Landlock does for this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Landlock {
    /// It is in force, with this version of its interface.
    InForce(Interface),
    /// The kernel has it, and it was switched off at boot.
    SwitchedOff,
    /// The kernel lacks it.
    Missing,
}

/// The version of Landlock's interface that is in force, and that of the kernel if it is newer than
/// any that is requested.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Interface {
    in_force: ABI,
    newer: Option<i32>,
}

impl fmt::Debug for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interface({}, {:?})", self.in_force, self.newer)
    }
}

/// Restricts the calling thread, and threads that it starts later, to these places.
pub(crate) fn restrict(places: &[AllowedPath], duty: Duty) -> Result<Landlock, ConfineError> {
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(NEWEST)))
        .and_then(|rules| rules.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .map_err(Repr::Landlock)?;
    for place in places {
        let access = access_to(place, duty)?;
        rules = rules.add_rule(PathBeneath::new(&place.handle, access)).map_err(Repr::Landlock)?;
    }
    if duty == Duty::Resolver {
        let name_servers = NetPort::new(NAME_SERVER, AccessNet::ConnectTcp);
        rules = rules.add_rule(name_servers).map_err(Repr::Landlock)?;
    }
    let status = rules.restrict_self().map_err(Repr::Landlock)?;
    Ok(match status.landlock {
        LandlockStatus::Available { effective_abi, kernel_abi } => {
            Landlock::InForce(Interface { in_force: effective_abi, newer: kernel_abi })
        }
        LandlockStatus::NotEnabled => Landlock::SwitchedOff,
        LandlockStatus::NotImplemented => Landlock::Missing,
    })
}

/// Returns the access below a place. A file has nothing below it, and is only read.
fn access_to(place: &AllowedPath, duty: Duty) -> Result<BitFlags<AccessFs>, ConfineError> {
    let stat = fstat(&place.handle).map_err(|errno| Repr::Place(io::Error::from(errno)))?;
    let is_directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    let rights = match (is_directory, place.access) {
        (true, access) => rights_below(access),
        (false, PathAccess::List) => BitFlags::empty(),
        (false, PathAccess::Read | PathAccess::ReadWrite) => AccessFs::ReadFile.into(),
    };
    // The daemons that cache names have their sockets there.
    let connects = is_directory && duty == Duty::Resolver;
    Ok(if connects { rights | AccessFs::ResolveUnix } else { rights })
}

fn rights_below(access: PathAccess) -> BitFlags<AccessFs> {
    match access {
        PathAccess::List => AccessFs::ReadDir.into(),
        PathAccess::Read => READ.into_iter().collect(),
        PathAccess::ReadWrite => READ.into_iter().chain(WRITE).collect(),
    }
}

impl fmt::Display for Landlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InForce(interface) => write!(f, "{interface}"),
            Self::SwitchedOff => write!(f, "NOT IN FORCE, it was switched off at boot"),
            Self::Missing => write!(f, "NOT IN FORCE, this kernel does not have it"),
        }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ABI {}", self.in_force)?;
        if let Some(newer) = self.newer {
            write!(f, " of the {newer} that this kernel has")?;
        }
        write!(f, ", which does not restrict {GAPS_FOR_NOW}")?;
        for (_, gap) in GAPS.into_iter().filter(|(since, _)| self.in_force < *since) {
            write!(f, ", {gap}")?;
        }
        if self.in_force < ABI::V2 {
            write!(f, "; it refuses to move files between directories")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn writable_place_denies_programs_and_devices() {
        let most = rights_below(PathAccess::ReadWrite);
        let rest = AccessFs::from_all(NEWEST) & !most;
        let refused = AccessFs::Execute
            | AccessFs::MakeChar
            | AccessFs::MakeBlock
            | AccessFs::MakeFifo
            | AccessFs::MakeSock
            | AccessFs::IoctlDev
            | AccessFs::ResolveUnix;
        assert_eq!(rest, refused);
    }

    #[test]
    fn grant_for_reading_denies_writing() {
        assert_eq!(rights_below(PathAccess::Read), AccessFs::ReadFile | AccessFs::ReadDir);
        assert_eq!(rights_below(PathAccess::List), AccessFs::ReadDir);
    }

    const fn in_force(in_force: ABI, newer: Option<i32>) -> Landlock {
        Landlock::InForce(Interface { in_force, newer })
    }

    #[rstest]
    #[case::newest(
        in_force(ABI::V9, None),
        "ABI 9, which does not restrict looking up files and where links lead, and the modes, owners, times and attributes of files, UDP"
    )]
    #[case::newer(
        in_force(ABI::V9, Some(10)),
        "ABI 9 of the 10 that this kernel has, which does not restrict looking up files and where links lead, and the modes, owners, times and attributes of files, UDP"
    )]
    #[case::seven(
        in_force(ABI::V7, None),
        "ABI 7, which does not restrict looking up files and where links lead, and the modes, owners, times and attributes of files, UDP, unix sockets by path"
    )]
    #[case::first(
        in_force(ABI::V1, None),
        "ABI 1, which does not restrict looking up files and where links lead, and the modes, owners, times and attributes of files, UDP, truncating files, TCP, commands to devices, abstract unix sockets and signals, unix sockets by path; it refuses to move files between directories"
    )]
    #[case::off(Landlock::SwitchedOff, "NOT IN FORCE, it was switched off at boot")]
    #[case::missing(Landlock::Missing, "NOT IN FORCE, this kernel does not have it")]
    fn lists_the_gaps_of_each_abi(#[case] landlock: Landlock, #[case] expected: &str) {
        assert_eq!(landlock.to_string(), expected);
    }
}
