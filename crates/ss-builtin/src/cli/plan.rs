//! What a command line means.
//!
//! The rules are iproute2's. Each option for a table or a family brings states that are shown by
//! default; `-a`, `-l` or the first `-A` replace all of them. Then families and tables widen each
//! other: a table without one of its families brings all of them, a family without one of its tables
//! brings all of those.

use std::time::{Duration, Instant};

use bstr::{BStr, BString, ByteSlice};
use builtin_api::{MAX_DURATION, parse_duration};
use procnetsocket::{Details, Threads, model::TcpState};
use socket_query::{
    AddressFamily, FamilySet, GrantSet, Selection, SocketTable, StateSet, TableSet,
    expr::FilterText,
};

use super::{
    CliError, RawArgs,
    flags::{Effect, Flag, Refusal},
    output::{self, ListingKind, Order, OutputFormat},
    raw::Typed,
    words::Operands,
};

/// Something that can be shown beside the columns.
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

/// The details that are wanted.
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

    /// Returns what the kernel has to be asked for; the rest comes with every row.
    fn of_kernel(self) -> Details {
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

/// A part of the listing that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptionalColumn {
    Header,
    Queues,
}

/// Whether ports and protocols are printed by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NameDisplay {
    #[default]
    Resolved,
    Numeric,
}

/// Whether addresses are printed by the names of their hosts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HostDisplay {
    #[default]
    Numeric,
    Resolved,
}

/// Whether the details of a socket may take lines of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LineLayout {
    #[default]
    Many,
    One,
}

/// What tables the host has given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tables {
    /// Those of the system, with sock_diag.
    Live,
    /// Text tables alone.
    Text,
}

/// What a command line is understood against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Host {
    pub(crate) grants: GrantSet,
    pub(crate) tables: Tables,
}

/// Which states an option chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    All,
    Listening,
    BoundInactive,
}

impl View {
    fn states(self) -> StateSet {
        match self {
            Self::All => StateSet::ALL,
            Self::Listening => StateSet::LISTENING,
            Self::BoundInactive => StateSet::of(TcpState::BoundInactive),
        }
    }
}

/// Whether the counters of `-s` are printed, and whether that is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Summary {
    #[default]
    None,
    Before,
    Only,
}

/// What is done with the sockets that are admitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Action {
    /// They are listed.
    #[default]
    List,
    /// They are listed as they end.
    Follow(End),
    /// They are destroyed.
    Destroy,
    /// They are listed at each tick.
    Repeat(Ticks),
}

/// When a listing is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticks {
    pub(crate) period: Duration,
    pub(crate) end: End,
}

impl Ticks {
    /// Returns the first tick after `now`, if the last one was `tick`.
    pub(crate) fn next(self, tick: Instant, now: Instant) -> Instant {
        let late = now.saturating_duration_since(tick).as_nanos() % self.period.as_nanos();
        // OK because a remainder of a period of 30 days at most fits.
        let late = Duration::from_nanos(u64::try_from(late).unwrap_or_default());
        // OK because a tick that no clock reaches is as good as one that comes at once.
        now.checked_add(self.period - late).unwrap_or(now)
    }
}

/// When following or repeating ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) after: Option<Duration>,
    pub(crate) count: Option<u64>,
}

/// Which network namespace is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum NamespaceChoice {
    /// That of the host.
    #[default]
    Own,
    /// Another one, by its name.
    Named(BString),
    /// Every one of the machine.
    Every,
}

/// Why nothing can be listed. Counters are printed all the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NothingToShow {
    /// No table is left to show.
    Tables,
    /// The words for states were not understood.
    States(CliError),
}

/// Where the filter comes from, and what it is understood with. It is not understood yet, because
/// that takes the tables, and the counters of `-s` come first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FilterSource {
    /// The words of the command line, which come before those of the file.
    pub(crate) text: FilterText,
    /// The file: a path, or standard input if it begins with `-`.
    pub(crate) file: Option<BString>,
    /// The family that an option chose last.
    pub(crate) family: Option<AddressFamily>,
}

impl FilterSource {
    /// Returns whether there is nothing that could hold an expression.
    fn is_empty(&self) -> bool {
        self.file.is_none() && self.text == FilterText::default()
    }
}

/// What the builtin is going to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    Help,
    Version,
    Show(Box<Show>),
}

/// A listing, with the summary before it if that is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Show {
    pub(crate) action: Action,
    pub(crate) namespace: NamespaceChoice,
    pub(crate) summary: Summary,
    /// What is listed, but for the filter.
    pub(crate) selection: Result<Selection, NothingToShow>,
    pub(crate) filter: FilterSource,
    pub(crate) details: DetailSet,
    /// Whether the processes of sockets are shown, and how.
    pub(crate) processes: Option<Threads>,
    /// The option that asks for processes although they are not granted: their column is empty.
    pub(crate) ungranted_processes: Option<String>,
    pub(crate) lines: LineLayout,
    pub(crate) names: NameDisplay,
    pub(crate) hosts: HostDisplay,
    pub(crate) hidden: Vec<OptionalColumn>,
    pub(crate) output: OutputFormat,
    pub(crate) answer: ListingKind,
    pub(crate) order: Order,
}

impl Plan {
    /// Returns what `raw` means in a host.
    pub(crate) fn new(raw: &RawArgs, host: Host) -> Result<Self, CliError> {
        let mut draft = Draft::new(host);
        for typed in &raw.typed {
            match typed.flag.effect {
                Effect::Help => return Ok(Self::Help),
                Effect::Version => return Ok(Self::Version),
                Effect::FamilyWord if typed.value == "help" => return Ok(Self::Help),
                effect => draft.take(typed, effect)?,
            }
        }
        draft.check_namespace();
        draft.check_every();
        if let Some((option, refusal)) = draft.refused.take() {
            return Err(refused(option, refusal, host.grants));
        }
        draft.finish(&raw.words).map(|show| Self::Show(Box::new(show)))
    }
}

fn refused(option: String, refusal: Refusal, grants: GrantSet) -> CliError {
    match refusal {
        Refusal::Grant(grant) if grants.contains(grant) => {
            CliError::Refused(option, Refusal::NotBuilt("what the grant allows is not built yet"))
        }
        refusal => CliError::Refused(option, refusal),
    }
}

