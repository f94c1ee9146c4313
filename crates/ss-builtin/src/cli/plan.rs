//! The plan of a call, from its command line.

use bstr::{BStr, BString, ByteSlice as _};
use builtin_cli::{FlagDoc, RawArgs, Spelling, Typed};
use procnetsocket::{Details, Threads, model::TcpState};
use socket_query::{AddressFamily, GrantSet, StateSet, TableSet};

use super::{
    action::TypedActions,
    detail::{Detail, DetailSet},
    effect::Effect,
    error::{CliError, Refusal},
    flag::{FLAGS, NO_TIPC},
    operand::Operands,
    output::{ListingKind, Order, OutputFormat},
    selection::ChosenSockets,
    show::{
        CounterDisplay, FilterSource, NameDisplay, NamespaceChoice, NothingToShow, Show, TextLayout,
    },
    sort::sort_keys,
    word::{FAMILIES, READABLE, READABLE_AS_TEXT, TABLES},
};

/// What the builtin does in a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    Help,
    Version,
    Show(Box<Show>),
}

/// The features of the host that options need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostFeatures {
    pub(crate) grants: GrantSet,
    /// Whether the tables are those of the system, and sock_diag lists them.
    pub(crate) has_sock_diag: bool,
}

impl Plan {
    /// Returns the plan of a command line in a host. An option that ends the program ends parsing,
    /// too.
    pub(crate) fn parse(args: &[BString], host: HostFeatures) -> Result<Self, CliError> {
        let ends = |effect| matches!(effect, Effect::Help | Effect::Version);
        let raw = RawArgs::parse_until(FLAGS, args, ends)?;
        let mut draft = Draft::new(host);
        for typed in &raw.typed {
            match typed.flag.effect {
                Effect::Help => return Ok(Self::Help),
                Effect::Version => return Ok(Self::Version),
                Effect::FamilyWord if FAMILIES.find(typed.text()) == Some(None) => {
                    return Ok(Self::Help);
                }
                _ => draft.take(typed)?,
            }
        }
        draft.check_namespace();
        draft.check_every();
        draft.check_peers();
        if let Some((option, refusal)) = draft.refused.take() {
            return Err(CliError::Refused(option, refusal));
        }
        draft.finish(&raw.words).map(|show| Self::Show(Box::new(show)))
    }
}

/// A plan while options are still being read.
#[derive(Debug)]
struct Draft<'a> {
    host: HostFeatures,
    actions: TypedActions<'a>,
    namespace: NamespaceChoice,
    sockets: ChosenSockets,
    filter: FilterSource,
    has_summary: bool,
    details: DetailSet,
    processes: Option<Threads>,
    ungranted_processes: Option<Spelling>,
    layout: TextLayout,
    names: NameDisplay,
    resolves_hosts: bool,
    output: OutputFormat,
    order: Order,
    refused: Option<(String, Refusal)>,
}

impl<'a> Draft<'a> {
    fn new(host: HostFeatures) -> Self {
        Self {
            host,
            actions: TypedActions::default(),
            namespace: NamespaceChoice::Own,
            sockets: ChosenSockets::new(),
            filter: FilterSource::default(),
            has_summary: false,
            details: DetailSet::default(),
            processes: None,
            ungranted_processes: None,
            layout: TextLayout::default(),
            names: NameDisplay::default(),
            resolves_hosts: false,
            output: OutputFormat::default(),
            order: Order::default(),
            refused: None,
        }
    }

    fn take(&mut self, typed: &'a Typed<'a, Effect>) -> Result<(), CliError> {
        if let Some(refusal) = self.refusal_of_option(typed.flag.effect) {
            self.refuse(spelled(&typed.flag.doc), refusal);
            return Ok(());
        }
        match typed.flag.effect {
            Effect::Help | Effect::Version => {}
            Effect::OneLine => self.layout.one_line = true,
            Effect::Summary => self.has_summary = true,
            Effect::Numeric => self.names = NameDisplay::Numeric,
            // Compat: also with `-n`, which affects only ports.
            Effect::Resolve => self.resolves_hosts = true,
            Effect::Hide(column) => self.layout.hidden.push(column),
            Effect::Detail(detail) => {
                self.details.insert(detail);
                if matches!(detail, Detail::Extended | Detail::Filters) {
                    self.details.insert(Detail::Timer);
                }
            }
            Effect::States(states) => self.sockets.states(states),
            Effect::BoundInactive => self.sockets.states(StateSet::of(TcpState::BoundInactive)),
            Effect::Family(family) => self.family(family),
            Effect::FamilyWord => self.family_word(typed.text())?,
            Effect::Table(table) => self.sockets.table(table),
            Effect::TableList => self.table_list(typed.text())?,
            Effect::Events => self.actions.events = true,
            Effect::Kill => self.actions.kill = true,
            Effect::Every => self.actions.every = Some(typed),
            Effect::Count => self.actions.count = Some(typed),
            Effect::For => self.actions.after = Some(typed),
            Effect::FilterFile => self.filter_file(typed.text())?,
            Effect::Namespace => {
                self.choose_namespace(NamespaceChoice::Named(typed.text().into()));
            }
            Effect::EveryNamespace => self.choose_namespace(NamespaceChoice::Every),
            Effect::Processes(threads) => self.show_processes(typed, threads),
            Effect::Peers => self.sockets.peers = true,
            Effect::Output(output) => self.output = output,
            Effect::Sort => self.order.keys = sort_keys(typed.text())?,
            Effect::Limit => {
                let limit = typed.number(0..=u64::MAX);
                self.order.limit =
                    Some(limit.ok_or_else(|| typed.mismatch("a number of sockets"))?);
            }
            Effect::Refused(reason) => {
                self.refuse(spelled(&typed.flag.doc), Refusal::Because(reason));
            }
        }
        if self.actions.events && self.actions.kill {
            self.refuse("-K with -E".to_owned(), NO_KILL_OF_EVENTS);
        }
        Ok(())
    }

