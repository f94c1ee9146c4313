//! The parser of filters, whose grammar is at the head of [`expr`](super).
//!
//! Compat: `and` and `or` bind alike, from the left, so `A or B and C` means `( A or B ) and C`. A
//! value is interpreted when it is read, by the last subject before it, so the first error from the
//! left is reported, whether it is in the grammar or in a value. `pid`, `comm`, `peer-pid`,
//! `peer-comm`, `user`, `container` and `unit` are not in iproute2, which treats them as values:
//! they are keywords only where a condition may start, because iproute2 does not accept a value
//! there. `netns` is a keyword only in a listing of all network namespaces.

use std::ops::Range;

use super::{
    ast::{Comparison, Expr, HostPattern, PortNumber, Predicate, Side},
    error::{FilterError, FilterProblem},
    lex::{FilterWord, FilterWordKind, Lexer, Subject},
    text::{FilterText, MAX_FILTER_BYTES},
    value::{Hosts, PortValue, Value, ValueScope},
};
use crate::select::AddressFamily;

/// The deepest nesting of a filter: 128 levels. A level is a pair of brackets, a `not`, or a change
/// between `and` and `or`. It bounds the stack of every recursion over a tree.
pub const MAX_FILTER_DEPTH: usize = 128;

/// Expected at the start of a filter, and after `and`, `or`, `not` and a bracket.
const CONDITION: &str = "a condition, such as dst, sport, user or comm";

/// Expected there instead of a value, such as `:80`.
const WHOLE_CONDITION: &str = "a condition, such as sport = :80";

/// Expected there instead of `sport=:80`.
const SEPARATE_WORDS: &str = "a condition with blanks between its words, such as sport = :80";

/// Expected there instead of `netns`, without `--all-namespaces`.
const NETNS: &str = "a condition, and netns is one with --all-namespaces only";

/// A parsed filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parsed {
    /// The expression, or `None` when there are no words.
    pub expr: Option<Expr>,
    /// The only family that is listed, if the filter names one.
    pub family: Option<AddressFamily>,
}

/// Parses a filter.
pub(crate) fn parse(text: &FilterText, scope: ValueScope<'_>) -> Result<Parsed, FilterError> {
    if text.as_bstr().len() > MAX_FILTER_BYTES {
        return Err(FilterError::too_long());
    }
    let mut parser = Parser {
        lexer: Lexer::new(text.as_bstr()),
        scope,
        subject: Subject::Host(Side::Local),
        next: None,
        open: 0,
    };
    parser.filter().map_err(|At { problem, span }| FilterError::new(problem, text, span))
}

/// A problem and its position.
#[derive(Debug)]
struct At {
    problem: FilterProblem,
    span: Range<usize>,
}

/// A token; its value, if it has one, is parsed.
#[derive(Debug)]
struct Token {
    kind: TokenKind,
    span: Range<usize>,
    /// Its spelling, for messages.
    word: Vec<u8>,
}

#[derive(Clone, Debug)]
enum TokenKind {
    Open,
    Close,
    Not,
    And,
    Or,
    Comparison(Comparison),
    Subject(Subject),
    Autobound,
    Value(Value),
}

/// An expression and its depth.
struct NestedExpr {
    expr: Expr,
    depth: usize,
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    scope: ValueScope<'a>,
    /// The subject of the next value.
    subject: Subject,
    /// The token that was peeked.
    next: Option<Token>,
    /// Open brackets and negations.
    open: usize,
}

