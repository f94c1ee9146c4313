//! Messages about internet sockets: TCP, UDP, UDP-Lite, raw, SCTP and Multipath TCP.
//!
//! # Format
//!
//! `struct inet_diag_msg`, 72 bytes, and attributes (`include/uapi/linux/inet_diag.h`):
//!
//! | bytes | field | meaning |
//! | --- | --- | --- |
//! | 0 | `idiag_family` | 2 or 10 |
//! | 1 | `idiag_state` | state 1 to 13, of an SCTP association 0 to 7 |
//! | 2 | `idiag_timer` | the timer that runs, or 0 |
//! | 3 | `idiag_retrans` | retransmissions or probes, as the timer is |
//! | 4, 6 | `idiag_sport`, `idiag_dport` | ports on this and the other side, network order |
//! | 8, 24 | `idiag_src`, `idiag_dst` | addresses, 16 bytes each, network order |
//! | 40 | `idiag_if` | the interface that it is bound to, or 0 |
//! | 44 | `idiag_cookie` | two words, the lower first |
//! | 52 | `idiag_expires` | milliseconds until the timer expires |
//! | 56, 60 | `idiag_rqueue`, `idiag_wqueue` | queues in bytes; of a listener connections that wait, and the limit |
//! | 64, 68 | `idiag_uid`, `idiag_inode` | uid and inode, or 0 |
//!
//! Kernel: `inet_sk_diag_fill`, `inet_twsk_diag_fill`, `inet_req_diag_fill`, `udp_diag.c`,
//! `raw_diag.c`, `sctp_diag.c` and `mptcp_diag.c`. A TCP socket that is only bound is requested by
//! state 13 and reported with state 7.

mod info;
mod ulp;

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use self::{
    info::{bits, decode_bbr, decode_dctcp, decode_mptcp, decode_sctp, decode_tcp, decode_vegas},
    ulp::decode_ulp,
};
use super::{
    bytes::{Attribute, Fault, Prefix, STORAGE, split},
    uapi::{
        AF_INET, AF_INET6, INET_DIAG_BBRINFO, INET_DIAG_CGROUP_ID, INET_DIAG_CLASS_ID,
        INET_DIAG_CONG, INET_DIAG_DCTCPINFO, INET_DIAG_INFO, INET_DIAG_LOCALS, INET_DIAG_MARK,
        INET_DIAG_MD5SIG, INET_DIAG_MEMINFO, INET_DIAG_PEERS, INET_DIAG_PROTOCOL,
        INET_DIAG_SHUTDOWN, INET_DIAG_SKMEMINFO, INET_DIAG_SKV6ONLY, INET_DIAG_SOCKOPT,
        INET_DIAG_TCLASS, INET_DIAG_TOS, INET_DIAG_ULP_INFO, INET_DIAG_VEGASINFO, IPPROTO_TCP,
        IPPROTO_UDP,
    },
};
use crate::model::{
    CongestionInfo, Family, InetInfo, InetMemory, InetOptions, InetProtocol, InetSocket, Inode,
    Md5Key, Queues, SctpState, ShortName, Shutdown, TcpState, Timer, TimerKind,
};

/// Bytes of `struct inet_diag_msg`.
const HEADER: usize = 72;

/// Bytes of `struct tcp_diag_md5sig`.
const MD5SIG: usize = 20 + Md5Key::MAX_KEY;

/// Reads a message about a socket of a known protocol into a row. Every field is overwritten.
pub(super) fn decode(message: &[u8], family: Family, row: &mut InetSocket) -> Result<(), Fault> {
    let (mut fields, attributes) = split::<HEADER>(message, "72 bytes (inet_diag_msg)")?;
    let header = take_header(&mut fields, row)?;
    let wanted = match family {
        Family::V4 => AF_INET,
        Family::V6 => AF_INET6,
    };
    if header.family != wanted {
        return Err(Fault::number(0, "a socket of the family that was asked for", header.family));
    }
    row.detail.clear();
    for attribute in attributes {
        decode_attribute(&attribute?, row)?;
    }
    row.drops = match row.protocol {
        InetProtocol::Udp | InetProtocol::UdpLite | InetProtocol::Raw => {
            row.detail.memory.and_then(|memory| memory.drops)
        }
        _ => None,
    };
    set_state(&header, row)
}

