//! Every label of the text has a field in the objects.

use serde_json::Value;

use crate::workspace;

/// A label of the text, and the definition and the key of the schema for it.
const LABELS: &[(&str, &str)] = &[
    // -p, -o, -e
    ("users", "inet_socket.processes"),
    ("pid", "process.pid"),
    ("tid", "process.tid"),
    ("fd", "process.fd"),
    ("timer", "inet_socket.timer"),
    ("uid", "inet_socket.uid"),
    ("ino", "inet_socket.inode"),
    ("sk", "inet_socket.cookie"),
    ("fwmark", "inet_socket.mark"),
    ("cgroup", "names.cgroup"),
    ("unreachable", "inet_socket.cgroup_id"),
    ("<->", "inet_socket.shutdown"),
    ("opt", "inet_socket.trailing"),
    ("dev", "unix_file.device"),
    ("ino of -x", "unix_file.inode"),
    ("peers of -x", "unix_socket.pending_inodes"),
    ("cb", "netlink_socket.dump"),
    ("groups", "netlink_socket.groups"),
    // --tos, --inet-sockopt
    ("tos", "inet_socket.tos"),
    ("tclass", "inet_socket.traffic_class"),
    ("class_id", "inet_socket.class_id"),
    ("inet-sockopt", "inet_socket.options"),
    // -m
    ("skmem", "inet_socket.memory"),
    ("r", "socket_memory.receive_allocated"),
    ("rb", "socket_memory.receive_limit"),
    ("t", "socket_memory.transmit_allocated"),
    ("tb", "socket_memory.send_limit"),
    ("f", "socket_memory.forward_allocated"),
    ("w", "socket_memory.send_queued"),
    ("o", "socket_memory.options"),
    ("bl", "socket_memory.backlog"),
    ("d", "socket_memory.drops"),
    ("mem", "inet_socket.short_memory"),
    // -i
    ("ts", "tcp_info.options"),
    ("usec_ts", "tcp_info.options"),
    ("sack", "tcp_info.options"),
    ("ecn", "tcp_info.options"),
    ("ecnseen", "tcp_info.options"),
    ("fastopen", "tcp_info.options"),
    ("wscale", "tcp_info.send_window_scale"),
    ("wscale, second", "tcp_info.receive_window_scale"),
    ("rto", "tcp_info.rto_us"),
    ("backoff", "tcp_info.backoff"),
    ("rtt", "tcp_info.rtt_us"),
    ("rtt, second", "tcp_info.rtt_variance_us"),
    ("ato", "tcp_info.ato_us"),
    ("qack", "tcp_detail.quick_acks"),
    ("bidir", "tcp_detail.pingpong"),
    ("mss", "tcp_info.send_mss"),
    ("pmtu", "tcp_info.path_mtu"),
    ("rcvmss", "tcp_info.receive_mss"),
    ("advmss", "tcp_info.advertised_mss"),
    ("cwnd", "tcp_info.congestion_window"),
    ("ssthresh", "tcp_info.send_ssthresh"),
    ("bytes_sent", "tcp_info.bytes_sent"),
    ("bytes_retrans", "tcp_info.bytes_retransmitted"),
    ("bytes_acked", "tcp_info.bytes_acked"),
    ("bytes_received", "tcp_info.bytes_received"),
    ("segs_out", "tcp_info.segments_out"),
    ("segs_in", "tcp_info.segments_in"),
    ("data_segs_out", "tcp_info.data_segments_out"),
    ("data_segs_in", "tcp_info.data_segments_in"),
    ("dctcp", "inet_socket.congestion_info"),
    ("ce_state", "dctcp_info.ce_state"),
    ("alpha", "dctcp_info.alpha"),
    ("ab_ecn", "dctcp_info.acked_ecn_bytes"),
    ("ab_tot", "dctcp_info.acked_total_bytes"),
    ("bbr", "inet_socket.congestion_info"),
    ("bw", "bbr_info.bandwidth_bytes_per_s"),
    ("mrtt", "bbr_info.min_rtt_us"),
    ("pacing_gain", "bbr_info.pacing_gain"),
    ("cwnd_gain", "bbr_info.cwnd_gain"),
    ("send", "inet_socket.send_rate"),
    ("lastsnd", "tcp_info.last_data_sent_ms"),
    ("lastrcv", "tcp_info.last_data_received_ms"),
    ("lastack", "tcp_info.last_ack_received_ms"),
    ("pacing_rate", "tcp_info.pacing_rate"),
    ("pacing_rate, second", "tcp_info.max_pacing_rate"),
    ("delivery_rate", "tcp_info.delivery_rate"),
    ("delivered", "tcp_info.delivered"),
    ("delivered_ce", "tcp_info.delivered_ce"),
    ("app_limited", "tcp_info.delivery_rate_app_limited"),
    ("busy", "tcp_info.busy_us"),
    ("rwnd_limited", "tcp_info.receive_window_limited_us"),
    ("sndbuf_limited", "tcp_info.send_buffer_limited_us"),
    ("unacked", "tcp_info.unacked"),
    ("retrans", "tcp_info.retransmitted"),
    ("retrans, second", "tcp_info.total_retransmitted"),
    ("lost", "tcp_info.lost"),
    ("sacked", "tcp_info.sacked"),
    ("dsack_dups", "tcp_info.dsack_duplicates"),
    ("fackets", "tcp_info.fackets"),
    ("reordering", "tcp_info.reordering"),
    ("reord_seen", "tcp_info.reorderings_seen"),
    ("rcv_rtt", "tcp_info.receive_rtt_us"),
    ("rcv_space", "tcp_info.receive_space"),
    ("rcv_ssthresh", "tcp_info.receive_ssthresh"),
    ("notsent", "tcp_info.not_sent_bytes"),
    ("minrtt", "tcp_info.min_rtt_us"),
    ("rcv_ooopack", "tcp_info.received_out_of_order"),
    ("snd_wnd", "tcp_info.send_window"),
    ("rcv_wnd", "tcp_info.receive_window"),
    ("rehash", "tcp_info.rehashes"),
    ("md5keys", "inet_socket.md5_keys"),
    ("tcp-ulp-NAME", "inet_socket.ulp"),
    ("version", "tls_info.version"),
    ("cipher", "tls_info.cipher"),
    ("rxconf", "tls_info.receive"),
    ("txconf", "tls_info.transmit"),
    ("zc_ro_tx", "tls_info.zero_copy_send"),
    ("no_pad_rx", "tls_info.receive_no_padding"),
    ("flags", "mptcp_subflow.flags"),
    ("token", "mptcp_subflow.remote_token"),
    ("token, second", "mptcp_subflow.local_token"),
    ("id", "mptcp_subflow.remote_id"),
    ("id, second", "mptcp_subflow.local_id"),
    ("seq", "mptcp_subflow.map_seq"),
    ("sfseq", "mptcp_subflow.map_subflow_seq"),
    ("ssnoff", "mptcp_subflow.ssn_offset"),
    ("maplen", "mptcp_subflow.map_length"),
    ("v6only", "inet_socket.v6_only"),
    // -i of Multipath TCP
    ("subflows", "mptcp_info.subflows"),
    ("add_addr_signal", "mptcp_info.add_addr_signal"),
    ("add_addr_accepted", "mptcp_info.add_addr_accepted"),
    ("subflows_max", "mptcp_info.subflows_max"),
    ("add_addr_signal_max", "mptcp_info.add_addr_signal_max"),
    ("add_addr_accepted_max", "mptcp_info.add_addr_accepted_max"),
    ("fallback", "mptcp_info.flags"),
    ("remote_key", "mptcp_info.flags"),
    ("token of -M", "mptcp_info.token"),
    ("write_seq", "mptcp_info.write_seq"),
    ("snd_una", "mptcp_info.send_unacked"),
    ("rcv_nxt", "mptcp_info.receive_next"),
    ("local_addr_used", "mptcp_info.local_addr_used"),
    ("local_addr_max", "mptcp_info.local_addr_max"),
    ("csum_enabled", "mptcp_info.checksum_enabled"),
    ("retransmits", "mptcp_info.retransmits"),
    ("subflows_total", "mptcp_info.subflows_total"),
    ("endp_laminar_max", "mptcp_info.laminar_max"),
    ("last_data_sent", "mptcp_info.last_data_sent_ms"),
    ("last_data_recv", "mptcp_info.last_data_received_ms"),
    ("last_ack_recv", "mptcp_info.last_ack_received_ms"),
    // -i of SCTP
    ("tag", "sctp_info.tag"),
    ("state", "sctp_info.state"),
    ("rwnd", "sctp_info.receive_window"),
    ("unackdata", "sctp_info.unacked_chunks"),
    ("penddata", "sctp_info.pending_chunks"),
    ("instrms", "sctp_info.in_streams"),
    ("outstrms", "sctp_info.out_streams"),
    ("inqueue", "sctp_info.in_queue"),
    ("outqueue", "sctp_info.out_queue"),
    ("overerr", "sctp_info.overall_error"),
    ("maxburst", "sctp_info.max_burst"),
    ("maxseg", "sctp_info.max_segment"),
    ("prwnd", "sctp_info.peer_receive_window"),
    ("ptag", "sctp_info.peer_tag"),
    ("pcapable", "sctp_info.peer_capable"),
    ("psack", "sctp_info.peer_sack"),
    ("autoclose", "sctp_info.autoclose_s"),
    ("adapind", "sctp_info.adaptation_indication"),
    ("pdpoint", "sctp_info.partial_delivery_point"),
    ("nodelay", "sctp_info.no_delay"),
    ("nofrag", "sctp_info.disable_fragments"),
    ("v4mapped", "sctp_info.v4_mapped"),
    ("fraginl", "sctp_info.fragment_interleave"),
    ("locals", "inet_socket.locals"),
    ("peers", "inet_socket.peers"),
    // -e and -b of packet sockets
    ("ver", "packet_info.version"),
    ("cpy_thresh", "packet_info.copy_threshold"),
    ("flags of -0", "packet_info.flags"),
    ("ring_rx", "packet_socket.receive_ring"),
    ("ring_tx", "packet_socket.transmit_ring"),
    ("blk_size", "packet_ring.block_size"),
    ("blk_nr", "packet_ring.blocks"),
    ("frm_size", "packet_ring.frame_size"),
    ("frm_nr", "packet_ring.frames"),
    ("tmo", "packet_ring.retire_timeout_ms"),
    ("features", "packet_ring.features"),
    ("fanout", "packet_socket.fanout"),
    ("id of fanout", "fanout.id"),
    ("type", "fanout.type"),
    ("bpf filter", "packet_socket.filter"),
    // -e of XDP sockets
    ("rx", "xdp_socket.receive_entries"),
    ("tx", "xdp_socket.transmit_entries"),
    ("entries", "xdp_socket.receive_entries"),
    ("umem", "xdp_socket.umem"),
    ("id of umem", "xdp_umem.id"),
    ("size", "xdp_umem.size"),
    ("num_pages", "xdp_umem.pages"),
    ("chunk_size", "xdp_umem.chunk_size"),
    ("headroom", "xdp_umem.headroom"),
    ("ifindex", "xdp_umem.interface"),
    ("qid", "xdp_umem.queue"),
    ("zc", "xdp_umem.flags"),
    ("refs", "xdp_umem.references"),
    ("fr", "xdp_socket.fill_entries"),
    ("cr", "xdp_socket.completion_entries"),
    ("stats", "xdp_socket.statistics"),
    ("rx dropped", "xdp_statistics.receive_dropped"),
    ("rx invalid", "xdp_statistics.receive_invalid"),
    ("rx queue full", "xdp_statistics.receive_full"),
    ("rx fill ring empty", "xdp_statistics.fill_ring_empty"),
    ("tx invalid", "xdp_statistics.transmit_invalid"),
    ("tx ring empty", "xdp_statistics.transmit_ring_empty"),
];

