//! The tables, families and states that options choose.
//!
//! The rules are those of iproute2. Each option for a table or a family adds states that are shown
//! by default; `-a`, `-l` or the first `-A` replaces all of them. Then missing families and tables
//! are added: all families of a table if none of them was chosen, and all tables of a family if
//! none of them was chosen.

use procnetsocket::model::TcpState;
use socket_query::{AddressFamily, FamilySet, Selection, SocketTable, StateSet, TableSet};

use super::word::READABLE;

/// Tables, families and states, while options are still being read.
#[derive(Debug)]
pub(super) struct ChosenSockets {
    tables: TableSet,
    /// The tables that an option or a word named.
    named: TableSet,
    families: FamilySet,
    /// The default states of the chosen tables and families.
    usual: StateSet,
    /// The states that options or words chose in place of the default ones.
    chosen: Option<StateSet>,
    by: ChosenBy,
    /// Whether the other ends of connections are listed.
    pub(super) peers: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChosenBy {
    Nothing,
    Flags,
    /// `-A` was read.
    Query,
}

impl ChosenSockets {
    pub(super) fn new() -> Self {
        Self {
            tables: TableSet::EMPTY,
            named: TableSet::EMPTY,
            families: FamilySet::EMPTY,
            usual: StateSet::EMPTY,
            chosen: None,
            by: ChosenBy::Nothing,
            peers: false,
        }
    }

    /// Returns whether any table or family was chosen.
    pub(super) fn is_anything_chosen(&self) -> bool {
        self.by != ChosenBy::Nothing
    }

    /// Chooses states by an option.
    pub(super) fn states(&mut self, states: StateSet) {
        self.chosen = Some(states);
    }

    /// Chooses states by words. The empty set counts as no choice.
    pub(super) fn states_of_words(&mut self, states: StateSet) {
        self.chosen = Some(states).filter(|states| !states.is_empty());
    }

    pub(super) fn family(&mut self, family: AddressFamily) {
        self.families = self.families.with(family);
        if !matches!(family, AddressFamily::Inet | AddressFamily::Inet6) {
            self.named = self.named.union(TableSet::of_family(family));
        }
        self.usual = self.usual.union(usual_states_of_family(family));
        self.flag();
    }

    pub(super) fn table(&mut self, table: SocketTable) {
        self.tables = self.tables.with(table);
        self.named = self.named.with(table);
        self.usual = self.usual.union(usual_states_of_table(table));
        self.flag();
    }

    fn flag(&mut self) {
        if self.by == ChosenBy::Nothing {
            self.by = ChosenBy::Flags;
        }
    }

    /// Begins a list of `-A`. The first one drops the tables that options chose, and chooses the
    /// states of connected sockets if no option chose any.
    pub(super) fn begin_query(&mut self) {
        if self.by != ChosenBy::Query {
            self.tables = TableSet::EMPTY;
            self.chosen.get_or_insert(StateSet::CONNECTED);
            self.by = ChosenBy::Query;
        }
    }

    /// Adds the tables of a word of `-A`, which names them or means all that are available.
    pub(super) fn add(&mut self, tables: TableSet, is_named: bool) {
        self.tables = self.tables.union(tables);
        if is_named {
            self.named = self.named.union(tables);
        }
        self.usual = tables.iter().map(usual_states_of_table).fold(self.usual, StateSet::union);
    }

    /// Removes the tables of a word of `-A` after `!`.
    pub(super) fn remove(&mut self, tables: TableSet) {
        self.tables = self.tables.without(tables);
    }

    /// Returns the selection, after all arguments were read.
    pub(super) fn finish(mut self) -> Selection {
        if !self.is_anything_chosen() {
            self.tables = READABLE;
            self.chosen.get_or_insert(StateSet::CONNECTED);
        }
        for table in self.tables.iter() {
            if !self.families.intersects(table.families()) {
                self.families = self.families.union(table.families());
            }
        }
        for family in self.families.iter() {
            let tables = TableSet::of_family(family);
            if !self.tables.intersects(tables) {
                self.tables = self.tables.union(tables);
            }
        }
        Selection {
            tables: self.tables,
            named: self.named.intersection(self.tables),
            families: self.families,
            states: self.chosen.unwrap_or(self.usual),
            peers: self.peers,
            ..Selection::everything()
        }
    }
}

fn usual_states_of_family(family: AddressFamily) -> StateSet {
    match family {
        AddressFamily::Packet | AddressFamily::Netlink | AddressFamily::Xdp => {
            StateSet::of(TcpState::Close)
        }
        _ => StateSet::CONNECTED,
    }
}

fn usual_states_of_table(table: SocketTable) -> StateSet {
    match table {
        SocketTable::Udp | SocketTable::Raw => StateSet::of(TcpState::Established),
        SocketTable::UnixDatagram
        | SocketTable::Netlink
        | SocketTable::PacketRaw
        | SocketTable::PacketDatagram
        | SocketTable::Xdp => StateSet::of(TcpState::Close),
        _ => StateSet::CONNECTED,
    }
}