    /// Returns why this host cannot carry out an option.
    fn refusal_of_option(&self, effect: Effect) -> Option<Refusal> {
        match effect.grant() {
            Some(grant) if !self.host.grants.contains(grant) && !effect.degrades() => {
                Some(Refusal::NotGranted(grant))
            }
            _ if effect.needs_sock_diag() && !self.host.has_sock_diag => Some(NEEDS_SOCK_DIAG),
            _ => None,
        }
    }

    /// Adds `-p` or `-T`.
    ///
    /// Compat: `-T` alone shows processes, as it did before iproute2 6.7. Without the grant it adds
    /// no column, as in iproute2.
    fn show_processes(&mut self, typed: &Typed<'_, Effect>, threads: Threads) {
        let grant = typed.flag.effect.grant();
        let is_granted = grant.is_none_or(|grant| self.host.grants.contains(grant));
        if !is_granted {
            self.ungranted_processes.get_or_insert(typed.flag.doc.brief());
        }
        if is_granted || threads == Threads::Together {
            self.processes = self.processes.max(Some(threads));
        }
    }

    /// Adds `-N` or `--all-namespaces`. The last `-N` counts.
    fn choose_namespace(&mut self, choice: NamespaceChoice) {
        let is_every = choice == NamespaceChoice::Every;
        if self.namespace != NamespaceChoice::Own
            && is_every != (self.namespace == NamespaceChoice::Every)
        {
            self.refuse("-N with --all-namespaces".to_owned(), ONE_OR_EVERY);
        }
        self.namespace = choice;
    }

    /// Refuses options that do not work in another namespace.
    fn check_namespace(&mut self) {
        let option = match self.namespace {
            NamespaceChoice::Own => return,
            NamespaceChoice::Named(_) => "-N",
            NamespaceChoice::Every => "--all-namespaces",
        };
        if self.has_summary {
            self.refuse(format!("-s with {option}"), NO_COUNTERS_THERE);
        }
        if self.actions.events {
            self.refuse(format!("-E with {option}"), NO_EVENTS_THERE);
        }
        if self.actions.kill && self.namespace == NamespaceChoice::Every {
            self.refuse(format!("-K with {option}"), NO_KILL_EVERYWHERE);
        }
    }

    /// Refuses options that cannot be repeated.
    fn check_every(&mut self) {
        if self.actions.every.is_none() {
            return;
        }
        if self.has_summary {
            self.refuse("-s with --every".to_owned(), NO_COUNTERS_OF_PASSES);
        }
        if self.actions.events {
            self.refuse("-E with --every".to_owned(), NO_PASSES_OF_EVENTS);
        }
        if self.actions.kill {
            self.refuse("-K with --every".to_owned(), NO_KILL_AT_TICKS);
        }
    }

    /// Refuses `--peers` without a listing.
    fn check_peers(&mut self) {
        let is_such = |is_typed, option: &str| {
            (is_typed && self.sockets.peers).then(|| format!("{option} with --peers"))
        };
        let events = is_such(self.actions.events, "-E");
        if let Some(what) = events.or(is_such(self.actions.kill, "-K")) {
            self.refuse(what, NO_PEERS_OF_THESE);
        }
    }

    /// Refuses the command line. The first reason is kept.
    fn refuse(&mut self, what: String, refusal: Refusal) {
        self.refused.get_or_insert((what, refusal));
    }

    fn filter_file(&mut self, path: &BStr) -> Result<(), CliError> {
        match self.filter.file.replace(path.into()) {
            Some(_) => Err(CliError::TwoFilterFiles),
            None => Ok(()),
        }
    }