/// Reads an event, which contains its protocol and family.
pub(super) fn decode_event(message: &[u8], row: &mut InetSocket) -> Result<(), Fault> {
    let (_, attributes) = split::<HEADER>(message, "72 bytes (inet_diag_msg)")?;
    // Kernel: only TCP and UDP report events. The other attributes depend on the protocol, so it
    // has to be known first.
    let mut protocol = None;
    for attribute in attributes {
        let attribute = attribute?;
        if attribute.kind == INET_DIAG_PROTOCOL {
            protocol = Some(attribute.u8("1 byte (INET_DIAG_PROTOCOL)")?);
        }
    }
    row.protocol = match protocol {
        Some(IPPROTO_TCP) => InetProtocol::Tcp,
        Some(IPPROTO_UDP) => InetProtocol::Udp,
        other => return Err(Fault::number(0, "a socket of TCP or UDP", other.unwrap_or_default())),
    };
    let family = match message.first() {
        Some(&AF_INET6) => Family::V6,
        _ => Family::V4,
    };
    decode(message, family, row)?;
    // Kernel: only in dumps does CLOSE mean a bound socket.
    if row.state == TcpState::BoundInactive {
        row.state = TcpState::Close;
    }
    Ok(())
}

/// The fields of the header that can be interpreted only together with the attributes.
struct Header {
    family: u8,
    state: u8,
}

#[inline]
fn take_header(fields: &mut Prefix<'_>, row: &mut InetSocket) -> Result<Header, Fault> {
    let [family, state, timer, retransmits] = fields.array();
    let (local_port, remote_port) = (fields.be16(), fields.be16());
    let missing = || Fault::number(0, "a family of IPv4 or IPv6", family);
    let local = fields.address(family).ok_or_else(missing)?;
    let remote = fields.address(family).ok_or_else(missing)?;
    row.local = SocketAddr::new(local, local_port);
    row.remote = SocketAddr::new(remote, remote_port);
    row.interface = NonZeroU32::new(fields.u32());
    row.cookie = fields.cookie();
    set_timer(timer, retransmits.into(), fields.u32(), row);
    row.queues = Queues { recv: fields.u32(), send: fields.u32() };
    row.uid = fields.u32();
    row.inode = Inode::new(fields.u32().into());
    Ok(Header { family, state })
}

fn set_timer(timer: u8, count: u32, milliseconds: u32, row: &mut InetSocket) {
    let kind = match TimerKind::from_number(timer.into()) {
        // Kernel: the only timer that SCTP reports is T3-rtx, and its number is 4.
        Some(_) if row.protocol == InetProtocol::Sctp => Some(TimerKind::Retransmit),
        kind => kind,
    };
    let expires = Duration::from_millis(milliseconds.into());
    row.timer = kind.map(|kind| Timer { kind, expires });
    (row.retransmits, row.probes) = match kind {
        Some(TimerKind::Keepalive | TimerKind::Probe) => (0, count),
        _ => (count, 0),
    };
}

fn set_state(header: &Header, row: &mut InetSocket) -> Result<(), Fault> {
    let unknown = |expected| Fault::number(1, expected, header.state);
    // Kernel: of the rows of SCTP, those of associations have remote addresses.
    if row.protocol == InetProtocol::Sctp && !row.detail.peers.is_empty() {
        let state = SctpState::from_number(header.state);
        let state = state.ok_or_else(|| unknown("a state of SCTP from 0 to 7"))?;
        row.detail.sctp_state = Some(state);
        row.state = nearest(state);
        return Ok(());
    }
    let state = TcpState::from_number(header.state.into());
    row.state = match state.ok_or_else(|| unknown("a state from 1 to 13"))? {
        TcpState::Close if row.protocol == InetProtocol::Tcp => TcpState::BoundInactive,
        state => state,
    };
    Ok(())
}

/// Returns the TCP state that is nearest to one of SCTP.
const fn nearest(state: SctpState) -> TcpState {
    match state {
        SctpState::Closed => TcpState::Close,
        SctpState::CookieWait => TcpState::SynSent,
        SctpState::CookieEchoed => TcpState::SynRecv,
        SctpState::Established => TcpState::Established,
        SctpState::ShutdownPending => TcpState::FinWait1,
        SctpState::ShutdownSent => TcpState::FinWait2,
        SctpState::ShutdownReceived => TcpState::CloseWait,
        SctpState::ShutdownAckSent => TcpState::LastAck,
    }
}