/// Returns the labels in a row of text: words before a colon, an equals sign or a parenthesis.
fn labels_of(row: &str) -> impl Iterator<Item = &str> {
    let words = row.split([' ', '\t', ',', '(', '\n']);
    words.filter_map(|word| {
        let (label, _) = word.split_once([':', '='])?;
        let is_label =
            label.len() > 1 && label.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        is_label.then_some(label)
    })
}

#[test]
fn every_label_of_the_text_has_a_key_of_the_schema() {
    let schema: Value = serde_json::from_slice(&workspace::read("docs/ss.schema.json")).unwrap();
    for (label, place) in LABELS {
        let (definition, key) = place.split_once('.').unwrap();
        assert!(schema["$defs"][definition]["properties"][key].is_object(), "{label}: {place}");
    }
}

/// The labels in the program text of the renderers are those of the list. `users` writes messages,
/// too.
#[test]
fn every_label_of_the_renderers_is_listed() {
    let mut found = 0;
    for file in ["inet", "memory", "mptcp_info", "netlink", "packet", "proc_info", "sctp_info"]
        .into_iter()
        .chain(["cgroup", "tcp_info", "timer", "uid", "ulp", "unix", "vsock", "xdp"])
    {
        let source = workspace::read(&format!("crates/ss-builtin/src/render/{file}.rs"));
        let source = String::from_utf8(source).unwrap();
        let program = source.split("#[cfg(test)]").next().unwrap();
        let code = program.lines().filter(|line| !line.trim_start().starts_with("//"));
        for literal in code.flat_map(|line| line.split('"').skip(1).step_by(2)) {
            for label in labels_of(literal) {
                found += 1;
                let is_listed =
                    LABELS.iter().any(|(listed, _)| listed.rsplit(' ').next() == Some(label));
                assert!(is_listed, "{file}: {label:?}");
            }
        }
    }
    assert!(found > 120, "only {found} labels were found");
}
