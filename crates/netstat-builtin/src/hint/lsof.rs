//! Hints for `lsof`, from the sockets that its options select.

use std::net::IpAddr;

use super::{
    Hint,
    command::{SocketChoice, SsCommand, Term, is_plain, port},
};

/// Names of states in lsof and in `ss`.
const STATES: [(&str, &str); 13] = [
    ("ESTABLISHED", "established"),
    ("SYN_SENT", "syn-sent"),
    ("SYN_RCDV", "syn-recv"),
    ("SYN_RECV", "syn-recv"),
    ("FIN_WAIT1", "fin-wait-1"),
    ("FIN_WAIT_1", "fin-wait-1"),
    ("FIN_WAIT2", "fin-wait-2"),
    ("FIN_WAIT_2", "fin-wait-2"),
    ("TIME_WAIT", "time-wait"),
    ("CLOSE_WAIT", "close-wait"),
    ("LAST_ACK", "last-ack"),
    ("CLOSING", "closing"),
    ("CLOSED", "closed"),
];

/// The options that select sockets.
#[derive(Default)]
struct Options<'a> {
    internet: Option<Internet<'a>>,
    is_unix: bool,
    state: Option<&'a str>,
    processes: Vec<Term>,
    has_files: bool,
}

/// The value of `-i`: `[46][protocol][@host][:ports]`.
#[derive(Default)]
struct Internet<'a> {
    family: Option<char>,
    protocol: Option<LsofProtocol>,
    host: Option<&'a str>,
    ports: Vec<&'a str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LsofProtocol {
    Tcp,
    Udp,
}

/// Returns the command to use instead, or `None` for options with another meaning.
pub(super) fn hint(words: &[&str]) -> Option<Hint> {
    let options = parse(words)?;
    if options.has_files {
        return Some(Hint::OPEN_FILES);
    }
    let mut ss = SsCommand::default();
    ss.tables.extend(options.is_unix.then_some('x'));
    if let Some(state) = options.state {
        ss.sockets = match STATES.iter().find(|(lsof, _)| *lsof == state) {
            Some((_, state)) => SocketChoice::InState(state),
            None if state == "LISTEN" => SocketChoice::Listening,
            None => return None,
        };
    }
    let selects = options.internet.is_some() || options.is_unix;
    if let Some(internet) = options.internet {
        internet.select(&mut ss);
    }
    ss.terms.extend(options.processes);
    let note = (!selects).then_some("it lists sockets, and no open files");
    Some(ss.hint().with_note(note))
}

fn parse<'a>(words: &[&'a str]) -> Option<Options<'a>> {
    let mut options = Options::default();
    let mut words = words.iter().copied().peekable();
    while let Some(word) = words.next() {
        let Some(mut cluster) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
            options.has_files = true;
            continue;
        };
        while let Some(letter) = cluster.chars().next() {
            // OK because a letter has at least one byte.
            let rest = cluster.get(letter.len_utf8()..).unwrap_or_default();
            cluster = "";
            match letter {
                // Options for the output and for lookups of names.
                'a' | 'b' | 'l' | 'n' | 'N' | 'O' | 'P' | 'Q' | 'R' | 't' | 'V' | 'w' | 'X' => {
                    cluster = rest;
                }
                'U' => {
                    options.is_unix = true;
                    cluster = rest;
                }
                'i' if rest.is_empty() => {
                    let value = words.next_if(|next| Internet::parse(next).is_some());
                    let looks_so =
                        words.peek().is_some_and(|next| !next.starts_with(['-', '+', '/']));
                    if value.is_none() && looks_so {
                        return None;
                    }
                    options.internet = Some(Internet::parse(value.unwrap_or_default())?);
                }
                'i' => options.internet = Some(Internet::parse(rest)?),
                's' => {
                    let value = if rest.is_empty() { words.next()? } else { rest };
                    options.state = Some(value.strip_prefix("TCP:")?);
                }
                'p' | 'c' | 'u' => {
                    let value = if rest.is_empty() { words.next()? } else { rest };
                    options.processes.push(processes(letter, value)?);
                }
                _ => return None,
            }
        }
    }
    Some(options)
}

fn processes(letter: char, value: &str) -> Option<Term> {
    let key = match letter {
        'p' => "pid",
        'c' => "comm",
        _ => "user",
    };
    let term = |word: &str| {
        let is_number = word.parse::<u32>().is_ok();
        let is_right = if letter == 'p' { is_number } else { is_plain(word) };
        (is_right && is_plain(word)).then(|| format!("{key} = {word}"))
    };
    value.split(',').map(term).collect()
}

impl<'a> Internet<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut internet = Self::default();
        let mut rest = text;
        if let Some(family) = text.chars().next().filter(|c| matches!(c, '4' | '6')) {
            internet.family = Some(family);
            rest = rest.get(1..)?;
        }
        let end = rest.find(['@', ':']).unwrap_or(rest.len());
        let (protocol, mut rest) = rest.split_at_checked(end)?;
        internet.protocol = match protocol.to_ascii_lowercase().as_str() {
            "" => None,
            "tcp" => Some(LsofProtocol::Tcp),
            "udp" => Some(LsofProtocol::Udp),
            _ => return None,
        };
        if let Some(after) = rest.strip_prefix('@') {
            let end = match after.strip_prefix('[') {
                Some(_) => after.find(']')?.checked_add(1)?,
                None => after.find(':').unwrap_or(after.len()),
            };
            let (host, ports) = after.split_at_checked(end)?;
            internet.host = Some(is_host(host).then_some(host)?);
            rest = ports;
        }
        if let Some(ports) = rest.strip_prefix(':') {
            internet.ports = ports.split(',').map(is_port_or_range).collect::<Option<_>>()?;
            rest = "";
        }
        rest.is_empty().then_some(internet)
    }

    fn select(&self, ss: &mut SsCommand) {
        // States are those of TCP; a port without a protocol is almost always a TCP port.
        let is_tcp_alone = !matches!(ss.sockets, SocketChoice::All) || !self.ports.is_empty();
        ss.tables.extend(match self.protocol {
            Some(LsofProtocol::Tcp) => "t".chars(),
            Some(LsofProtocol::Udp) => "u".chars(),
            None if is_tcp_alone => "t".chars(),
            None => "tu".chars(),
        });
        ss.family = self.family;
        let is_listening = matches!(ss.sockets, SocketChoice::Listening);
        let sides = |local: &'static str, peer: &'static str| {
            if is_listening { vec![local] } else { vec![local, peer] }
        };
        if let Some(host) = self.host {
            let term = sides("src", "dst").into_iter().map(|side| format!("{side} {host}"));
            ss.terms.push(term.collect());
        }
        if !self.ports.is_empty() {
            let term = self.ports.iter().flat_map(|port| {
                sides("sport", "dport").into_iter().map(|side| port_term(side, port))
            });
            ss.terms.push(term.collect());
        }
    }
}

fn port_term(side: &str, port: &str) -> String {
    match range(port) {
        Some((low, high)) => format!("( {side} >= :{low} and {side} <= :{high} )"),
        None => format!("{side} = :{port}"),
    }
}

fn is_port_or_range(word: &str) -> Option<&str> {
    if range(word).is_some() { Some(word) } else { port(word) }
}

fn range(word: &str) -> Option<(u16, u16)> {
    let (low, high) = word.split_once('-')?;
    Some((low.parse().ok()?, high.parse().ok()?))
}

fn is_host(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match bare {
        Some(address) => address.parse::<IpAddr>().is_ok(),
        None => is_plain(host),
    }
}
