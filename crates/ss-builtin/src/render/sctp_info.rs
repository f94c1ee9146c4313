//! The details of SCTP associations.

use std::net::SocketAddr;

use procnetsocket::model::{InetDetail, SctpInfo, SctpState};

use super::{
    addr::push_bare_address,
    field::{push_nonzero, push_nonzero_as_signed, push_nonzero_hex, push_text},
};

/// Returns the name of a state.
pub(super) fn state_name(state: SctpState) -> &'static str {
    match state {
        SctpState::Closed => "CLOSED",
        SctpState::CookieWait => "COOKIE_WAIT",
        SctpState::CookieEchoed => "COOKIE_ECHOED",
        SctpState::Established => "ESTAB",
        SctpState::ShutdownPending => "SHUTDOWN_PENDING",
        SctpState::ShutdownSent => "SHUTDOWN_SENT",
        SctpState::ShutdownReceived => "SHUTDOWN_RECEIVED",
        SctpState::ShutdownAckSent => "ACK_SENT",
        _ => "UNKNOWN",
    }
}

/// Appends the addresses of both ends.
pub(super) fn push_addresses(out: &mut Vec<u8>, detail: &InetDetail) {
    push_list(out, " locals:", &detail.locals);
    push_list(out, " peers:", &detail.peers);
}

fn push_list(out: &mut Vec<u8>, key: &str, addresses: &[SocketAddr]) {
    for (index, address) in addresses.iter().enumerate() {
        push_text(out, if index == 0 { key } else { "," });
        push_bare_address(out, address.ip());
    }
}

/// Appends the statistics of an association.
pub(super) fn push_sctp_info(out: &mut Vec<u8>, info: &SctpInfo) {
    push_nonzero_hex(out, " tag:", info.tag);
    if info.state != 0 {
        // Compat: the number is used as it is, though the kernel counts from 1 here.
        let state = u8::try_from(info.state).ok().and_then(SctpState::from_number);
        push_text(out, " state:");
        push_text(out, state.map_or("UNKNOWN", state_name));
    }
    push_nonzero_as_signed(out, " rwnd:", info.receive_window);
    push_nonzero(out, " unackdata:", info.unacked_chunks);
    push_nonzero(out, " penddata:", info.pending_chunks);
    push_nonzero(out, " instrms:", info.in_streams);
    push_nonzero(out, " outstrms:", info.out_streams);
    push_nonzero_as_signed(out, " inqueue:", info.in_queue);
    push_nonzero_as_signed(out, " outqueue:", info.out_queue);
    push_nonzero_as_signed(out, " overerr:", info.overall_error);
    push_nonzero_as_signed(out, " maxburst:", info.max_burst);
    push_nonzero_as_signed(out, " maxseg:", info.max_segment);
    push_nonzero_as_signed(out, " prwnd:", info.peer_receive_window);
    push_nonzero_hex(out, " ptag:", info.peer_tag);
    push_nonzero(out, " pcapable:", info.peer_capable);
    push_nonzero(out, " psack:", info.peer_sack);
    push_nonzero_as_signed(out, " autoclose:", info.autoclose_s);
    push_nonzero_as_signed(out, " adapind:", info.adaptation_indication);
    push_nonzero_as_signed(out, " pdpoint:", info.partial_delivery_point);
    push_nonzero(out, " nodelay:", info.no_delay);
    push_nonzero(out, " nofrag:", info.disable_fragments);
    push_nonzero(out, " v4mapped:", info.v4_mapped);
    push_nonzero(out, " fraginl:", info.fragment_interleave);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_the_order_of_ss() {
        let mut info = SctpInfo::default();
        (info.tag, info.state, info.receive_window) = (0xab, 4, 1_000);
        (info.unacked_chunks, info.pending_chunks) = (1, 2);
        (info.in_streams, info.out_streams, info.fragmentation_point) = (3, 4, 5);
        (info.in_queue, info.out_queue, info.overall_error) = (6, 7, 8);
        (info.max_burst, info.max_segment, info.peer_receive_window) = (9, 10, u32::MAX);
        (info.peer_tag, info.peer_capable, info.peer_sack) = (0xcd, 12, 13);
        (info.autoclose_s, info.adaptation_indication, info.partial_delivery_point) = (21, 22, 23);
        (info.no_delay, info.disable_fragments, info.v4_mapped) = (1, 1, 1);
        info.fragment_interleave = 2;
        let mut out = Vec::new();
        push_sctp_info(&mut out, &info);
        insta::assert_snapshot!(
            String::from_utf8(out).unwrap(),
            @" tag:ab state:SHUTDOWN_PENDING rwnd:1000 unackdata:1 penddata:2 instrms:3 outstrms:4 inqueue:6 outqueue:7 overerr:8 maxburst:9 maxseg:10 prwnd:-1 ptag:cd pcapable:12 psack:13 autoclose:21 adapind:22 pdpoint:23 nodelay:1 nofrag:1 v4mapped:1 fraginl:2"
        );
    }

    #[test]
    fn socket_without_association_has_few_keys() {
        let mut out = Vec::new();
        push_sctp_info(&mut out, &SctpInfo::default());
        assert!(out.is_empty());
    }
}