impl Parser<'_> {
    fn filter(&mut self) -> Result<Parsed, At> {
        if self.peek_term(CONDITION)?.is_none() {
            return Ok(Parsed::default());
        }
        let tree = self.expr()?;
        if self.peek()?.is_some() {
            return Err(self.expected("\"and\", \"or\" or another condition"));
        }
        Ok(Parsed { expr: Some(tree.expr), family: self.scope.restriction() })
    }

    fn expr(&mut self) -> Result<NestedExpr, At> {
        let mut left = self.term()?;
        while let Some(join) = self.join()? {
            let right = self.term()?;
            left = self.joined(left, join, right)?;
        }
        Ok(left)
    }

    /// Takes what joins two terms; `None` when no term follows.
    fn join(&mut self) -> Result<Option<Join>, At> {
        let join = match self.peek_term("\"and\", \"or\" or another condition")? {
            Some(TokenKind::And) => Join::All,
            Some(TokenKind::Or) => Join::Any,
            Some(
                TokenKind::Open | TokenKind::Not | TokenKind::Subject(_) | TokenKind::Autobound,
            ) => return Ok(Some(Join::All)),
            _ => return Ok(None),
        };
        self.next = None;
        Ok(Some(join))
    }

    fn joined(&self, left: NestedExpr, join: Join, right: NestedExpr) -> Result<NestedExpr, At> {
        let below = |tree: &NestedExpr| match (join, &tree.expr) {
            (Join::All, Expr::All(_)) | (Join::Any, Expr::Any(_)) => tree.depth,
            _ => tree.depth.saturating_add(1),
        };
        let depth = below(&left).max(below(&right));
        let expr = match join {
            Join::All => left.expr.and(right.expr),
            Join::Any => left.expr.or(right.expr),
        };
        self.bounded(NestedExpr { expr, depth })
    }

    fn term(&mut self) -> Result<NestedExpr, At> {
        match self.peek_term(CONDITION)? {
            Some(TokenKind::Open) => self.nested(Self::bracket),
            Some(TokenKind::Not) => self.nested(Self::negation),
            Some(TokenKind::Autobound) => {
                self.next = None;
                Ok(leaf(Expr::Is(Predicate::Autobound)))
            }
            Some(TokenKind::Subject(subject)) => {
                self.next = None;
                self.condition(subject)
            }
            _ => Err(self.expected(WHOLE_CONDITION)),
        }
    }

    /// Takes a word and goes one level deeper.
    fn nested(&mut self, inner: fn(&mut Self) -> Result<NestedExpr, At>) -> Result<NestedExpr, At> {
        self.open = self.open.saturating_add(1);
        if self.open > MAX_FILTER_DEPTH {
            return Err(self.here(FilterProblem::TooDeep));
        }
        self.next = None;
        let tree = inner(self)?;
        self.open = self.open.saturating_sub(1);
        Ok(tree)
    }

    fn bracket(&mut self) -> Result<NestedExpr, At> {
        let tree = self.expr()?;
        match self.peek()? {
            Some(TokenKind::Close) => {
                self.next = None;
                Ok(tree)
            }
            _ => Err(self.expected("\")\", \"and\", \"or\" or another condition")),
        }
    }

    fn negation(&mut self) -> Result<NestedExpr, At> {
        let NestedExpr { expr, depth } = self.term()?;
        self.bounded(NestedExpr { expr: expr.negated(), depth: depth.saturating_add(1) })
    }

    fn bounded(&self, tree: NestedExpr) -> Result<NestedExpr, At> {
        if tree.depth > MAX_FILTER_DEPTH {
            Err(self.here(FilterProblem::TooDeep))
        } else {
            Ok(tree)
        }
    }

    fn condition(&mut self, subject: Subject) -> Result<NestedExpr, At> {
        let comparison = self.comparison(subject)?;
        let Some(TokenKind::Value(value)) = self.peek()? else {
            return Err(self.expected(expected_behind(subject, comparison)));
        };
        self.next = None;
        let comparison = comparison.unwrap_or(Comparison::Equal);
        let expr = condition(comparison, value);
        let depth = usize::from(!matches!(expr, Expr::Is(_)));
        Ok(NestedExpr { expr, depth })
    }

    /// Takes an operator that the subject allows.
    fn comparison(&mut self, subject: Subject) -> Result<Option<Comparison>, At> {
        let Some(TokenKind::Comparison(comparison)) = self.peek()? else { return Ok(None) };
        let is_known = match subject {
            Subject::Host(_) => comparison == Comparison::Equal,
            Subject::Port(_) => true,
            Subject::Device
            | Subject::Mark
            | Subject::Cgroup
            | Subject::Pid
            | Subject::Comm
            | Subject::PeerPid
            | Subject::PeerComm
            | Subject::Netns
            | Subject::User
            | Subject::Container
            | Subject::Unit => {
                matches!(comparison, Comparison::Equal | Comparison::NotEqual)
            }
        };
        if !is_known {
            return Err(self.expected(expected_behind(subject, None)));
        }
        self.next = None;
        Ok(Some(comparison))
    }

    /// Peeks at the next word, where a value is allowed; returns `None` at the end.
    fn peek(&mut self) -> Result<Option<TokenKind>, At> {
        self.look(|kind| kind)
    }

    /// Peeks at the next word, where a condition may start; returns `None` at the end.
    ///
    /// Compat: another word is read as a value, whose error has another status than one in the
    /// grammar. The message lists what is expected.
    fn peek_term(&mut self, expected: &'static str) -> Result<Option<TokenKind>, At> {
        let is_everywhere = self.scope.is_everywhere();
        let looked = self.look(|kind| match &kind {
            FilterWordKind::Value(word) => Subject::own(word)
                .filter(|subject| is_everywhere || *subject != Subject::Netns)
                .map_or(kind, FilterWordKind::Subject),
            _ => kind,
        });
        looked.map_err(|At { problem, span }| {
            if matches!(problem, FilterProblem::State(_)) {
                return At { problem, span };
            }
            let found = self.lexer.written(span.clone());
            let expected = match found {
                b"netns" => NETNS,
                _ if found.iter().any(|byte| b"=<>".contains(byte)) => SEPARATE_WORDS,
                _ => expected,
            };
            At { problem: FilterProblem::NoCondition { expected, found: found.into() }, span }
        })
    }

    fn look(
        &mut self,
        read: impl FnOnce(FilterWordKind<'_>) -> FilterWordKind<'_>,
    ) -> Result<Option<TokenKind>, At> {
        if self.next.is_none()
            && let Some(FilterWord { kind, span }) = self.lexer.next()
        {
            self.next = Some(self.understand(FilterWord { kind: read(kind), span })?);
        }
        Ok(self.next.as_ref().map(|token| token.kind.clone()))
    }

    fn understand(&mut self, FilterWord { kind, span }: FilterWord<'_>) -> Result<Token, At> {
        let word = self.lexer.written(span.clone()).to_vec();
        let kind = match kind {
            FilterWordKind::Open => TokenKind::Open,
            FilterWordKind::Close => TokenKind::Close,
            FilterWordKind::Not => TokenKind::Not,
            FilterWordKind::And => TokenKind::And,
            FilterWordKind::Or => TokenKind::Or,
            FilterWordKind::Comparison(comparison) => TokenKind::Comparison(comparison),
            FilterWordKind::Autobound => {
                // Compat: a value after it is a host, whatever came before.
                self.subject = Subject::Host(Side::Local);
                TokenKind::Autobound
            }
            FilterWordKind::Subject(subject) => {
                self.subject = subject;
                TokenKind::Subject(subject)
            }
            FilterWordKind::Value(value) => match self.scope.value(self.subject, &value) {
                Ok(value) => TokenKind::Value(value),
                Err(problem) => return Err(At { problem, span }),
            },
        };
        Ok(Token { kind, span, word })
    }

    /// Returns the problem that the peeked word is not the expected one.
    fn expected(&self, expected: &'static str) -> At {
        let found = self.next.as_ref().map(|token| token.word.as_slice().into());
        self.here(FilterProblem::Grammar { expected, found })
    }

    fn here(&self, problem: FilterProblem) -> At {
        let end = self.lexer.end();
        let span = self.next.as_ref().map_or(end..end, |token| token.span.clone());
        At { problem, span }
    }
}

