//! Pull: rows that are lent one after the other.

use std::fs::File;

use crate::{
    diag::{DiagRows, Request},
    error::{Error, RowError},
    model::{Socket, Source},
    proc::scan::TextRows,
    query::{Bounds, Query, TableQuery},
    tables::{NextWay, SocketTables, Totals, next_way},
    visit::{ReadReport, RowSource, Step},
};

/// The sockets of a [`Query`], read as they are wanted.
///
/// A row is lent until the next one is asked for, and costs no allocation where it is of an internet
/// socket. Other requests can be made meanwhile, as many as [`DiagSocket`](crate::diag::DiagSocket)
/// says.
pub struct Rows<'a> {
    tables: &'a SocketTables,
    source: Option<Source>,
    bounds: Bounds<'a>,
    /// The tables that are still to come.
    ahead: std::vec::IntoIter<TableQuery>,
    current: Option<TableRows<'a>>,
    totals: Totals,
    malformed: Option<RowError>,
}

/// The rows of one table.
enum TableRows<'a> {
    Text(Box<TextRows<'a, File>>),
    Diag(Request, Box<DiagRows<'a>>),
}

impl SocketTables {
    /// Reads the sockets that are asked for one after the other, without keeping them.
    ///
    /// # Examples
    ///
    /// ```
    /// # use procnetsocket::{Error, Query, SocketTables};
    /// # fn demo(tables: &SocketTables) -> Result<(), Error> {
    /// let query = Query::udp();
    /// let mut rows = tables.rows(&query);
    /// while let Some(socket) = rows.next_row()? {
    ///     println!("{socket:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn rows<'a, T>(&'a self, query: &Query<'a, T>) -> Rows<'a> {
        let tables: Vec<_> = query.tables().iter().map(|table| query.about_table(*table)).collect();
        Rows {
            tables: self,
            source: query.source(),
            bounds: query.bounds(),
            ahead: tables.into_iter(),
            current: None,
            totals: Totals::default(),
            malformed: None,
        }
    }
}

impl<'a> Rows<'a> {
    /// Lends the next row, or returns `None` behind the last one. Malformed rows are passed over; see
    /// [`Rows::report`] and [`Rows::malformed`].
    ///
    /// # Errors
    ///
    /// As [`SocketTables::visit`]. After an error of one table the next ones can still be read.
    pub fn next_row(&mut self) -> Result<Option<Socket<'_>>, Error> {
        loop {
            match self.advance()? {
                Step::Row => break,
                Step::Malformed(row) => _ = self.malformed.get_or_insert(row),
                Step::End => return Ok(None),
            }
        }
        Ok(self.current.as_ref().map(TableRows::row))
    }

    /// Returns the totals so far.
    pub fn report(&self) -> ReadReport {
        match (self.totals.report(), &self.current) {
            (Some(mut total), Some(current)) => {
                total.add(&current.report());
                total
            }
            (Some(total), None) => total,
            (None, current) => current.as_ref().map(TableRows::report).unwrap_or_default(),
        }
    }

    /// Returns the report of the first row that could not be understood.
    pub fn malformed(&self) -> Option<&RowError> {
        self.malformed.as_ref()
    }

    fn advance(&mut self) -> Result<Step, Error> {
        loop {
            let Some(current) = &mut self.current else {
                let Some(question) = self.ahead.next() else {
                    self.totals.finish()?;
                    return Ok(Step::End);
                };
                self.open(Request::Dump(question))?;
                continue;
            };
            match (current.advance(), current) {
                (Ok(Step::End), current) => {
                    let report = current.report();
                    self.current = None;
                    self.totals.add(Ok(report))?;
                }
                (Ok(step), _) => return Ok(step),
                (Err(error), current) => {
                    let request = current.request();
                    self.current = None;
                    self.recover(error, request)?;
                }
            }
        }
    }

    /// Opens a table.
    fn open(&mut self, request: Request) -> Result<(), Error> {
        let Some(diag) = self.tables.diag_for(self.source)? else {
            return self.open_text(&request);
        };
        match diag.rows(&request, self.bounds) {
            Ok(Some(rows)) => self.current = Some(TableRows::Diag(request, Box::new(rows))),
            Ok(None) => self.totals.add(Ok(ReadReport::of_diag()))?,
            Err(error) => self.recover(error, Some(request))?,
        }
        Ok(())
    }

    fn open_text(&mut self, request: &Request) -> Result<(), Error> {
        match self.tables.text_rows(request.table(), request.states(), self.bounds) {
            Ok(rows) => self.current = Some(TableRows::Text(Box::new(rows))),
            Err(error) => self.totals.add(Err(error))?,
        }
        Ok(())
    }

    /// Goes on after an error.
    fn recover(&mut self, error: Error, request: Option<Request>) -> Result<(), Error> {
        let Some(mut request) = request else { return self.totals.add(Err(error)) };
        match next_way(error, &mut request, self.source) {
            NextWay::AskAgain => self.open(request),
            NextWay::ReadText => self.open_text(&request),
            NextWay::GiveUp(error) => self.totals.add(Err(error)),
        }
    }
}

impl TableRows<'_> {
    fn advance(&mut self) -> Result<Step, Error> {
        match self {
            Self::Text(rows) => rows.advance(),
            Self::Diag(_, rows) => rows.advance(),
        }
    }

    fn row(&self) -> Socket<'_> {
        match self {
            Self::Text(rows) => rows.row(),
            Self::Diag(_, rows) => rows.row(),
        }
    }

    fn report(&self) -> ReadReport {
        match self {
            Self::Text(rows) => rows.report(),
            Self::Diag(_, rows) => rows.report(),
        }
    }

    /// Returns the request, if it was one to sock_diag.
    fn request(&self) -> Option<Request> {
        match self {
            Self::Text(_) => None,
            Self::Diag(request, _) => Some(request.clone()),
        }
    }
}