/// A plan while options are still coming.
#[derive(Debug)]
struct Draft {
    host: Host,
    action: Action,
    namespace: NamespaceChoice,
    /// The value of `--count`.
    count: Option<BString>,
    /// The value of `--for`.
    after: Option<BString>,
    /// The value of `--every`.
    every: Option<BString>,
    tables: TableSet,
    /// The tables that were asked for by a word that means them alone.
    named: TableSet,
    families: FamilySet,
    /// The states that the chosen tables and families bring.
    usual: StateSet,
    /// The states that options chose instead.
    chosen: Option<StateSet>,
    /// Whether a table or family was chosen at all.
    selected: Selected,
    filter: FilterSource,
    summary: Option<()>,
    details: DetailSet,
    processes: Option<Threads>,
    ungranted_processes: Option<String>,
    lines: LineLayout,
    names: NameDisplay,
    hosts: HostDisplay,
    hidden: Vec<OptionalColumn>,
    output: OutputFormat,
    order: Order,
    refused: Option<(String, Refusal)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Selected {
    #[default]
    Nothing,
    ByFlags,
    /// `-A` was there.
    ByQuery,
}

impl Draft {
    fn new(host: Host) -> Self {
        Self {
            host,
            action: Action::List,
            namespace: NamespaceChoice::Own,
            count: None,
            after: None,
            every: None,
            tables: TableSet::EMPTY,
            named: TableSet::EMPTY,
            families: FamilySet::EMPTY,
            usual: StateSet::EMPTY,
            chosen: None,
            selected: Selected::Nothing,
            filter: FilterSource::default(),
            summary: None,
            details: DetailSet::default(),
            processes: None,
            ungranted_processes: None,
            lines: LineLayout::default(),
            names: NameDisplay::default(),
            hosts: HostDisplay::default(),
            hidden: Vec::new(),
            output: OutputFormat::default(),
            order: Order::default(),
            refused: None,
        }
    }

    fn take(&mut self, typed: &Typed, effect: Effect) -> Result<(), CliError> {
        if let Some(refusal) = self.refusal_of_flag(typed.flag) {
            self.refuse(spelling(typed), refusal);
            return Ok(());
        }
        match effect {
            Effect::Help | Effect::Version => {}
            Effect::OneLine => self.lines = LineLayout::One,
            Effect::Summary => self.summary = Some(()),
            Effect::Numeric => self.names = NameDisplay::Numeric,
            // Compat: also beside `-n`, which is of ports.
            Effect::Resolve => self.hosts = HostDisplay::Resolved,
            Effect::Hide(column) => self.hidden.push(column),
            Effect::Detail(detail) => {
                self.details.insert(detail);
                if matches!(detail, Detail::Extended | Detail::Filters) {
                    self.details.insert(Detail::Timer);
                }
            }
            Effect::View(view) => self.chosen = Some(view.states()),
            Effect::Family(family) => self.family(family),
            Effect::FamilyWord => self.family_word(typed.value.as_bstr())?,
            Effect::Table(table) => self.table(table),
            Effect::TableList => self.table_list(typed.value.as_bstr())?,
            Effect::Events => self.act(Action::Follow(End::default())),
            Effect::Kill => self.act(Action::Destroy),
            Effect::Count => self.count = Some(typed.value.clone()),
            Effect::Every => self.every = Some(typed.value.clone()),
            Effect::For => self.after = Some(typed.value.clone()),
            Effect::FilterFile => self.filter_file(&typed.value)?,
            Effect::Namespace => {
                self.choose_namespace(NamespaceChoice::Named(typed.value.clone()));
            }
            Effect::EveryNamespace => self.choose_namespace(NamespaceChoice::Every),
            Effect::Processes(threads) => self.show_processes(typed, threads),
            Effect::Output(output) => self.output = output,
            Effect::Sort => self.order.keys = output::sort_keys(typed.value.as_bstr())?,
            Effect::Limit => self.order.limit = Some(output::limit(typed.value.as_bstr())?),
            Effect::Refused(refusal) => self.refuse(spelling(typed), refusal),
        }
        Ok(())
    }

    /// Returns why an option cannot be had from this host.
    fn refusal_of_flag(&self, flag: &Flag) -> Option<Refusal> {
        match flag.grant() {
            Some(grant) if !self.host.grants.contains(grant) && !flag.degrades() => {
                Some(Refusal::Grant(grant))
            }
            _ if flag.needs_sock_diag() && self.host.tables == Tables::Text => {
                Some(NEEDS_SOCK_DIAG)
            }
            _ => None,
        }
    }

    /// Takes `-p` or `-T`.
    ///
    /// Compat: `-T` alone shows processes, as it did before iproute2 6.7. Without the grant it adds
    /// no column, as in iproute2.
    fn show_processes(&mut self, typed: &Typed, threads: Threads) {
        let is_granted = typed.flag.grant().is_none_or(|grant| self.host.grants.contains(grant));
        if !is_granted {
            self.ungranted_processes.get_or_insert_with(|| spelling(typed));
        }
        if is_granted || threads == Threads::Together {
            self.processes = self.processes.max(Some(threads));
        }
    }

    /// Takes `-E` or `-K`. Each may stand more than once, but not beside the other.
    fn act(&mut self, action: Action) {
        match self.action {
            Action::List => self.action = action,
            before if before == action => {}
            _ => self.refuse("-K with -E".to_owned(), NO_KILL_OF_EVENTS),
        }
    }

    /// Takes `-N` or `--all-namespaces`. Of `-N` the last one counts.
    fn choose_namespace(&mut self, choice: NamespaceChoice) {
        let is_every = choice == NamespaceChoice::Every;
        if self.namespace != NamespaceChoice::Own
            && is_every != (self.namespace == NamespaceChoice::Every)
        {
            self.refuse("-N with --all-namespaces".to_owned(), ONE_OR_EVERY);
        }
        self.namespace = choice;
    }

    /// Refuses what cannot be told of another namespace.
    fn check_namespace(&mut self) {
        let option = match self.namespace {
            NamespaceChoice::Own => return,
            NamespaceChoice::Named(_) => "-N",
            NamespaceChoice::Every => "--all-namespaces",
        };
        if self.summary.is_some() {
            self.refuse(format!("-s with {option}"), NO_COUNTERS_THERE);
        }
        match self.action {
            Action::Follow(_) => self.refuse(format!("-E with {option}"), NO_EVENTS_THERE),
            Action::Destroy if self.namespace == NamespaceChoice::Every => {
                self.refuse(format!("-K with {option}"), NO_KILL_EVERYWHERE);
            }
            _ => {}
        }
    }

