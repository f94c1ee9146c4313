//! What `-i` shows of Multipath TCP: of a connection, and of a subflow.

use procnetsocket::model::{MptcpInfo, MptcpSubflow, MptcpSubflowFlags};

use super::{
    field::{push_nonzero, push_nonzero_hex, push_number, push_text},
    number::push_hex,
};

/// Appends the account of a connection.
pub(super) fn push_mptcp_info(out: &mut Vec<u8>, info: &MptcpInfo) {
    push_nonzero(out, " subflows:", info.subflows);
    push_nonzero(out, " add_addr_signal:", info.add_addr_signal);
    push_nonzero(out, " add_addr_accepted:", info.add_addr_accepted);
    push_nonzero(out, " subflows_max:", info.subflows_max);
    push_nonzero(out, " add_addr_signal_max:", info.add_addr_signal_max);
    push_nonzero(out, " add_addr_accepted_max:", info.add_addr_accepted_max);
    if info.is_fallback() {
        push_text(out, " fallback");
    }
    if info.has_remote_key() {
        push_text(out, " remote_key");
    }
    push_nonzero_hex(out, " token:", info.token);
    push_nonzero(out, " write_seq:", info.write_seq);
    push_nonzero(out, " snd_una:", info.send_unacked);
    push_nonzero(out, " rcv_nxt:", info.receive_next);
    push_nonzero(out, " local_addr_used:", info.local_addr_used);
    push_nonzero(out, " local_addr_max:", info.local_addr_max);
    push_nonzero(out, " csum_enabled:", info.checksum_enabled);
    push_nonzero(out, " retransmits:", info.retransmits);
    push_nonzero(out, " bytes_retrans:", info.bytes_retransmitted);
    push_nonzero(out, " bytes_sent:", info.bytes_sent);
    push_nonzero(out, " bytes_received:", info.bytes_received);
    push_nonzero(out, " bytes_acked:", info.bytes_acked);
    push_nonzero(out, " subflows_total:", info.subflows_total);
    push_nonzero(out, " endp_laminar_max:", info.laminar_max);
    push_nonzero(out, " last_data_sent:", info.last_data_sent_ms);
    push_nonzero(out, " last_data_recv:", info.last_data_received_ms);
    push_nonzero(out, " last_ack_recv:", info.last_ack_received_ms);
}

/// The letters of what a subflow is: capital for the other side, where there are two.
const LETTERS: [(MptcpSubflowFlags, u8); 9] = [
    (MptcpSubflowFlags::CAPABLE_REMOTE, b'M'),
    (MptcpSubflowFlags::CAPABLE_LOCAL, b'm'),
    (MptcpSubflowFlags::JOIN_REMOTE, b'J'),
    (MptcpSubflowFlags::JOIN_LOCAL, b'j'),
    (MptcpSubflowFlags::BACKUP_REMOTE, b'B'),
    (MptcpSubflowFlags::BACKUP_LOCAL, b'b'),
    (MptcpSubflowFlags::FULLY_ESTABLISHED, b'e'),
    (MptcpSubflowFlags::CONNECTED, b'c'),
    (MptcpSubflowFlags::MAP_VALID, b'v'),
];

/// Appends what a TCP socket is as a subflow.
pub(super) fn push_subflow(out: &mut Vec<u8>, subflow: &MptcpSubflow) {
    let shown = LETTERS.iter().filter(|(flag, _)| subflow.flags.contains(*flag));
    push_text(out, " flags:");
    out.extend(shown.map(|(_, letter)| letter));
    for (key, token, id) in [
        (" token:", subflow.remote_token, subflow.remote_id),
        ("/", subflow.local_token, subflow.local_id),
    ] {
        push_text(out, key);
        push_hex(out, token.into(), 4);
        push_number(out, "(id:", id);
        out.push(b')');
    }
    push_number(out, " seq:", subflow.map_seq);
    push_number(out, " sfseq:", subflow.map_subflow_seq);
    push_number(out, " ssnoff:", subflow.ssn_offset);
    push_number(out, " maplen:", subflow.map_length);
}
