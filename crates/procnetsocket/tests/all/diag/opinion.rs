//! Another decoder of the same bytes: netlink-packet-sock-diag.
//!
//! It supports internet and unix sockets, the attributes that are compared here, and `tcp_info` of
//! 232 bytes; only the annotated bytes test the rest.

use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::{
    SockDiagMessage,
    inet::{InetResponse, nlas::Nla as InetNla},
    unix::{
        UnixResponse,
        nlas::{Nla as UnixNla, UnixDiagName},
    },
};
use procnetsocket::{
    Table,
    diag::Decoder,
    model::{InetInfo, InetSocket, Inode, Socket, TcpState, UnixName, UnixSocket},
};

use crate::diag::{
    bytes::{attribute, hex, inet, row},
    fixture::{
        MEMORY, TCP_LISTENER, TCP6_CONNECTION, UNIX, counting, inet_attributes, unix_attributes,
    },
};

fn theirs(message: &[u8]) -> SockDiagMessage {
    let message = NetlinkMessage::<SockDiagMessage>::deserialize(&row(message)).unwrap();
    match message.payload {
        NetlinkPayload::InnerMessage(message) => message,
        other => panic!("expected a socket, but found {other:?}"),
    }
}

/// Requires that both decoders agree about an internet socket.
#[track_caller]
pub(crate) fn compare_inet(table: Table, message: &[u8]) {
    let ours = inet(table, message);
    let SockDiagMessage::InetResponse(theirs) = theirs(message) else {
        panic!("expected an internet socket")
    };
    compare_inet_header(&ours, &theirs);
    for nla in &theirs.nlas {
        compare_inet_attribute(&ours, nla);
    }
}

#[track_caller]
fn compare_inet_header(ours: &InetSocket, theirs: &InetResponse) {
    let header = &theirs.header;
    let id = &header.socket_id;
    // The kernel reports a TCP socket that is only bound as closed.
    let state = if ours.state == TcpState::BoundInactive { TcpState::Close } else { ours.state };
    assert_eq!(state.number(), header.state);
    assert_eq!((ours.local.ip(), ours.local.port()), (id.source_address, id.source_port));
    let remote = (id.destination_address, id.destination_port);
    assert_eq!((ours.remote.ip(), ours.remote.port()), remote);
    assert_eq!(ours.interface.map_or(0, std::num::NonZeroU32::get), id.interface_id);
    assert_eq!(ours.cookie.unwrap().get().to_ne_bytes(), id.cookie);
    assert_eq!((ours.queues.recv, ours.queues.send), (header.recv_queue, header.send_queue));
    let inode = ours.inode.map_or(0, Inode::get);
    assert_eq!((ours.uid, inode), (header.uid, header.inode.into()));
    assert_eq!(ours.timer.is_some(), header.timer.is_some());
}

#[track_caller]
fn compare_inet_attribute(ours: &InetSocket, theirs: &InetNla) {
    let detail = &ours.detail;
    match theirs {
        InetNla::LegacyMemInfo(memory) => {
            let ours = detail.short_memory.unwrap();
            assert_eq!(ours.receive_allocated, memory.receive_queue);
            assert_eq!(ours.send_queued, memory.bottom_send_queue);
            assert_eq!(ours.forward_allocated.cast_unsigned(), memory.cache);
            assert_eq!(ours.transmit_allocated, memory.send_queue);
        }
        InetNla::TcpInfo(info) => compare_tcp_info(ours, info),
        InetNla::Congestion(name) => {
            assert_eq!(detail.congestion.unwrap().as_bytes(), name.as_str());
        }
        InetNla::Tos(tos) => assert_eq!(detail.tos, Some(*tos)),
        InetNla::Tc(class) => assert_eq!(detail.traffic_class, Some(*class)),
        InetNla::MemInfo(memory) => {
            let ours = detail.memory.unwrap();
            assert_eq!(ours.receive_allocated, memory.receive_queue);
            assert_eq!(ours.receive_limit, memory.receive_queue_max);
            assert_eq!(ours.transmit_allocated, memory.bottom_send_queues);
            assert_eq!(ours.send_limit, memory.send_queue_max);
            assert_eq!(ours.forward_allocated.cast_unsigned(), memory.cache);
            assert_eq!(ours.send_queued, memory.send_queue);
            assert_eq!(ours.options, memory.options);
            assert_eq!(ours.backlog, Some(memory.backlog_queue_length));
            assert_eq!(ours.drops, Some(memory.drops));
        }
        InetNla::Shutdown(bits) => assert_eq!(detail.shutdown.unwrap().bits(), *bits),
        InetNla::Protocol(protocol) => assert_eq!(detail.ip_protocol, Some(*protocol)),
        InetNla::SkV6Only(only) => assert_eq!(detail.v6_only, Some(*only)),
        InetNla::Mark(mark) => assert_eq!(detail.mark, Some(*mark)),
        InetNla::ClassId(class) => assert_eq!(detail.class_id, Some(*class)),
        InetNla::Other(_) => {}
    }
}