    /// Refuses what cannot be repeated.
    fn check_every(&mut self) {
        if self.every.is_none() {
            return;
        }
        if self.summary.is_some() {
            self.refuse("-s with --every".to_owned(), NO_COUNTERS_OF_PASSES);
        }
        match self.action {
            Action::Follow(_) => self.refuse("-E with --every".to_owned(), NO_PASSES_OF_EVENTS),
            Action::Destroy => self.refuse("-K with --every".to_owned(), NO_KILL_AT_TICKS),
            Action::List | Action::Repeat(_) => {}
        }
    }

    /// Refuses the command line, unless it is refused for something before.
    fn refuse(&mut self, what: String, refusal: Refusal) {
        self.refused.get_or_insert((what, refusal));
    }

    fn family(&mut self, family: AddressFamily) {
        self.families = self.families.union(FamilySet::of(family));
        if !matches!(family, AddressFamily::Inet | AddressFamily::Inet6) {
            self.named = self.named.union(TableSet::of_family(family));
        }
        self.filter.family = Some(family);
        self.usual = self.usual.union(usual_states_of_family(family));
        self.select(Selected::ByFlags);
    }

    fn filter_file(&mut self, path: &BString) -> Result<(), CliError> {
        match self.filter.file.replace(path.clone()) {
            Some(_) => Err(CliError::TwoFilterFiles),
            None => Ok(()),
        }
    }

    fn table(&mut self, table: SocketTable) {
        self.tables = self.tables.union(TableSet::of(table));
        self.named = self.named.union(TableSet::of(table));
        self.usual = self.usual.union(usual_states_of_table(table));
        self.select(Selected::ByFlags);
    }

    fn select(&mut self, how: Selected) {
        if self.selected != Selected::ByQuery {
            self.selected = how;
        }
    }

    fn family_word(&mut self, word: &BStr) -> Result<(), CliError> {
        let family = match word.as_bytes() {
            b"inet" => AddressFamily::Inet,
            b"inet6" => AddressFamily::Inet6,
            b"link" => AddressFamily::Packet,
            b"unix" => AddressFamily::Unix,
            b"netlink" => AddressFamily::Netlink,
            b"vsock" => AddressFamily::Vsock,
            b"xdp" => AddressFamily::Xdp,
            b"tipc" => AddressFamily::Tipc,
            _ => return Err(CliError::UnknownFamily(word.to_owned())),
        };
        match self.refusal_of(TableSet::of_family(family)) {
            Some(refusal) => self.refuse(format!("-f {word}"), refusal),
            None => self.family(family),
        }
        Ok(())
    }

    /// Takes the value of `-A`. The first one forgets the tables that flags chose, and chooses the
    /// states of connected sockets if no option chose any.
    fn table_list(&mut self, list: &BStr) -> Result<(), CliError> {
        if self.selected != Selected::ByQuery {
            self.tables = TableSet::EMPTY;
            self.chosen.get_or_insert(StateSet::CONNECTED);
            self.selected = Selected::ByQuery;
        }
        for word in list.split_str(",") {
            let (name, remove) = match word.strip_prefix(b"!") {
                Some(name) => (name, true),
                None => (word, false),
            };
            let tables = tables_of_word(name)
                .ok_or_else(|| CliError::UnknownTable(name.as_bstr().to_owned()))?;
            if remove {
                self.tables = self.tables.without(tables);
                continue;
            }
            self.tables = self.tables.union(tables);
            // These two mean whatever there is.
            if name != b"all" && name != b"inet" {
                self.named = self.named.union(tables);
            }
            self.usual = tables.iter().map(usual_states_of_table).fold(self.usual, StateSet::union);
            if let Some(refusal) = self.refusal_of(tables) {
                self.refuse(format!("-A {}", name.as_bstr()), refusal);
            }
        }
        Ok(())
    }

    /// Returns why tables cannot be listed by name, if none of them can.
    fn refusal_of(&self, tables: TableSet) -> Option<Refusal> {
        match self.host.tables {
            _ if !tables.intersects(READABLE) => Some(NO_TIPC),
            Tables::Text if !tables.intersects(READABLE_AS_TEXT) => Some(NOT_AS_TEXT),
            _ => None,
        }
    }

    /// Returns what is done with the sockets, once the whole command line is known.
    fn action(&self) -> Result<Action, CliError> {
        match self.action {
            Action::Follow(_) if self.order != Order::default() => {
                Err(CliError::Together("--sort and --limit", "-E"))
            }
            Action::Destroy if self.order != Order::default() => {
                Err(CliError::Together("--sort and --limit", "-K"))
            }
            Action::Follow(_) => Ok(Action::Follow(self.end()?)),
            Action::List if let Some(period) = &self.every => {
                if self.output != OutputFormat::JsonLines {
                    return Err(CliError::Without("--every", "--json-lines"));
                }
                let period = duration("--every", period)?;
                Ok(Action::Repeat(Ticks { period, end: self.end()? }))
            }
            _ if self.after.is_some() => Err(CliError::Without("--for", "-E or --every")),
            _ if self.count.as_ref().is_some_and(|count| !count.is_empty()) => {
                Err(CliError::CountOfNothing)
            }
            // Security: nobody means every socket of the machine.
            Action::Destroy if self.filter.is_empty() => Err(CliError::no_filter()),
            action => Ok(action),
        }
    }

    /// With `-E` or `--every` the number ends it, and the sockets are printed.
    fn answer(&self, action: Action) -> ListingKind {
        match (&self.count, action) {
            (None, _) | (_, Action::Follow(_) | Action::Repeat(_)) => ListingKind::Sockets,
            (Some(_), Action::List | Action::Destroy) => ListingKind::Number,
        }
    }

    fn end(&self) -> Result<End, CliError> {
        let after = self.after.as_ref().map(|value| duration("--for", value));
        let count = self.count.as_ref().map(|value| {
            let count = value.to_str().ok().and_then(|value| value.parse().ok());
            let what = if self.every.is_some() {
                "--every a number of passes"
            } else {
                "-E a number of events"
            };
            let expected = format!("with {what} above 0");
            count.filter(|count| *count > 0).ok_or_else(|| wanted("--count", expected, value))
        });
        Ok(End { after: after.transpose()?, count: count.transpose()? })
    }