/// How two terms are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Join {
    All,
    Any,
}

fn leaf(expr: Expr) -> NestedExpr {
    NestedExpr { expr, depth: 0 }
}

/// Returns what is expected after a subject.
fn expected_behind(subject: Subject, comparison: Option<Comparison>) -> &'static str {
    match (subject, comparison) {
        (Subject::Host(_), Some(_)) => "a host",
        (Subject::Host(_), None) => "\"=\" or a host",
        (Subject::Port(_), Some(_)) => "a port",
        (Subject::Port(_), None) => "a comparison or a port",
        (Subject::Device, Some(_)) => "an interface",
        (Subject::Device, None) => "\"=\", \"!=\" or an interface",
        (Subject::Mark, Some(_)) => "a mark",
        (Subject::Mark, None) => "\"=\", \"!=\" or a mark",
        (Subject::Cgroup, Some(_)) => "a control group",
        (Subject::Cgroup, None) => "\"=\", \"!=\" or a control group",
        (Subject::Pid | Subject::PeerPid, Some(_)) => "the number of a process",
        (Subject::Pid | Subject::PeerPid, None) => "\"=\", \"!=\" or the number of a process",
        (Subject::Comm | Subject::PeerComm, Some(_)) => "the name of a process",
        (Subject::Comm | Subject::PeerComm, None) => "\"=\", \"!=\" or the name of a process",
        (Subject::Netns, Some(_)) => "a network namespace",
        (Subject::Netns, None) => "\"=\", \"!=\" or a network namespace",
        (Subject::User, Some(_)) => "a user",
        (Subject::User, None) => "\"=\", \"!=\" or a user",
        (Subject::Container, Some(_)) => "the id of a container",
        (Subject::Container, None) => "\"=\", \"!=\" or the id of a container",
        (Subject::Unit, Some(_)) => "the name of a unit",
        (Subject::Unit, None) => "\"=\", \"!=\" or the name of a unit",
    }
}

/// Returns the condition that a value makes.
fn condition(comparison: Comparison, value: Value) -> Expr {
    match value {
        Value::Hosts(side, hosts) => any_host(side, hosts),
        Value::Port(side, PortValue::Number(port)) => {
            Expr::Is(Predicate::Port { side, comparison, port })
        }
        Value::Port(side, PortValue::Unix(pattern)) => unix_port(side, comparison, pattern),
        Value::Is(predicate) if comparison == Comparison::NotEqual => Expr::Is(predicate).negated(),
        Value::Is(predicate) => Expr::Is(predicate),
    }
}

/// Returns the condition that the address is one of these hosts; a name can have many addresses.
fn any_host(side: Side, hosts: Hosts) -> Expr {
    let is = |host| Expr::Is(Predicate::Host { side, host });
    hosts.more.into_iter().map(is).fold(is(hosts.first), Expr::or)
}

/// Compat: the "port" of a unix socket is its name. In an order, every name counts as `*`.
fn unix_port(side: Side, comparison: Comparison, pattern: HostPattern) -> Expr {
    let is_named = Expr::Is(Predicate::Host { side, host: pattern });
    match comparison {
        Comparison::Equal => is_named,
        Comparison::NotEqual => is_named.negated(),
        _ => Expr::Is(Predicate::Port { side, comparison, port: PortNumber::Any }),
    }
}
