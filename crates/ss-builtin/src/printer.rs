//! The forms in which a call prints its result.

use std::{
    io::{self, Write},
    num::NonZeroU16,
    sync::Arc,
};

use procnetsocket::{PeerTable, ProcessTable, model::Socket};
use socket_query::{ListedNamespace, Selection, SocketTable};

use crate::{
    cli::{ListingKind, NamespaceChoice, OptionalColumn, OutputFormat, Show},
    render::{
        ColumnId, ColumnSet, Counters, Frame, JsonWriter, ProcessColumn, RowRenderer, Screen,
        SummaryForm, TableWriter, summary,
    },
};

/// The output of a call, until its first row or its end.
pub(crate) enum Sheet<'a> {
    Text(&'a mut dyn Write),
    Json(JsonWriter<'a>),
}

impl<'a> Sheet<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, output: OutputFormat) -> Self {
        match output {
            OutputFormat::Text => Self::Text(out),
            OutputFormat::Json => Self::Json(JsonWriter::new(out, Frame::Array)),
            OutputFormat::JsonLines => Self::Json(JsonWriter::new(out, Frame::Lines)),
        }
    }

    /// Prints the counters of `-s`.
    pub(crate) fn summary(&mut self, counters: &Counters) -> io::Result<()> {
        match self {
            Self::Text(out) => out.write_all(summary(counters).as_bytes()),
            Self::Json(writer) => writer.summary(&SummaryForm::from(counters)),
        }
    }

    /// Ends an output without a listing.
    pub(crate) fn end(self) -> io::Result<()> {
        match self {
            Self::Text(_) => Ok(()),
            Self::Json(writer) => writer.abort(),
        }
    }

    /// Ends an output with an empty listing, without its header.
    pub(crate) fn end_empty(self, answer: ListingKind) -> io::Result<()> {
        match (self, answer) {
            (Self::Text(_), _) => Ok(()),
            (Self::Json(writer), ListingKind::Sockets) => writer.finish(),
            (Self::Json(writer), ListingKind::Number) => writer.count(0),
        }
    }

    /// Begins the listing.
    pub(crate) fn list(
        self,
        show: &Show,
        selection: &Selection,
        rows: RowRenderer<'a>,
        width: Option<NonZeroU16>,
    ) -> io::Result<Box<dyn Printer + 'a>> {
        Ok(match (self, show.answer) {
            (sheet, ListingKind::Number) => Box::new(CountPrinter { sheet, count: 0 }),
            (Self::Json(writer), _) => Box::new(JsonPrinter { rows, writer }),
            (Self::Text(out), _) => {
                let screen = width.map_or(Screen::Compact, Screen::Width);
                let mut table = TableWriter::new(out, columns(show, selection), screen);
                if !show.layout.hidden.contains(&OptionalColumn::Header) {
                    table.header()?;
                }
                Box::new(TextPrinter { rows, table })
            }
        })
    }
}

/// Returns the columns of a listing: those with the same value in every row are left out.
fn columns(show: &Show, selection: &Selection) -> ColumnSet {
    let mut columns = ColumnSet::ALL;
    if show.namespace != NamespaceChoice::Every {
        columns = columns.without(ColumnId::Netns);
    }
    if show.processes.is_none() && !selection.peers {
        columns = columns.without(ColumnId::Process);
    }
    if selection.tables.len() == 1 {
        columns = columns.without(ColumnId::Netid);
    }
    if selection.states.len() == 1 {
        columns = columns.without(ColumnId::State);
    }
    if show.layout.hidden.contains(&OptionalColumn::Queues) {
        columns = columns.without(ColumnId::RecvQ).without(ColumnId::SendQ);
    }
    columns
}

/// Prints a listing; every error is from writing the output.
pub(crate) trait Printer {
    /// Sets the processes that are shown with their sockets.
    fn show_processes(&mut self, found: Arc<ProcessTable>);

    /// Sets the other ends that are shown with the sockets.
    fn show_peers(&mut self, found: Arc<PeerTable>);

    /// Sets the network namespace of the next sockets.
    fn show_namespace(&mut self, listed: &ListedNamespace);

    /// Prints the next socket.
    fn row(&mut self, table: SocketTable, socket: Socket<'_>) -> io::Result<()>;

    /// Writes what is buffered.
    fn flush(&mut self) -> io::Result<()>;

    /// Returns the processes of sockets, if they are shown.
    fn users(&self) -> Option<&ProcessColumn>;

    /// Ends a complete listing.
    fn finish(self: Box<Self>) -> io::Result<()>;

    /// Ends an incomplete listing so that what was printed is well-formed.
    fn abort(self: Box<Self>) -> io::Result<()>;
}

struct TextPrinter<'a> {
    rows: RowRenderer<'a>,
    table: TableWriter<'a>,
}

impl Printer for TextPrinter<'_> {
    fn show_processes(&mut self, found: Arc<ProcessTable>) {
        self.rows.set_users(ProcessColumn::new(found));
    }

    fn show_peers(&mut self, found: Arc<PeerTable>) {
        self.rows.set_peers(found);
    }

    fn show_namespace(&mut self, listed: &ListedNamespace) {
        self.rows.set_namespace(listed);
    }

    fn row(&mut self, table: SocketTable, socket: Socket<'_>) -> io::Result<()> {
        self.table.row(|cells| self.rows.fill(cells, table, &socket))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.table.flush()
    }

    fn users(&self) -> Option<&ProcessColumn> {
        self.rows.users()
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.table.finish()
    }

    /// The buffered batch is dropped, so that a partial listing is not mistaken for a complete one.
    fn abort(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

struct JsonPrinter<'a> {
    rows: RowRenderer<'a>,
    writer: JsonWriter<'a>,
}

impl Printer for JsonPrinter<'_> {
    fn show_processes(&mut self, found: Arc<ProcessTable>) {
        self.rows.set_users(ProcessColumn::new(found));
    }

    fn show_peers(&mut self, found: Arc<PeerTable>) {
        self.rows.set_peers(found);
    }

    fn show_namespace(&mut self, listed: &ListedNamespace) {
        self.rows.set_namespace(listed);
    }

    fn row(&mut self, table: SocketTable, socket: Socket<'_>) -> io::Result<()> {
        self.writer.object(&self.rows.form(table, socket))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    fn users(&self) -> Option<&ProcessColumn> {
        self.rows.users()
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.writer.finish()
    }

    fn abort(self: Box<Self>) -> io::Result<()> {
        self.writer.abort()
    }
}

struct CountPrinter<'a> {
    sheet: Sheet<'a>,
    count: u64,
}

impl Printer for CountPrinter<'_> {
    fn show_processes(&mut self, _found: Arc<ProcessTable>) {}

    fn show_peers(&mut self, _found: Arc<PeerTable>) {}

    fn show_namespace(&mut self, _listed: &ListedNamespace) {}

    fn row(&mut self, _table: SocketTable, _socket: Socket<'_>) -> io::Result<()> {
        self.count += 1;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn users(&self) -> Option<&ProcessColumn> {
        None
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        match self.sheet {
            Sheet::Text(out) => writeln!(out, "{}", self.count),
            Sheet::Json(writer) => writer.count(self.count),
        }
    }

    fn abort(self: Box<Self>) -> io::Result<()> {
        self.sheet.end()
    }
}
