//! A join of what the real `ss` lists in each namespace: the other end of each socket.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use super::{ComparedLine, NAMESPACES};

/// A socket in a listing of the real one.
#[derive(Debug)]
struct RealRow<'a> {
    words: Vec<&'a str>,
    netid: &'a str,
    /// The first word after the addresses.
    rest: usize,
    ends: InetEnds<'a>,
}

#[derive(Debug, PartialEq)]
enum InetEnds<'a> {
    /// Addresses, and the interface of the local one.
    Inet(SocketAddr, SocketAddr, Option<&'a str>),
    /// Inodes; 0 for none.
    Unix(u64, u64),
    /// A row without another end.
    None,
}

impl<'a> RealRow<'a> {
    /// Parses a row. `netid` is that of all rows if the column is left out.
    fn parse(row: &'a str, netid: &'a str) -> Self {
        let words: Vec<_> = row.split_whitespace().collect();
        let first = words[0];
        let netid =
            if ["tcp", "udp", "u_str", "u_dgr", "u_seq"].contains(&first) { first } else { netid };
        if netid.starts_with("u_") {
            // NAME INODE * INODE
            let number = |index: usize| words.get(index).and_then(|word| word.parse().ok());
            let star = (2..words.len()).rfind(|at| {
                words[*at] == "*" && number(at - 1).is_some() && number(at + 1).is_some()
            });
            let star = star.unwrap_or_else(|| panic!("{row}"));
            let ends = InetEnds::Unix(number(star - 1).unwrap(), number(star + 1).unwrap());
            return Self { words, netid, rest: star + 2, ends };
        }
        let local = words.iter().position(|word| word.contains(':')).unwrap();
        let ends = match (end(words[local]), end(words[local + 1])) {
            (Some((local, scope)), Some((remote, _))) => InetEnds::Inet(local, remote, scope),
            _ => InetEnds::None,
        };
        Self { words, netid, rest: local + 2, ends }
    }

    fn word(&self, beginning: &str) -> Option<&'a str> {
        self.words.iter().find_map(|word| word.strip_prefix(beginning))
    }
}

/// Parses `ADDRESS%INTERFACE:PORT`; `None` for an end that is unspecified.
fn end(text: &str) -> Option<(SocketAddr, Option<&str>)> {
    let (host, port) = text.rsplit_once(':')?;
    let (host, interface) = match host.split_once('%') {
        Some((host, interface)) => (host, Some(interface)),
        None => (host, None),
    };
    let ip: IpAddr = host.trim_matches(['[', ']']).parse().ok()?;
    Some((SocketAddr::new(ip.to_canonical(), port.parse().ok()?), interface))
}

/// A socket of one namespace in a listing of all.
struct KnownSocket<'a> {
    namespace: &'a str,
    row: RealRow<'a>,
    inode: u64,
    /// Inodes of connections that wait at this listener.
    waiting: Vec<u64>,
}

/// Every socket, as the real one lists them in each namespace with `-e`.
pub(super) struct ListingJoin<'a>(Vec<KnownSocket<'a>>);

impl<'a> ListingJoin<'a> {
    pub(super) fn new(each: &'a BTreeMap<String, String>) -> Self {
        let mut known = Vec::new();
        for (namespace, listing) in each {
            for line in listing.lines() {
                let row = RealRow::parse(line, "");
                // The connections of a proxy mirror each other, and are not a pair.
                if row.words.contains(&"transparent") {
                    continue;
                }
                let inode = match row.ends {
                    InetEnds::Unix(inode, _) => inode,
                    _ => row.word("ino:").map_or(0, |inode| inode.parse().unwrap()),
                };
                let peers = row.words.iter().position(|word| *word == "peers:");
                let waiting = peers.map_or(&[][..], |at| &row.words[at + 1..]);
                let waiting = waiting.iter().map(|inode| inode.parse().unwrap()).collect();
                known.push(KnownSocket { namespace, row, inode, waiting });
            }
        }
        Self(known)
    }

    /// Returns the sockets with these ends that can be reached from a namespace.
    fn inet(&self, netid: &str, from: &str, ends: &InetEnds<'_>) -> Vec<&KnownSocket<'a>> {
        let InetEnds::Inet(local, remote, _) = ends else { return Vec::new() };
        let is_link_local =
            |end: &SocketAddr| matches!(end.ip(), IpAddr::V6(ip) if ip.is_unicast_link_local());
        let stays = local.ip() == remote.ip()
            || [local, remote].into_iter().any(|end| end.ip().is_loopback() || is_link_local(end));
        let reached = |known: &&KnownSocket<'_>| {
            known.row.netid == netid
                && known.row.ends == *ends
                && (!stays || known.namespace == from)
        };
        self.0.iter().filter(reached).collect()
    }

    /// Returns the expected output about the other end of a row, and its namespace.
    fn peer(
        &self,
        namespace: &str,
        row: &RealRow<'_>,
        with_processes: bool,
    ) -> Option<(String, &'a str)> {
        let (inode, users, there) = match row.ends {
            InetEnds::None => return None,
            InetEnds::Inet(local, remote, scope) => {
                let mirrored =
                    self.inet(row.netid, namespace, &InetEnds::Inet(remote, local, scope));
                let [there] = mirrored[..] else { return None };
                if self.inet(row.netid, there.namespace, &row.ends).len() != 1 {
                    return None;
                }
                (there.inode, there.row.word("users:"), there.namespace)
            }
            InetEnds::Unix(inode, 0) => {
                let is_waiting = self.0.iter().any(|known| known.waiting.contains(&inode));
                let here = NAMESPACES.iter().find(|name| **name == namespace)?;
                is_waiting.then_some((0, None, *here))?
            }
            InetEnds::Unix(_, peer) => {
                let of_peer = |known: &&KnownSocket<'_>| matches!(known.row.ends, InetEnds::Unix(inode, _) if inode == peer);
                let there = self.0.iter().find(of_peer)?;
                (peer, there.row.word("users:"), there.namespace)
            }
        };
        // `users:(("a",pid=1,fd=2))`
        let users = users.filter(|_| with_processes).map(|users| {
            let users = users.strip_prefix('(').and_then(|users| users.strip_suffix(')'));
            users.expect("brackets").to_owned()
        });
        Some((users.unwrap_or_else(|| format!("ino={inode}")), there))
    }

    /// Returns a row of the real one with its other end.
    pub(super) fn expected(
        &self,
        namespace: &str,
        row: &str,
        netid: &str,
        line: &ComparedLine,
    ) -> String {
        let row = RealRow::parse(row, netid);
        let mut words: Vec<_> = row.words.iter().map(|word| (*word).to_owned()).collect();
        if let Some((mut peer, there)) = self.peer(namespace, &row, !line.processes.is_empty()) {
            if there != namespace {
                peer = format!("{peer},netns=\"{there}\"");
            }
            let users = row.words.iter().position(|word| word.starts_with("users:"));
            words.insert(users.map_or(row.rest, |at| at + 1), format!("peer:({peer})"));
        }
        if line.is_everywhere {
            words.insert(0, namespace.to_owned());
        }
        words.join(" ")
    }
}
