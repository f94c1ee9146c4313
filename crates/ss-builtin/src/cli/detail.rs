//! Details in addition to the columns.

use procnetsocket::Details;

/// A detail in addition to the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Timer,
    Extended,
    Info,
    Memory,
    TypeOfService,
    Cgroup,
    SocketOptions,
    Filters,
}

/// A set of details.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DetailSet(u8);

impl DetailSet {
    pub(crate) fn insert(&mut self, detail: Detail) {
        self.0 |= bit(detail);
    }

    pub(crate) fn contains(self, detail: Detail) -> bool {
        self.0 & bit(detail) != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the details to request from the kernel; others are part of every row.
    pub(super) fn of_kernel(self) -> Details {
        let extended = [
            Details::FILE,
            Details::PENDING,
            Details::RINGS,
            Details::FANOUT,
            Details::UMEM,
            Details::STATISTICS,
        ];
        let wanted = [
            (Detail::Extended, extended.into_iter().fold(Details::NONE, Details::union)),
            (Detail::Info, Details::INFO),
            (Detail::Memory, Details::MEMORY),
            (Detail::TypeOfService, Details::TRAFFIC_CLASS),
            (Detail::Filters, Details::FILTER),
        ];
        let wanted = wanted.into_iter().filter(|(detail, _)| self.contains(*detail));
        wanted.fold(Details::NONE, |all, (_, details)| all.union(details))
    }
}

fn bit(detail: Detail) -> u8 {
    match detail {
        Detail::Timer => 1,
        Detail::Extended => 2,
        Detail::Info => 4,
        Detail::Memory => 8,
        Detail::TypeOfService => 16,
        Detail::Cgroup => 32,
        Detail::SocketOptions => 64,
        Detail::Filters => 128,
    }
}
