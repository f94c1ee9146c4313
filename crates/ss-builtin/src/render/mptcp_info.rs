//! The statistics of `-i` for connections and subflows of Multipath TCP.

use procnetsocket::model::{MptcpInfo, MptcpSubflow, MptcpSubflowFlags};

use super::{
    field::{push_nonzero, push_nonzero_hex, push_number, push_text},
    number::push_hex,
};

/// Appends the statistics of a connection.
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

/// The letters for the flags of a subflow: capital for the remote side, where there are two.
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

/// Appends the state of a TCP socket as a subflow, without what the kernel did not report.
pub(super) fn push_subflow(out: &mut Vec<u8>, subflow: &MptcpSubflow) {
    let mut shown = LETTERS.iter().filter(|(flag, _)| subflow.flags.contains(*flag)).peekable();
    if shown.peek().is_some() {
        push_text(out, " flags:");
    }
    out.extend(shown.map(|(_, letter)| letter));
    let remote = subflow.remote_token.zip(subflow.remote_id);
    let local = subflow.local_token.zip(subflow.local_id);
    if let Some((remote, local)) = remote.zip(local) {
        for (key, (token, id)) in [(" token:", remote), ("/", local)] {
            push_text(out, key);
            push_hex(out, token.into(), 4);
            push_number(out, "(id:", id);
            out.push(b')');
        }
    }
    let numbers = [
        (" seq:", subflow.map_seq),
        (" sfseq:", subflow.map_subflow_seq.map(u64::from)),
        (" ssnoff:", subflow.ssn_offset.map(u64::from)),
        (" maplen:", subflow.map_length.map(u64::from)),
    ];
    for (key, number) in numbers {
        if let Some(number) = number {
            push_number(out, key, number);
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn keys_come_in_the_order_of_ss() {
        let mut info = MptcpInfo::default();
        (info.subflows, info.add_addr_signal, info.add_addr_accepted) = (1, 2, 3);
        (info.subflows_max, info.add_addr_signal_max, info.add_addr_accepted_max) = (4, 5, 6);
        (info.flags, info.token, info.write_seq) = (3, 0xab, u64::MAX);
        (info.send_unacked, info.receive_next) = (10, 11);
        (info.local_addr_used, info.local_addr_max, info.checksum_enabled) = (12, 13, true);
        (info.retransmits, info.bytes_retransmitted, info.bytes_sent) = (15, 16, 17);
        (info.bytes_received, info.bytes_acked, info.subflows_total) = (18, 19, 20);
        (info.laminar_max, info.fullmesh_max, info.last_data_sent_ms) = (21, 22, 23);
        (info.last_data_received_ms, info.last_ack_received_ms) = (24, 25);
        let mut out = Vec::new();
        push_mptcp_info(&mut out, &info);
        insta::assert_snapshot!(
            String::from_utf8(out).unwrap(),
            @" subflows:1 add_addr_signal:2 add_addr_accepted:3 subflows_max:4 add_addr_signal_max:5 add_addr_accepted_max:6 fallback remote_key token:ab write_seq:18446744073709551615 snd_una:10 rcv_nxt:11 local_addr_used:12 local_addr_max:13 csum_enabled:1 retransmits:15 bytes_retrans:16 bytes_sent:17 bytes_received:18 bytes_acked:19 subflows_total:20 endp_laminar_max:21 last_data_sent:23 last_data_recv:24 last_ack_recv:25"
        );
    }

    #[rstest]
    #[case::nothing(0, "")]
    #[case::everything(0x1ff, " flags:MmJjBbecv")]
    fn flags_of_a_subflow_are_letters(#[case] bits: u32, #[case] shown: &str) {
        let mut subflow = MptcpSubflow::default();
        subflow.flags = MptcpSubflowFlags::from_bits(bits);
        let mut out = Vec::new();
        push_subflow(&mut out, &subflow);
        assert_eq!(String::from_utf8(out).unwrap(), shown);
    }

    #[test]
    fn subflow_names_both_sides() {
        let mut subflow = MptcpSubflow::default();
        (subflow.remote_token, subflow.remote_id) = (Some(0xabcd), Some(3));
        (subflow.local_token, subflow.local_id) = (Some(0x12), Some(4));
        (subflow.map_seq, subflow.map_subflow_seq) = (Some(u64::MAX), Some(0));
        (subflow.ssn_offset, subflow.map_length) = (Some(10), Some(11));
        let mut out = Vec::new();
        push_subflow(&mut out, &subflow);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            " token:abcd(id:3)/0012(id:4) seq:18446744073709551615 sfseq:0 ssnoff:10 maplen:11"
        );
    }
}