#[inline]
fn decode_attribute(attribute: &Attribute<'_>, row: &mut InetSocket) -> Result<(), Fault> {
    let detail = &mut *row.detail;
    // An unknown attribute is from a newer kernel, and is skipped.
    match attribute.kind {
        INET_DIAG_MEMINFO => detail.short_memory = Some(decode_short_memory(attribute)?),
        INET_DIAG_INFO => detail.info = Some(decode_info(attribute, row.protocol)?),
        INET_DIAG_VEGASINFO => {
            detail.congestion_info = Some(CongestionInfo::Vegas(decode_vegas(attribute)?));
        }
        INET_DIAG_CONG => detail.congestion = Some(decode_congestion(attribute)?),
        INET_DIAG_TOS => detail.tos = Some(attribute.u8("1 byte (INET_DIAG_TOS)")?),
        INET_DIAG_TCLASS => detail.traffic_class = Some(attribute.u8("1 byte (INET_DIAG_TCLASS)")?),
        INET_DIAG_SKMEMINFO => detail.memory = Some(attribute.memory()?),
        INET_DIAG_SHUTDOWN => {
            let bits = attribute.u8("1 byte (INET_DIAG_SHUTDOWN)")?;
            detail.shutdown = Some(Shutdown::from_bits(bits));
        }
        INET_DIAG_DCTCPINFO => {
            detail.congestion_info = Some(CongestionInfo::Dctcp(decode_dctcp(attribute)?));
        }
        INET_DIAG_PROTOCOL => {
            detail.ip_protocol = Some(attribute.u8("1 byte (INET_DIAG_PROTOCOL)")?);
        }
        INET_DIAG_SKV6ONLY => {
            detail.v6_only = Some(attribute.u8("1 byte (INET_DIAG_SKV6ONLY)")? != 0);
        }
        INET_DIAG_LOCALS => decode_addresses(attribute, &mut detail.locals)?,
        INET_DIAG_PEERS => decode_addresses(attribute, &mut detail.peers)?,
        INET_DIAG_MARK => detail.mark = Some(attribute.u32("4 bytes (INET_DIAG_MARK)")?),
        INET_DIAG_BBRINFO => {
            detail.congestion_info = Some(CongestionInfo::Bbr(decode_bbr(attribute)?));
        }
        INET_DIAG_CLASS_ID => {
            detail.class_id = Some(attribute.u32("4 bytes (INET_DIAG_CLASS_ID)")?);
        }
        INET_DIAG_MD5SIG => decode_md5_keys(attribute, &mut detail.md5_keys)?,
        INET_DIAG_ULP_INFO => detail.ulp = Some(decode_ulp(attribute)?),
        INET_DIAG_CGROUP_ID => {
            detail.cgroup_id = Some(attribute.u64("8 bytes (INET_DIAG_CGROUP_ID)")?);
        }
        INET_DIAG_SOCKOPT => detail.options = Some(decode_options(attribute)?),
        _ => {}
    }
    Ok(())
}

fn decode_info(attribute: &Attribute<'_>, protocol: InetProtocol) -> Result<InetInfo, Fault> {
    Ok(match protocol {
        InetProtocol::Mptcp => InetInfo::Mptcp(decode_mptcp(attribute)?),
        InetProtocol::Sctp => InetInfo::Sctp(Box::new(decode_sctp(attribute)?)),
        // Kernel: the others do not have this attribute.
        _ => InetInfo::Tcp(decode_tcp(attribute)?),
    })
}

fn decode_short_memory(attribute: &Attribute<'_>) -> Result<InetMemory, Fault> {
    let mut fields = attribute.prefix(16, "memory of 16 bytes (INET_DIAG_MEMINFO)")?;
    Ok(InetMemory {
        receive_allocated: fields.u32(),
        send_queued: fields.u32(),
        forward_allocated: fields.i32(),
        transmit_allocated: fields.u32(),
    })
}

fn decode_congestion(attribute: &Attribute<'_>) -> Result<ShortName, Fault> {
    let name = ShortName::new(attribute.value);
    name.ok_or_else(|| attribute.fault("a name of at most 16 bytes (INET_DIAG_CONG)"))
}

fn decode_addresses(
    attribute: &Attribute<'_>,
    addresses: &mut Vec<SocketAddr>,
) -> Result<(), Fault> {
    for mut record in attribute.records(STORAGE, "addresses of 128 bytes each")? {
        addresses.extend(record.storage(attribute)?);
    }
    Ok(())
}

fn decode_md5_keys(attribute: &Attribute<'_>, keys: &mut Vec<Md5Key>) -> Result<(), Fault> {
    for mut record in attribute.records(MD5SIG, "keys of 100 bytes each (INET_DIAG_MD5SIG)")? {
        let [family, prefix_bits] = record.array();
        let length = usize::from(record.u16());
        let network = record.address(family).ok_or_else(|| {
            Fault::number(attribute.offset, "the family of a key, IPv4 or IPv6", family)
        })?;
        let key: [u8; Md5Key::MAX_KEY] = record.array();
        let key = key.get(..length).and_then(|key| Md5Key::new(network, prefix_bits, key));
        keys.push(key.ok_or_else(|| attribute.fault("a key of at most 80 bytes"))?);
    }
    Ok(())
}

/// Reads `struct inet_diag_sockopt`, two bytes of bit fields.
fn decode_options(attribute: &Attribute<'_>) -> Result<InetOptions, Fault> {
    let [low, high] = attribute.exact("2 bytes (INET_DIAG_SOCKOPT)")?;
    let ordered =
        |byte| (0..8).fold(0_u16, |word, bit| word | u16::from(bits(byte, bit, 1)) << bit);
    let known = 0x7ff;
    Ok(InetOptions::from_bits((ordered(low) | ordered(high) << 8) & known))
}
