//! Plans what threads receive and read before it is needed.

use crate::{
    ahead::Ahead,
    diag::{AheadQuery, DiagSocket, kept_rows},
    model::{Source, StateMask, Table, TcpState},
    proc::{ahead::AheadText, root::ProcFile},
    query::Query,
    table_query::TableQuery,
    tables::SocketTables,
};

/// What threads receive or read while rows are processed.
pub(crate) enum AheadPlan<'a> {
    /// The replies of sock_diag to these queries.
    Replies(&'a DiagSocket, Vec<AheadQuery>),
    /// The beginning of a text table.
    Text(AheadText),
}

/// Returns the queries to sock_diag, one for each table.
fn ahead_queries<T>(queries: &[Query<'_, T>]) -> Vec<AheadQuery> {
    let queries = queries.iter().filter(|query| query.source() != Some(Source::ProcText));
    queries.flat_map(|query| query.tables().iter().map(|table| query.ahead_query(*table))).collect()
}

impl SocketTables {
    /// Has threads receive the answers to these queries while `work` runs, which gets them back and
    /// makes them in this order.
    ///
    /// This is used only for TCP sockets, with threads only on more than one processor; it has no
    /// effect otherwise. Consecutive queries for IPv4 and IPv6 are combined. Queries that are not
    /// made, or made differently, are not an error. Up to 3.5 MiB of each reply of sock_diag are
    /// buffered, and up to 1 MiB of the text table of IPv6.
    pub fn ahead<T, R>(
        &self,
        queries: Vec<Query<'_, T>>,
        work: impl for<'q> FnOnce(Vec<Query<'q, T>>) -> R,
    ) -> R {
        self.run_ahead(self.plan_ahead(&queries), |ahead| {
            work(queries.into_iter().map(|query| query.with_ahead(ahead)).collect())
        })
    }

    /// Returns what threads can receive or read for queries.
    pub(crate) fn plan_ahead<T>(&self, queries: &[Query<'_, T>]) -> AheadPlan<'_> {
        if let Some(diag) = self.diag() {
            return AheadPlan::Replies(diag, ahead_queries(queries));
        }
        let tables: Vec<_> = queries.iter().flat_map(Query::tables).collect();
        let is_second = tables.windows(2).any(|pair| pair == [&Table::Tcp4, &Table::Tcp6]);
        // OK because the table is opened again when it is needed, which returns the error.
        let open = || self.open(ProcFile::NetTcp6).ok();
        let text = is_second.then(open).flatten().map(|file| AheadText::new(Table::Tcp6, file));
        AheadPlan::Text(text.unwrap_or_default())
    }

    /// Calls `work` with what threads receive or read.
    pub(crate) fn run_ahead<R>(&self, ahead: AheadPlan<'_>, work: impl FnOnce(&Ahead) -> R) -> R {
        match ahead {
            AheadPlan::Replies(diag, queries) => {
                let has_few_ipv6 = |query: &TableQuery| self.has_few_ipv6(query);
                diag.ahead(&queries, &has_few_ipv6, |replies| {
                    work(&Ahead { replies, ..Ahead::default() })
                })
            }
            AheadPlan::Text(text) => work(&Ahead { text, ..Ahead::default() }),
        }
    }

    /// Returns whether the reply to a query probably has few enough rows of IPv6 to keep them until
    /// those of IPv4 were passed on.
    fn has_few_ipv6(&self, query: &TableQuery) -> bool {
        let are_listeners = query.possible_states() == StateMask::of(TcpState::Listen);
        // For another namespace this is unknown, and more are rare.
        if are_listeners || self.is_elsewhere() {
            return true;
        }
        match self.sockstat6() {
            Ok(counts) => usize::try_from(counts.tcp_in_use.unwrap_or_default())
                .is_ok_and(|sockets| sockets <= kept_rows(query.details)),
            Err(error) => error.is_absence(),
        }
    }
}
