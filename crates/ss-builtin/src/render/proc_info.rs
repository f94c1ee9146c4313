//! The statistics of `-i` for a row of a text table.

use std::time::Duration;

use procnetsocket::model::{InetSocket, TcpDetail};

use super::{
    field::{push_nonzero, push_text},
    number::push_general,
    timer::timer_count,
};

/// Appends the details of a TCP connection of a text table.
pub(super) fn push_proc_info(out: &mut Vec<u8>, socket: &InetSocket) {
    match &socket.tcp {
        Some(tcp) => push_tcp_detail(out, tcp),
        // Compat: iproute2's default for a row without these columns.
        None => push_nonzero(out, " cwnd:", 2_u32),
    }
    let retransmits = timer_count(socket);
    if retransmits != 0 {
        push_nonzero(out, " retrans:", retransmits);
        push_text(out, "/0");
    }
    push_text(out, " reordering:0");
}

fn push_tcp_detail(out: &mut Vec<u8>, tcp: &TcpDetail) {
    // Compat: the initial timeout of 3 s is not shown.
    if tcp.retransmission_timeout != Duration::from_secs(3) {
        push_seconds(out, " rto:", tcp.retransmission_timeout);
    }
    push_seconds(out, " ato:", tcp.ack_timeout);
    push_nonzero(out, " qack:", tcp.quick_acks);
    // Compat: iproute2 uses the lowest bit of the count as the kernel's flag for an interactive
    // connection, which is a separate field.
    if tcp.quick_acks % 2 == 1 {
        push_text(out, " bidir");
    }
    push_nonzero(out, " cwnd:", tcp.congestion_window);
    push_nonzero(out, " ssthresh:", tcp.slow_start_threshold.unwrap_or(0));
}

fn push_seconds(out: &mut Vec<u8>, key: &str, duration: Duration) {
    if !duration.is_zero() {
        push_text(out, key);
        push_general(out, duration.as_secs_f64());
    }
}