    fn finish(mut self, words: &[BString]) -> Result<Show, CliError> {
        let understood = self.words(words);
        if self.selected == Selected::Nothing {
            self.tables = TableSet::ALL.without(TableSet::of(SocketTable::Tipc));
            self.chosen.get_or_insert(StateSet::CONNECTED);
        }
        let summary = match (self.summary, self.selected) {
            (None, _) => Summary::None,
            (Some(()), Selected::Nothing) if words.is_empty() => Summary::Only,
            (Some(()), _) => Summary::Before,
        };
        self.widen();
        let states = self.chosen.unwrap_or(self.usual);
        let action = self.action()?;
        let answer = self.answer(action);
        let named = self.named.intersection(self.tables);
        let Self { tables, families, filter, details, processes, lines, names, hidden, .. } = self;
        let (namespace, hosts) = (self.namespace, self.hosts);
        let ungranted_processes = self.ungranted_processes;
        let selection = match understood {
            Err(error) => Err(NothingToShow::States(error)),
            Ok(()) if tables.is_empty() => Err(NothingToShow::Tables),
            Ok(()) => {
                let details = match answer {
                    ListingKind::Sockets => details.of_kernel(),
                    ListingKind::Number => Details::NONE,
                };
                Ok(Selection {
                    tables,
                    named,
                    families,
                    states,
                    details,
                    ..Selection::everything()
                })
            }
        };
        let Self { output, order, .. } = self;
        Ok(Show {
            action,
            namespace,
            summary,
            selection,
            filter,
            details,
            processes,
            ungranted_processes,
            lines,
            names,
            hosts,
            hidden,
            output,
            answer,
            order,
        })
    }

    /// Takes the words behind the options. Words for states replace what options chose; if they leave
    /// none, nothing was chosen.
    fn words(&mut self, words: &[BString]) -> Result<(), CliError> {
        let words = Operands::parse(words)?;
        if let Some(states) = words.states {
            self.chosen = Some(states).filter(|states| !states.is_empty());
        }
        self.filter.text = words.filter.iter().collect();
        Ok(())
    }

