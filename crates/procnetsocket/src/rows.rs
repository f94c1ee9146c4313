//! Pull: rows that are lent one after the other.

use crate::{
    diag::Request,
    error::{Error, RowError},
    model::{Socket, Source},
    query::Query,
    table_query::{Bounds, TableQuery},
    tables::{NextWay, SocketTables, Totals, next_way},
    visit::{ReadReport, RowSource, Step},
};

/// The sockets of a [`Query`], read on demand.
///
/// A row is lent until the next call. A row of an internet socket needs no allocation. Other
/// requests can be made meanwhile, up to the limit of [`DiagSocket`](crate::diag::DiagSocket).
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
struct TableRows<'a> {
    rows: Box<dyn RowSource + 'a>,
    /// The request, if it was one to sock_diag.
    request: Option<Request>,
}

impl SocketTables {
    /// Reads the sockets of a query one after the other, without keeping them.
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

impl Rows<'_> {
    /// Lends the next row, or returns `None` after the last one. Malformed rows are skipped; see
    /// [`Rows::report`] and [`Rows::malformed`].
    ///
    /// # Errors
    ///
    /// As [`SocketTables::visit`]. After an error of one table the next ones can still be read.
    pub fn next_row(&mut self) -> Result<Option<Socket<'_>>, Error> {
        loop {
            match self.advance()? {
                Step::Row => break,
                Step::Malformed(row) => _ = self.malformed.get_or_insert(*row),
                Step::End => return Ok(None),
            }
        }
        Ok(self.current.as_ref().map(|current| current.rows.row()))
    }

    /// Returns the totals so far.
    pub fn report(&self) -> ReadReport {
        match (self.totals.report(), &self.current) {
            (Some(mut total), Some(current)) => {
                total.add(&current.rows.report());
                total
            }
            (Some(total), None) => total,
            (None, Some(current)) => current.rows.report(),
            (None, None) => ReadReport::default(),
        }
    }

    /// Returns the report of the first row that could not be understood.
    pub fn malformed(&self) -> Option<&RowError> {
        self.malformed.as_ref()
    }

    fn advance(&mut self) -> Result<Step, Error> {
        loop {
            let Some(current) = &mut self.current else {
                let Some(query) = self.ahead.next() else {
                    self.totals.finish()?;
                    return Ok(Step::End);
                };
                self.open(Request::Dump(query))?;
                continue;
            };
            match current.rows.advance() {
                Ok(Step::End) => {
                    let report = current.rows.report();
                    self.current = None;
                    self.totals.add(Ok(report))?;
                }
                Ok(step) => return Ok(step),
                Err(error) => {
                    let request = self.current.take().and_then(|current| current.request);
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
            Ok(Some(rows)) => {
                self.current = Some(TableRows { rows: Box::new(rows), request: Some(request) });
            }
            Ok(None) => self.totals.add(Ok(ReadReport::of_diag()))?,
            Err(error) => self.recover(error, Some(request))?,
        }
        Ok(())
    }

    fn open_text(&mut self, request: &Request) -> Result<(), Error> {
        match self.tables.text_rows(request.table(), request.states(), self.bounds) {
            Ok(rows) => self.current = Some(TableRows { rows, request: None }),
            Err(error) => self.totals.add(Err(error))?,
        }
        Ok(())
    }

    /// Continues after an error.
    fn recover(&mut self, error: Error, request: Option<Request>) -> Result<(), Error> {
        let Some(mut request) = request else { return self.totals.add(Err(error)) };
        match next_way(error, &mut request, self.source) {
            NextWay::AskAgain => self.open(request),
            NextWay::ReadText => self.open_text(&request),
            NextWay::GiveUp(error) => self.totals.add(Err(error)),
        }
    }
}