#[track_caller]
fn compare_tcp_info(ours: &InetSocket, theirs: &netlink_packet_sock_diag::inet::nlas::TcpInfo) {
    let Some(InetInfo::Tcp(ours)) = &ours.detail.info else { panic!("expected statistics of TCP") };
    let narrow = [
        (ours.rto_us, theirs.rto),
        (ours.ato_us, theirs.ato),
        (ours.send_mss, theirs.snd_mss),
        (ours.receive_mss, theirs.rcv_mss),
        (ours.unacked, theirs.unacked),
        (ours.sacked, theirs.sacked),
        (ours.lost, theirs.lost),
        (ours.retransmitted, theirs.retrans),
        (ours.fackets, theirs.fackets),
        (ours.last_data_sent_ms, theirs.last_data_sent),
        (ours.last_data_received_ms, theirs.last_data_recv),
        (ours.last_ack_received_ms, theirs.last_ack_recv),
        (ours.path_mtu, theirs.pmtu),
        (ours.receive_ssthresh, theirs.rcv_ssthresh),
        (ours.rtt_us, theirs.rtt),
        (ours.rtt_variance_us, theirs.rttvar),
        (ours.send_ssthresh, theirs.snd_ssthresh),
        (ours.congestion_window, theirs.snd_cwnd),
        (ours.advertised_mss, theirs.advmss),
        (ours.reordering, theirs.reordering),
        (ours.receive_rtt_us, theirs.rcv_rtt),
        (ours.receive_space, theirs.rcv_space),
        (ours.total_retransmitted, theirs.total_retrans),
        (ours.segments_out, theirs.segs_out),
        (ours.segments_in, theirs.segs_in),
        (ours.not_sent_bytes, theirs.notsent_bytes),
        (ours.min_rtt_us, theirs.min_rtt),
        (ours.data_segments_in, theirs.data_segs_in),
        (ours.data_segments_out, theirs.data_segs_out),
        (ours.delivered, theirs.delivered),
        (ours.delivered_ce, theirs.delivered_ce),
        (ours.dsack_duplicates, theirs.dsack_dups),
        (ours.reorderings_seen, theirs.reord_seen),
        (ours.received_out_of_order, theirs.rcv_ooopack),
        (ours.send_window, theirs.snd_wnd),
    ];
    let wide = [
        (ours.pacing_rate, theirs.pacing_rate),
        (ours.max_pacing_rate, theirs.max_pacing_rate),
        (ours.bytes_acked, theirs.bytes_acked),
        (ours.bytes_received, theirs.bytes_received),
        (ours.delivery_rate, theirs.delivery_rate),
        (ours.busy_us, theirs.busy_time),
        (ours.receive_window_limited_us, theirs.rwnd_limited),
        (ours.send_buffer_limited_us, theirs.sndbuf_limited),
        (ours.bytes_sent, theirs.bytes_sent),
        (ours.bytes_retransmitted, theirs.bytes_retrans),
    ];
    for (index, (ours, theirs)) in narrow.into_iter().enumerate() {
        assert_eq!(ours, theirs, "number {index} of 32 bits");
    }
    for (index, (ours, theirs)) in wide.into_iter().enumerate() {
        assert_eq!(ours, theirs, "number {index} of 64 bits");
    }
}

/// Requires that both decoders agree about a unix socket.
#[track_caller]
pub(crate) fn compare_unix(message: &[u8]) {
    let mut decoder = Decoder::new(Table::Unix);
    let Ok(Socket::Unix(ours)) = decoder.decode(message) else { panic!("expected a unix socket") };
    let SockDiagMessage::UnixResponse(theirs) = theirs(message) else {
        panic!("expected a unix socket")
    };
    compare_unix_row(ours, &theirs);
}

#[track_caller]
fn compare_unix_row(ours: &UnixSocket, theirs: &UnixResponse) {
    assert_eq!(ours.kind.number(), u16::from(theirs.header.kind));
    let inode = ours.inode.map_or(0, Inode::get);
    assert_eq!(inode, u64::from(theirs.header.inode));
    assert_eq!(ours.cookie.unwrap().get().to_ne_bytes(), theirs.header.cookie);
    let detail = &ours.detail;
    for nla in &theirs.nlas {
        match nla {
            UnixNla::Name(UnixDiagName::Pathname(path)) => {
                assert_eq!(ours.name, UnixName::Pathname(path.as_encoded_bytes().into()));
            }
            UnixNla::Name(UnixDiagName::Abstract(name)) => {
                assert_eq!(ours.name, UnixName::Abstract(name.as_slice().into()));
            }
            UnixNla::Peer(inode) => assert_eq!(detail.peer.unwrap().get(), u64::from(*inode)),
            UnixNla::PendingConnections(inodes) => {
                let ours = detail.pending.iter().map(|inode| inode.map_or(0, Inode::get));
                assert!(ours.eq(inodes.iter().map(|inode| u64::from(*inode))));
            }
            UnixNla::ReceiveQueueLength(recv, send) => {
                let ours = detail.queues.unwrap();
                assert_eq!((ours.recv, ours.send), (*recv, *send));
            }
            UnixNla::Shutdown(bits) => assert_eq!(detail.shutdown.unwrap().bits(), *bits),
            _ => {}
        }
    }
}

#[test]
fn decoders_agree_about_internet_sockets() {
    let everything = inet_attributes(280, &[]);
    compare_inet(Table::Tcp4, &[hex(TCP_LISTENER), everything.clone()].concat());
    compare_inet(Table::Tcp6, &[hex(TCP6_CONNECTION), everything].concat());
    compare_inet(Table::Tcp4, &[hex(TCP_LISTENER), attribute(2, &counting(232))].concat());
    compare_inet(Table::Udp6, &[hex(TCP6_CONNECTION), attribute(7, &hex(MEMORY))].concat());
}

#[test]
fn decoders_agree_about_unix_sockets() {
    compare_unix(&[hex(UNIX), unix_attributes()].concat());
    compare_unix(&[hex(UNIX), attribute(0, b"\0a\0b")].concat());
    compare_unix(&hex(UNIX));
}