    fn widen(&mut self) {
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
    }
}

/// Returns the value of an option that takes a length of time.
fn duration(option: &'static str, value: &BString) -> Result<Duration, CliError> {
    let hours = MAX_DURATION.as_secs() / 3600;
    let expected = format!("a duration such as 10s, 500ms, 5m or 1h, at most {hours}h");
    parse_duration(value.as_bstr())
        .filter(|duration| *duration <= MAX_DURATION)
        .ok_or_else(|| wanted(option, expected, value))
}

/// Returns the error of a value that an option does not take.
fn wanted(option: &'static str, expected: String, value: &BString) -> CliError {
    let found = Some(value.clone()).filter(|value| !value.is_empty());
    CliError::Value { option, expected, found }
}

/// Returns an option as a person would write it.
fn spelling(typed: &Typed) -> String {
    match typed.flag.short {
        Some(letter) => format!("-{}", char::from(letter)),
        None => format!("--{}", typed.flag.long),
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

/// Why options are refused that need sock_diag.
const NEEDS_SOCK_DIAG: Refusal =
    Refusal::NoSource("the /proc tables do not show it, and there is no sock_diag here");
const NOT_AS_TEXT: Refusal = Refusal::NoSource("the /proc tables do not show its sockets");
const NO_TIPC: Refusal = Refusal::Never("TIPC sockets are not supported");
const NO_COUNTERS_THERE: Refusal =
    Refusal::NoSource("the counters are in /proc, which shows the host's own namespace alone");
const NO_EVENTS_THERE: Refusal =
    Refusal::NoSource("the host follows events in its own namespace alone");
const NO_KILL_EVERYWHERE: Refusal =
    Refusal::Never("sockets are closed in one network namespace, which -N names");
const ONE_OR_EVERY: Refusal =
    Refusal::Never("one of them says which network namespaces are listed");
const NO_COUNTERS_OF_PASSES: Refusal =
    Refusal::Never("a pass lists sockets, and the counters are of the whole machine");
const NO_PASSES_OF_EVENTS: Refusal = Refusal::Never("events are printed as they come");
const NO_KILL_AT_TICKS: Refusal =
    Refusal::Never("what is admitted is closed once, and not at each tick");
const NO_KILL_OF_EVENTS: Refusal = Refusal::Never("what has ended cannot be closed again");

/// The tables that can be listed.
const READABLE: TableSet = TableSet::ALL.without(TableSet::of(SocketTable::Tipc));

/// The tables that `/proc` can show.
const READABLE_AS_TEXT: TableSet = READABLE
    .without(TableSet::of(SocketTable::Dccp))
    .without(TableSet::of(SocketTable::Sctp))
    .without(TableSet::of(SocketTable::VsockStream))
    .without(TableSet::of(SocketTable::VsockDatagram))
    .without(TableSet::of(SocketTable::Xdp))
    .without(TableSet::of(SocketTable::Mptcp));

/// Returns the tables that a word of `-A` stands for.
fn tables_of_word(word: &[u8]) -> Option<TableSet> {
    use SocketTable as S;
    let tables: &[SocketTable] = match word {
        b"all" => return Some(TableSet::ALL.without(TableSet::of(S::Tipc))),
        b"inet" => &[S::Raw, S::Udp, S::Tcp, S::Dccp, S::Sctp, S::Mptcp],
        b"udp" => &[S::Udp],
        b"dccp" => &[S::Dccp],
        b"tcp" => &[S::Tcp],
        b"mptcp" => &[S::Mptcp],
        b"sctp" => &[S::Sctp],
        b"raw" => &[S::Raw],
        b"unix" => &[S::UnixStream, S::UnixDatagram, S::UnixSeqPacket],
        b"unix_stream" | b"u_str" => &[S::UnixStream],
        b"unix_dgram" | b"u_dgr" => &[S::UnixDatagram],
        b"unix_seqpacket" | b"u_seq" => &[S::UnixSeqPacket],
        b"packet" => &[S::PacketRaw, S::PacketDatagram],
        b"packet_raw" | b"p_raw" => &[S::PacketRaw],
        b"packet_dgram" | b"p_dgr" => &[S::PacketDatagram],
        b"netlink" => &[S::Netlink],
        b"tipc" => &[S::Tipc],
        b"vsock" => &[S::VsockStream, S::VsockDatagram],
        b"vsock_stream" | b"v_str" => &[S::VsockStream],
        b"vsock_dgram" | b"v_dgr" => &[S::VsockDatagram],
        b"xdp" => &[S::Xdp],
        _ => return None,
    };
    Some(tables.iter().copied().collect())
}

#[cfg(test)]
mod tests {
    use bstr::BString;
    use rstest::rstest;
    use socket_query::Grant;

    use super::*;

    fn plan_with(line: &str, grants: GrantSet) -> Result<Plan, CliError> {
        plan_in(line, Host { grants, tables: Tables::Text })
    }

    fn plan_in(line: &str, host: Host) -> Result<Plan, CliError> {
        let words: Vec<_> = line.split_whitespace().map(BString::from).collect();
        Plan::new(&RawArgs::parse(&words)?, host)
    }

    fn show(line: &str) -> Show {
        match plan_with(line, GrantSet::empty()) {
            Ok(Plan::Show(show)) => *show,
            other => panic!("{line:?} gives {other:?}"),
        }
    }

    /// What is shown where there is sock_diag.
    fn live(line: &str) -> Show {
        match plan_in(line, Host { grants: GrantSet::empty(), tables: Tables::Live }) {
            Ok(Plan::Show(show)) => *show,
            other => panic!("{line:?} gives {other:?}"),
        }
    }

    fn tables(words: &str) -> TableSet {
        words.split(' ').flat_map(|word| tables_of_word(word.as_bytes()).unwrap().iter()).collect()
    }

    #[rstest]
    #[case::nothing("-a", "")]
    #[case::tables("-tM", "tcp mptcp")]
    #[case::family("--vsock", "vsock")]
    #[case::family_word("-f xdp", "xdp")]
    #[case::families_of_many_protocols("-46", "")]
    #[case::word("-A sctp,raw", "sctp raw")]
    #[case::words_of_many_protocols("-A all", "")]
    #[case::inet("-A inet", "")]
    #[case::forgotten_by_query("-t -A udp", "udp")]
    #[case::family_beside_query("-x -A udp", "unix udp")]
    #[case::taken_away("-A sctp,!sctp,udp", "udp")]
    fn tables_asked_for_by_name_are_known(#[case] line: &str, #[case] named: &str) {
        let expected = if named.is_empty() { TableSet::EMPTY } else { tables(named) };
        assert_eq!(live(line).selection.unwrap().named, expected);
    }

    const UDP_DEFAULT: StateSet = StateSet::of(TcpState::Established);
    const UNCONNECTED: StateSet = StateSet::of(TcpState::Close);

    #[rstest]
    #[case::nothing("", "all", StateSet::CONNECTED)]
    #[case::tcp("-t", "tcp", StateSet::CONNECTED)]
    #[case::udp_is_listed_when_connected("-u", "udp", UDP_DEFAULT)]
    #[case::raw("-w", "raw", UDP_DEFAULT)]
    #[case::tables_add_their_states("-ut", "udp tcp", StateSet::CONNECTED)]
    #[case::packet("-0", "packet", UNCONNECTED)]
    #[case::link_word("-f link", "packet", UNCONNECTED)]
    #[case::netlink("-f netlink", "netlink", UNCONNECTED)]
    #[case::unix("-x", "unix", StateSet::CONNECTED)]
    #[case::family_brings_its_tables("-4", "inet", StateSet::CONNECTED)]
    #[case::family_word("-f inet", "inet", StateSet::CONNECTED)]
    #[case::family_keeps_its_table("-4u", "udp", StateSet::CONNECTED)]
    #[case::table_and_other_family("-tx", "tcp unix", StateSet::CONNECTED)]
    #[case::all("-ta", "tcp", StateSet::ALL)]
    #[case::listening("-tl", "tcp", StateSet::LISTENING)]
    #[case::last_view_counts("-tla", "tcp", StateSet::ALL)]
    #[case::last_view_counts_the_other_way("-tal", "tcp", StateSet::LISTENING)]
    #[case::query("-A udp", "udp", StateSet::CONNECTED)]
    #[case::query_forgets_flags_before("-t -A udp", "udp", StateSet::CONNECTED)]
    #[case::flags_behind_query_add("-A udp -t", "udp tcp", StateSet::CONNECTED)]
    #[case::families_survive_query("-xA tcp", "tcp unix", StateSet::CONNECTED)]
    #[case::queries_add("-A udp -A tcp", "udp tcp", StateSet::CONNECTED)]
    #[case::query_keeps_a_view_before("-lA tcp", "tcp", StateSet::LISTENING)]
    #[case::view_behind_query_counts("-A tcp -a", "tcp", StateSet::ALL)]
    #[case::query_takes_away("-A inet,!mptcp,!sctp,!dccp,!raw", "udp tcp", StateSet::CONNECTED)]
    #[case::query_of_all("-A all,!tcp -a", "all", StateSet::ALL)]
    fn selects_tables_and_states(
        #[case] line: &str,
        #[case] words: &str,
        #[case] states: StateSet,
    ) {
        let selection = show(line).selection.unwrap();
        let mut expected = tables(words);
        if line.contains("all,!tcp") {
            expected = expected.without(TableSet::of(SocketTable::Tcp));
        }
        assert_eq!(selection.tables, expected);
        assert_eq!(selection.states, states);
    }

    #[rstest]
    #[case::tcp("-t", "Inet Inet6")]
    #[case::one_family("-t4", "Inet")]
    #[case::both_families("-t46", "Inet Inet6")]
    #[case::unix_with_tcp("-tx", "Unix Inet Inet6")]
    #[case::unix_with_ipv6("-x6", "Unix Inet6")]
    fn selects_families(#[case] line: &str, #[case] expected: &str) {
        let families = show(line).selection.unwrap().families;
        let names: Vec<_> = families.iter().map(|family| format!("{family:?}")).collect();
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn nothing_is_left_when_every_table_is_taken_away() {
        assert_eq!(show("-A !tcp").selection, Err(NothingToShow::Tables));
    }

    #[rstest]
    #[case::alone("-s", Summary::Only)]
    #[case::with_views_and_details("-sane", Summary::Only)]
    #[case::with_a_table("-st", Summary::Before)]
    #[case::with_a_family("-s4", Summary::Before)]
    #[case::with_a_query("-sA tcp", Summary::Before)]
    #[case::without("-t", Summary::None)]
    fn summary_comes_before_a_listing_that_was_asked_for(
        #[case] line: &str,
        #[case] summary: Summary,
    ) {
        assert_eq!(show(line).summary, summary);
    }

    #[rstest]
    #[case::timer("-to", [true, false, false])]
    #[case::extended_shows_timers("-te", [true, true, false])]
    #[case::info("-ti", [false, false, true])]
    #[case::others("-tmO --tos --cgroup --inet-sockopt", [false, false, false])]
    fn details_are_those_that_the_tables_have(#[case] line: &str, #[case] expected: [bool; 3]) {
        let details = show(line).details;
        let seen = [Detail::Timer, Detail::Extended, Detail::Info].map(|d| details.contains(d));
        assert_eq!(seen, expected);
    }

    #[rstest]
    #[case::mptcp("-M", "mptcp", StateSet::CONNECTED)]
    #[case::sctp("-Sa", "sctp", StateSet::ALL)]
    #[case::dccp("-dl", "dccp", StateSet::LISTENING)]
    #[case::vsock("--vsock", "vsock_stream vsock_dgram", StateSet::CONNECTED)]
    #[case::vsock_word("-f vsock", "vsock_stream vsock_dgram", StateSet::CONNECTED)]
    #[case::xdp("--xdp", "xdp", UNCONNECTED)]
    #[case::xdp_word("-f xdp", "xdp", UNCONNECTED)]
    #[case::by_name("-A sctp,v_str -a", "sctp v_str", StateSet::ALL)]
    #[case::bound_inactive("-tB", "tcp", StateSet::of(TcpState::BoundInactive))]
    fn sock_diag_shows_more(#[case] line: &str, #[case] words: &str, #[case] states: StateSet) {
        let selection = live(line).selection.unwrap();
        assert_eq!((selection.tables, selection.states), (tables(words), states));
    }

    #[rstest]
    #[case::nothing("-t", Details::NONE)]
    #[case::timers_come_always("-to --cgroup --inet-sockopt", Details::NONE)]
    #[case::memory("-tm", Details::MEMORY)]
    #[case::info("-ti", Details::INFO)]
    #[case::service("-t --tos", Details::TRAFFIC_CLASS)]
    #[case::filter("-0b", Details::FILTER)]
    fn only_what_is_shown_is_asked_for(#[case] line: &str, #[case] details: Details) {
        assert_eq!(live(line).selection.unwrap().details, details);
    }

    #[test]
    fn extended_asks_for_no_account_and_no_memory() {
        let details = live("-ae").selection.unwrap().details;
        assert!(details.contains(Details::PENDING.union(Details::RINGS).union(Details::UMEM)));
        for left_out in [Details::INFO, Details::MEMORY, Details::TRAFFIC_CLASS, Details::FILTER] {
            assert!(!details.contains(left_out), "{left_out:?}");
        }
    }

    #[rstest]
    #[case::filters("-b", Detail::Filters, true)]
    #[case::filters_show_timers("-b", Detail::Timer, true)]
    #[case::memory("-m", Detail::Memory, true)]
    #[case::service("--tos", Detail::TypeOfService, true)]
    #[case::cgroup("--cgroup", Detail::Cgroup, true)]
    #[case::options("--inet-sockopt", Detail::SocketOptions, true)]
    #[case::nothing_else("-m", Detail::Timer, false)]
    fn each_option_shows_its_detail(
        #[case] line: &str,
        #[case] detail: Detail,
        #[case] is_shown: bool,
    ) {
        assert_eq!(live(line).details.contains(detail), is_shown);
    }

    #[test]
    fn option_o_puts_a_socket_on_one_line() {
        assert_eq!((live("-tO").lines, live("-t").lines), (LineLayout::One, LineLayout::Many));
    }

    /// Where everything is granted and there is sock_diag.
    fn powerful(line: &str) -> Result<Plan, CliError> {
        plan_in(line, Host { grants: Grant::ALL.into_iter().collect(), tables: Tables::Live })
    }

    fn action(line: &str) -> Action {
        match powerful(line) {
            Ok(Plan::Show(show)) => show.action,
            other => panic!("{line:?} gives {other:?}"),
        }
    }

    #[rstest]
    #[case::without_end("-E", None, None)]
    #[case::twice("-tE --events", None, None)]
    #[case::time("-E --for 10", Some(10_000), None)]
    #[case::time_before("--for=500ms -E", Some(500), None)]
    #[case::count("-E --count 3", None, Some(3))]
    #[case::both("--count=3 -E --for 1m", Some(60_000), Some(3))]
    #[case::last_counts("-E --for 1 --for 2 --count 3 --count 4", Some(2_000), Some(4))]
    fn events_end_at_their_limit(
        #[case] line: &str,
        #[case] milliseconds: Option<u64>,
        #[case] count: Option<u64>,
    ) {
        let after = milliseconds.map(Duration::from_millis);
        assert_eq!(action(line), Action::Follow(End { after, count }));
    }

    #[rstest]
    #[case::without_end("--json-lines --every 60", 60_000, End::default())]
    #[case::count("--count 3 --every=500ms --json-lines", 500, End { after: None, count: Some(3) })]
    #[case::time(
        "--json-lines --every 1s --for 1m -tan",
        1_000,
        End { after: Some(Duration::from_mins(1)), count: None }
    )]
    fn listing_is_repeated_until_its_end(
        #[case] line: &str,
        #[case] milliseconds: u64,
        #[case] end: End,
    ) {
        let period = Duration::from_millis(milliseconds);
        assert_eq!(action(line), Action::Repeat(Ticks { period, end }));
        assert_eq!(show(line).answer, ListingKind::Sockets);
    }

    #[rstest]
    #[case::counters("-s", "a pass lists sockets, and the counters are of the whole machine")]
    #[case::events("-E", "events are printed as they come")]
    #[case::kill("-K", "what is admitted is closed once, and not at each tick")]
    fn what_cannot_be_repeated_is_refused(#[case] option: &str, #[case] reason: &str) {
        let error = powerful(&format!("--json-lines --every 1 {option} sport = 22")).unwrap_err();
        assert_eq!(error.to_string(), format!("{option} with --every is refused: {reason}"));
        assert_eq!((error.status(), error.shows_usage()), (1, false));
    }

    #[rstest]
    // A pass that is over before the next tick, just at it, and after one or more.
    #[case::in_time(0, 1_000)]
    #[case::late_by_almost_a_period(999, 1_000)]
    #[case::at_the_tick(1_000, 2_000)]
    #[case::after_several(3_500, 4_000)]
    fn missed_ticks_are_left_out(#[case] now: u64, #[case] next: u64) {
        let ticks = Ticks { period: Duration::from_secs(1), end: End::default() };
        let (tick, after) = (Instant::now(), Duration::from_millis);
        assert_eq!(ticks.next(tick, tick + after(now)), tick + after(next));
    }

    #[rstest]
    #[case::text("--every 1", "option --every says nothing without --json-lines")]
    #[case::array("--json --every 1", "option --every says nothing without --json-lines")]
    #[case::no_passes(
        "--json-lines --every 1 --count",
        "option --count needs with --every a number of passes above 0"
    )]
    #[case::never(
        "--json-lines --every 0",
        "option --every needs a duration such as 10s, 500ms, 5m or 1h, at most 720h, but found \"0\""
    )]
    #[case::no_number("-E --count", "option --count needs with -E a number of events above 0")]
    #[case::zero(
        "-E --count 0",
        "option --count needs with -E a number of events above 0, but found \"0\""
    )]
    #[case::too_large(
        "-E --count 18446744073709551616",
        "option --count needs with -E a number of events above 0, but found \"18446744073709551616\""
    )]
    #[case::no_duration(
        "-E --for soon",
        "option --for needs a duration such as 10s, 500ms, 5m or 1h, at most 720h, but found \"soon\""
    )]
    #[case::too_long(
        "-E --for 2592001",
        "option --for needs a duration such as 10s, 500ms, 5m or 1h, at most 720h, but found \"2592001\""
    )]
    #[case::hostile(
        "-E --for \u{1b}[2J",
        "option --for needs a duration such as 10s, 500ms, 5m or 1h, at most 720h, but found \"\\x1b[2J\""
    )]
    #[case::no_time(
        "-E --for=",
        "option --for needs a duration such as 10s, 500ms, 5m or 1h, at most 720h"
    )]
    #[case::no_events("-t --for 1", "option --for says nothing without -E or --every")]
    fn ends_that_make_no_sense_show_the_usage(#[case] line: &str, #[case] message: &str) {
        let error = powerful(line).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!((error.status(), error.shows_usage()), (255, true));
    }

    #[rstest]
    #[case::events("-E --limit 3", "--sort and --limit do nothing beside -E")]
    #[case::kill("-K --sort port", "--sort and --limit do nothing beside -K")]
    fn options_without_listing_refuse_an_order(#[case] line: &str, #[case] message: &str) {
        let error = powerful(line).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!((error.status(), error.shows_usage()), (255, true));
    }

    #[rstest]
    #[case::no_filter(
        "-K",
        "-K is refused: without a filter expression it would close every socket there is"
    )]
    #[case::tables_are_no_filter(
        "-tunK4",
        "-K is refused: without a filter expression it would close every socket there is"
    )]
    #[case::with_events("-KE", "-K with -E is refused: what has ended cannot be closed again")]
    #[case::events_with_it("-EK", "-K with -E is refused: what has ended cannot be closed again")]
    fn nothing_is_closed_without_saying_what(#[case] line: &str, #[case] message: &str) {
        let error = powerful(line).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!((error.status(), error.shows_usage()), (1, false));
    }

    #[rstest]
    #[case::events("-E", Grant::Events)]
    #[case::kill("-K", Grant::Kill)]
    fn a_grant_is_of_no_use_without_sock_diag(#[case] line: &str, #[case] grant: Grant) {
        let error = plan_with(line, GrantSet::empty().with(grant)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{line} is refused: the /proc tables do not show it, and there is no sock_diag here"
            )
        );
    }

    #[rstest]
    #[case::family("-f tipc", "-f tipc is refused: TIPC sockets are not supported")]
    #[case::table("-A tipc", "-A tipc is refused: TIPC sockets are not supported")]
    #[case::option("--tipc", "--tipc is refused: TIPC sockets are not supported")]
    fn tipc_is_refused_everywhere(#[case] line: &str, #[case] message: &str) {
        let host = Host { grants: GrantSet::empty(), tables: Tables::Live };
        assert_eq!(plan_in(line, host).unwrap_err().to_string(), message);
    }

    #[test]
    fn options_that_need_sock_diag_are_refused_without_it() {
        let flags = crate::flags().iter().filter(|flag| flag.needs_sock_diag());
        for flag in flags.filter(|flag| flag.grant().is_none()) {
            let line = format!("--{}", flag.long);
            assert_eq!(plan_with(&line, GrantSet::empty()).unwrap_err().status(), 1, "{line}");
            assert!(live(&line).selection.is_ok(), "{line}");
        }
    }

    #[test]
    fn parts_of_the_listing_are_left_out_on_request() {
        assert_eq!(show("-HQ").hidden, [OptionalColumn::Header, OptionalColumn::Queues]);
        assert_eq!(show("-n").names, NameDisplay::Numeric);
        assert_eq!(show("").names, NameDisplay::Resolved);
    }

    #[rstest]
    #[case::text("-t", OutputFormat::Text, ListingKind::Sockets)]
    #[case::json("--json", OutputFormat::Json, ListingKind::Sockets)]
    #[case::last_form_counts("--json --json-lines", OutputFormat::JsonLines, ListingKind::Sockets)]
    #[case::number("--count", OutputFormat::Text, ListingKind::Number)]
    #[case::number_as_json("--json --count -t", OutputFormat::Json, ListingKind::Number)]
    fn options_choose_what_is_printed(
        #[case] line: &str,
        #[case] output: OutputFormat,
        #[case] answer: ListingKind,
    ) {
        let show = show(line);
        assert_eq!((show.output, show.answer), (output, answer));
    }

    #[test]
    fn options_choose_the_order() {
        use crate::cli::{Direction, SortKey};

        let order = show("--sort uid --sort -port,state --limit=3").order;
        let keys = vec![(SortKey::Port, Direction::Down), (SortKey::State, Direction::Up)];
        assert_eq!(order, Order { keys, limit: Some(3) });
        assert_eq!(show("-t").order, Order::default());
    }

    #[test]
    fn a_number_of_sockets_needs_no_details() {
        assert_eq!(live("-tim --count").selection.unwrap().details, Details::NONE);
    }

    #[test]
    fn a_number_behind_count_is_for_events() {
        let error = plan_with("--count 3 -t", GrantSet::empty()).unwrap_err();
        let message =
            "--count takes a number with -E and --every only; --limit=N prints N sockets at most";
        assert_eq!((error.to_string().as_str(), error.status()), (message, 255));
    }

    #[test]
    fn every_option_word_is_understood() {
        for flag in crate::flags() {
            let Some(words) = flag.words else { continue };
            for word in words.all {
                let plain = powerful(&format!("--{}={word}", flag.long));
                assert!(plain.is_ok(), "--{}={word}: {plain:?}", flag.long);
                let Some((prefix, _)) = words.prefix else { continue };
                let changed = powerful(&format!("--{}={word},{prefix}{word}", flag.long));
                assert!(changed.is_ok() && changed != plain, "{prefix}{word}");
            }
        }
    }

    #[rstest]
    #[case::short("-h")]
    #[case::word("-f help")]
    #[case::before_a_refused_option("-K -h")]
    #[case::before_a_wrong_family("-h -f nonsense")]
    fn help_ends_everything(#[case] line: &str) {
        assert_eq!(plan_with(line, GrantSet::empty()), Ok(Plan::Help));
    }

    #[rstest]
    #[case::family(
        "-f nonsense",
        "\"nonsense\" is no family; expected inet, inet6, link, unix, netlink, vsock or xdp"
    )]
    #[case::table("-A tcp,nonsense", "\"nonsense\" is no socket table; the usage below names them")]
    #[case::empty_table("-A tcp,", "\"\" is no socket table; the usage below names them")]
    #[case::escaped("-A \u{1b}[2J", "\"\\x1b[2J\" is no socket table; the usage below names them")]
    fn unknown_words_show_the_usage(#[case] line: &str, #[case] message: &str) {
        let error = plan_with(line, GrantSet::empty()).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!((error.status(), error.shows_usage()), (255, true));
    }

    #[rstest]
    #[case::kill("-K", "-K is refused: it needs the grant \"kill\", which this host does not give")]
    #[case::events(
        "-E",
        "-E is refused: it needs the grant \"events\", which this host does not give"
    )]
    #[case::namespace(
        "-N x",
        "-N is refused: it needs the grant \"namespaces\", which this host does not give"
    )]
    #[case::long(
        "--vsock",
        "--vsock is refused: the /proc tables do not show it, and there is no sock_diag here"
    )]
    #[case::dump(
        "-D /tmp/x",
        "-D is refused: it writes raw kernel records to a file of the system"
    )]
    #[case::family("-f vsock", "-f vsock is refused: the /proc tables do not show its sockets")]
    #[case::table("-A sctp", "-A sctp is refused: the /proc tables do not show its sockets")]
    #[case::first_of_several(
        "-ZpK",
        "-Z is refused: security contexts are no part of a socket listing here"
    )]
    fn refusals_name_the_grant_or_the_reason(#[case] line: &str, #[case] message: &str) {
        let error = plan_with(line, GrantSet::empty()).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!((error.status(), error.shows_usage()), (1, false));
    }

    #[rstest]
    #[case::none("-t", None)]
    #[case::one("-tN blue", Some("blue"))]
    #[case::attached("-tNblue", Some("blue"))]
    #[case::long("--net=blue -t", Some("blue"))]
    #[case::last_counts("-N red -N blue", Some("blue"))]
    #[case::empty("--net=", Some(""))]
    fn a_namespace_is_chosen_by_name(#[case] line: &str, #[case] namespace: Option<&str>) {
        match powerful(line) {
            Ok(Plan::Show(show)) => {
                let chosen = namespace.map(BString::from).map(NamespaceChoice::Named);
                assert_eq!(show.namespace, chosen.unwrap_or_default());
            }
            other => panic!("{line:?} gives {other:?}"),
        }
    }

    #[rstest]
    #[case::counters(
        "-stN blue",
        "-s with -N is refused: the counters are in /proc, which shows the host's own namespace alone"
    )]
    #[case::counters_alone(
        "-N blue -s",
        "-s with -N is refused: the counters are in /proc, which shows the host's own namespace alone"
    )]
    #[case::events(
        "-EN blue",
        "-E with -N is refused: the host follows events in its own namespace alone"
    )]
    #[case::counters_of_every_one(
        "-s --all-namespaces",
        "-s with --all-namespaces is refused: the counters are in /proc, which shows the host's own namespace alone"
    )]
    #[case::events_of_every_one(
        "--all-namespaces -E",
        "-E with --all-namespaces is refused: the host follows events in its own namespace alone"
    )]
    #[case::kill_everywhere(
        "-K --all-namespaces sport = 7",
        "-K with --all-namespaces is refused: sockets are closed in one network namespace, which -N names"
    )]
    #[case::one_and_every_one(
        "--all-namespaces -N blue",
        "-N with --all-namespaces is refused: one of them says which network namespaces are listed"
    )]
    #[case::every_one_and_one(
        "-N blue --all-namespaces",
        "-N with --all-namespaces is refused: one of them says which network namespaces are listed"
    )]
    fn options_without_meaning_in_another_namespace_are_refused(
        #[case] line: &str,
        #[case] message: &str,
    ) {
        let error = powerful(line).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!((error.status(), error.shows_usage()), (1, false));
    }

    #[rstest]
    #[case::nobody("-t", None)]
    #[case::processes("-tp", Some(Threads::Together))]
    #[case::threads("-tT", Some(Threads::Apart))]
    #[case::both("-tpT", Some(Threads::Apart))]
    #[case::both_the_other_way("-tTp", Some(Threads::Apart))]
    #[case::long("--processes", Some(Threads::Together))]
    fn processes_are_shown_under_their_grant(
        #[case] line: &str,
        #[case] processes: Option<Threads>,
    ) {
        match plan_with(line, GrantSet::empty().with(Grant::Processes)) {
            Ok(Plan::Show(show)) => assert_eq!(show.processes, processes),
            other => panic!("{line:?} gives {other:?}"),
        }
    }

    #[rstest]
    #[case::processes("-tp", Some(Threads::Together), "-p")]
    #[case::long("-t --processes", Some(Threads::Together), "-p")]
    #[case::threads_have_no_column("-tT", None, "-T")]
    #[case::both("-tpT", Some(Threads::Together), "-p")]
    #[case::both_the_other_way("-tTp", Some(Threads::Together), "-T")]
    fn ungranted_processes_leave_an_empty_column(
        #[case] line: &str,
        #[case] processes: Option<Threads>,
        #[case] option: &str,
    ) {
        let show = show(line);
        assert_eq!(show.processes, processes);
        assert_eq!(show.ungranted_processes.as_deref(), Some(option));
    }

    #[test]
    fn every_refused_option_of_the_table_is_refused() {
        for flag in crate::flags().iter().filter(|flag| flag.is_refused()) {
            let value = if flag.value == crate::FlagValue::None { "" } else { "=x" };
            let error =
                plan_with(&format!("--{}{value}", flag.long), GrantSet::empty()).unwrap_err();
            assert_eq!(error.status(), 1, "--{}", flag.long);
        }
    }
}