    fn family(&mut self, family: AddressFamily) {
        self.sockets.family(family);
        self.filter.family = Some(family);
    }

    fn family_word(&mut self, word: &BStr) -> Result<(), CliError> {
        let Some(Some(family)) = FAMILIES.find(word) else {
            return Err(CliError::UnknownFamily(word.to_owned()));
        };
        match self.refusal_of_tables(TableSet::of_family(family)) {
            Some(refusal) => self.refuse(format!("-f {word}"), refusal),
            None => self.family(family),
        }
        Ok(())
    }

    fn table_list(&mut self, list: &BStr) -> Result<(), CliError> {
        self.sockets.begin_query();
        for word in list.split_str(",") {
            let removed = word.strip_prefix(b"!");
            let name = removed.unwrap_or(word);
            let tables = TABLES.find(name).ok_or_else(|| CliError::UnknownTable(name.into()))?;
            if removed.is_some() {
                self.sockets.remove(tables);
                continue;
            }
            // These two mean every table that is available.
            let is_named = name != b"all" && name != b"inet";
            self.sockets.add(tables, is_named);
            if let Some(refusal) = self.refusal_of_tables(tables) {
                self.refuse(format!("-A {}", name.as_bstr()), refusal);
            }
        }
        Ok(())
    }

    /// Returns why tables cannot be listed by name, if none of them can.
    fn refusal_of_tables(&self, tables: TableSet) -> Option<Refusal> {
        if !tables.intersects(READABLE) {
            Some(Refusal::Because(NO_TIPC))
        } else if !self.host.has_sock_diag && !tables.intersects(READABLE_AS_TEXT) {
            Some(NOT_AS_TEXT)
        } else {
            None
        }
    }

    fn finish(mut self, words: &[BString]) -> Result<Show, CliError> {
        let understood = self.operands(words);
        let summary = match (self.has_summary, self.sockets.is_anything_chosen()) {
            (false, _) => CounterDisplay::None,
            (true, false) if words.is_empty() => CounterDisplay::Only,
            (true, _) => CounterDisplay::Before,
        };
        let action = self.actions.action(&self.order, self.output, !self.filter.is_empty())?;
        let answer = self.actions.answer();
        let details = match answer {
            ListingKind::Sockets => self.details.of_kernel(),
            ListingKind::Number => Details::NONE,
        };
        let mut selection = self.sockets.finish();
        selection.details = details;
        let selection = match understood {
            Err(error) => Err(NothingToShow::States(error)),
            Ok(()) if selection.tables.is_empty() => Err(NothingToShow::Tables),
            Ok(()) => Ok(selection),
        };
        Ok(Show {
            action,
            namespace: self.namespace,
            summary,
            selection,
            filter: self.filter,
            details: self.details,
            processes: self.processes,
            ungranted_processes: self.ungranted_processes,
            layout: self.layout,
            names: self.names,
            resolves_hosts: self.resolves_hosts,
            output: self.output,
            answer,
            order: self.order,
        })
    }

    /// Adds the words after the options. Words for states replace the states of options.
    fn operands(&mut self, words: &[BString]) -> Result<(), CliError> {
        let words = Operands::parse(words)?;
        if let Some(states) = words.states {
            self.sockets.states_of_words(states);
        }
        self.filter.text = words.filter.iter().collect();
        Ok(())
    }
}

/// Returns an option as it is typed.
fn spelled(doc: &FlagDoc) -> String {
    doc.brief().to_string()
}

/// Why options that need sock_diag are refused.
const NEEDS_SOCK_DIAG: Refusal =
    Refusal::Because("the /proc tables do not show it, and there is no sock_diag here");
const NOT_AS_TEXT: Refusal = Refusal::Because("the /proc tables do not show its sockets");
const NO_COUNTERS_THERE: Refusal =
    Refusal::Because("the counters are in /proc, which shows only the host's namespace");
const NO_EVENTS_THERE: Refusal = Refusal::Because("the host follows events only in its namespace");
const NO_KILL_EVERYWHERE: Refusal =
    Refusal::Because("sockets are closed in one network namespace, which -N names");
const ONE_OR_EVERY: Refusal =
    Refusal::Because("one of them says which network namespaces are listed");
const NO_COUNTERS_OF_PASSES: Refusal =
    Refusal::Because("a pass lists sockets, and the counters are of the whole machine");
const NO_PASSES_OF_EVENTS: Refusal = Refusal::Because("events are printed as they come");
const NO_KILL_AT_TICKS: Refusal = Refusal::Because("sockets are closed once, not at each tick");
const NO_PEERS_OF_THESE: Refusal =
    Refusal::Because("the other ends of connections are looked for in listings only");
const NO_KILL_OF_EVENTS: Refusal = Refusal::Because("what has ended cannot be closed again");
