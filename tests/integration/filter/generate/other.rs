//! Conditions on details that only some sockets have, and on sockets of other families.

use super::{FilterDraft, Generator, Kind, ORDERS, SocketEnd};

impl Generator<'_> {
    pub(super) fn device(&mut self, draft: &mut FilterDraft) {
        let word = if self.random.one_in(2) {
            self.random.pick(&self.place.interfaces).clone()
        } else {
            self.interface()
        };
        let operator = self.equal_or_not();
        draft.words(Kind::Device, &["dev", operator, &word]);
    }

    pub(super) fn interface(&mut self) -> String {
        match self.values.interface(self.random) {
            0 => "0".to_owned(),
            index if self.random.one_in(3) => format!("if{index}"),
            index => self.number(index.into()),
        }
    }

    pub(super) fn mark(&mut self, draft: &mut FilterDraft) {
        let word = self.random.pick(&self.place.marks);
        let operator = self.equal_or_not();
        draft.words(Kind::Mark, &["fwmark", operator, word]);
    }

    pub(super) fn cgroup(&mut self, draft: &mut FilterDraft) {
        let word = self.random.pick(&self.place.cgroups);
        let operator = self.equal_or_not();
        draft.words(Kind::Cgroup, &["cgroup", operator, word]);
    }

    pub(super) fn link(&mut self, draft: &mut FilterDraft, prefix: &str) {
        draft.filter.kinds.insert(Kind::Link);
        let (protocol, interface) = self.values.link(self.random);
        let side = if self.random.one_in(8) { SocketEnd::Remote } else { SocketEnd::Local };
        let interface = match interface {
            0 => "0".to_owned(),
            index if self.random.one_in(3) => format!("if{index}"),
            index => self.number(index.into()),
        };
        if self.random.one_in(4) {
            let operator = self.comparison();
            return draft.port(side, operator, prefix, &interface);
        }
        let protocol = match (protocol, self.random.below(5)) {
            (_, 0) => "*".to_owned(),
            (3, 1 | 2) => "all".to_owned(),
            (0x800, 1 | 2) => "ip".to_owned(),
            (0x806, 1 | 2) => "ARP".to_owned(),
            (0x86dd, 1 | 2) => "ipv6".to_owned(),
            (number, _) => self.number(number.into()),
        };
        let word = match self.random.below(4) {
            0 => format!("{prefix}{protocol}:{interface}"),
            1 => format!("{prefix}{protocol}:*"),
            2 => format!("{prefix}{protocol}:"),
            _ => format!("{prefix}{protocol}"),
        };
        draft.host(side, self.equal(), &word);
    }

    pub(super) fn comparison(&mut self) -> &'static str {
        if self.random.one_in(3) { self.one(&ORDERS) } else { self.equal_or_not() }
    }

    pub(super) fn netlink(&mut self, draft: &mut FilterDraft, prefix: &str) {
        draft.filter.kinds.insert(Kind::Netlink);
        let (protocol, port_id) = self.values.netlink(self.random);
        let side = if self.random.one_in(8) { SocketEnd::Remote } else { SocketEnd::Local };
        let port_id = match port_id {
            0 if self.random.one_in(2) => "kernel".to_owned(),
            // Those beyond 31 bits are negative.
            number => match i32::try_from(number) {
                Ok(_) => self.number(number.into()),
                Err(_) => number.cast_signed().to_string(),
            },
        };
        if self.random.one_in(4) {
            let operator = self.comparison();
            return draft.port(side, operator, prefix, &port_id);
        }
        let protocol = match (protocol, self.random.below(5)) {
            (_, 0) => "*".to_owned(),
            (0, 1 | 2) => "rtnl".to_owned(),
            (15, 1 | 2) => "uevent".to_owned(),
            (16, 1 | 2) => "genl".to_owned(),
            (number, _) => self.number(number.into()),
        };
        let word = match self.random.below(4) {
            0 => format!("{prefix}{protocol}:{port_id}"),
            1 => format!("{prefix}{protocol}:*"),
            2 => format!("{prefix}{protocol}:"),
            _ => format!("{prefix}{protocol}"),
        };
        draft.host(side, self.equal(), &word);
    }

    pub(super) fn vsock(&mut self, draft: &mut FilterDraft, prefix: &str) {
        const WORDS: [&str; 9] =
            ["*", "1", "2:22", "*:1024", ":22", "0x3", "4294967295", "", "2:*"];
        draft.filter.kinds.insert(Kind::Vsock);
        let word = self.one(&WORDS);
        let word = if prefix.is_empty() && word.is_empty() { "*" } else { word };
        let side = self.side();
        draft.host(side, self.equal(), &format!("{prefix}{word}"));
    }
}
