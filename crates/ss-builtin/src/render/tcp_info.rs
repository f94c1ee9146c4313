//! What `-i` shows of a TCP connection that sock_diag tells of.

use procnetsocket::model::{
    CongestionInfo, InetDetail, ShortName, TcpInfo, TcpOptions, TcpState,
};

use super::{
    escape::push_name,
    field::{
        push_as_signed, push_milliseconds, push_nonzero, push_nonzero_as_signed,
        push_nonzero_milliseconds, push_number, push_text,
    },
    number::push_general,
    rate::{double, push_rate},
};
use crate::cli::Names;

/// The timeout before a round trip was measured.
///
/// Compat: it is not shown.
const INITIAL_RTO_US: u32 = 3_000_000;

/// Slow start thresholds from here on are not shown.
const LARGE_SSTHRESH: u32 = 0xffff;

/// The tolerance of disorder that is assumed, and not shown.
const USUAL_REORDERING: u32 = 3;

/// Whether what the two sides agreed on is shown, as with `-o` and `-e`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreed {
    Shown,
    Hidden,
}

/// How an account is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) agreed: Agreed,
    pub(super) names: Names,
}

/// Appends the account of a connection that is listed in `state`.
pub(super) fn push_tcp_info(
    out: &mut Vec<u8>,
    info: &TcpInfo,
    state: TcpState,
    detail: &InetDetail,
    style: Style,
) {
    if style.agreed == Agreed::Shown {
        push_agreed(out, info.options);
    }
    push_congestion_name(out, detail.congestion.as_ref());
    push_times_and_windows(out, info);
    push_counts(out, info);
    push_congestion_info(out, detail.congestion_info.as_ref(), style.names);
    push_rates(out, info, detail.congestion_info.as_ref(), style.names);
    push_limits(out, info);
    push_losses(out, info, state);
    push_receiver(out, info);
}

fn push_agreed(out: &mut Vec<u8>, options: TcpOptions) {
    let words = [
        (TcpOptions::TIMESTAMPS, " ts"),
        (TcpOptions::MICROSECOND_TIMESTAMPS, " usec_ts"),
        (TcpOptions::SACK, " sack"),
        (TcpOptions::ECN, " ecn"),
        (TcpOptions::ECN_SEEN, " ecnseen"),
        (TcpOptions::SYN_DATA, " fastopen"),
    ];
    for (option, word) in words {
        if options.contains(option) {
            push_text(out, word);
        }
    }
}

fn push_congestion_name(out: &mut Vec<u8>, name: Option<&ShortName>) {
    if let Some(name) = name
        && !name.as_bytes().is_empty()
    {
        out.push(b' ');
        push_name(out, name.as_bytes());
    }
}

fn push_times_and_windows(out: &mut Vec<u8>, info: &TcpInfo) {
    if info.options.contains(TcpOptions::WINDOW_SCALE) {
        push_number(out, " wscale:", info.send_window_scale);
        push_number(out, ",", info.receive_window_scale);
    }
    if info.rto_us != INITIAL_RTO_US {
        push_nonzero_milliseconds(out, " rto:", info.rto_us);
    }
    push_nonzero(out, " backoff:", info.backoff);
    if info.rtt_us != 0 {
        push_milliseconds(out, " rtt:", info.rtt_us);
        push_milliseconds(out, "/", info.rtt_variance_us);
    }
    push_nonzero_milliseconds(out, " ato:", info.ato_us);
    push_nonzero_as_signed(out, " mss:", info.send_mss);
    push_nonzero(out, " pmtu:", info.path_mtu);
    push_nonzero_as_signed(out, " rcvmss:", info.receive_mss);
    push_nonzero_as_signed(out, " advmss:", info.advertised_mss);
    push_nonzero(out, " cwnd:", info.congestion_window);
    if info.send_ssthresh < LARGE_SSTHRESH {
        push_nonzero(out, " ssthresh:", info.send_ssthresh);
    }
}

fn push_counts(out: &mut Vec<u8>, info: &TcpInfo) {
    push_nonzero(out, " bytes_sent:", info.bytes_sent);
    push_nonzero(out, " bytes_retrans:", info.bytes_retransmitted);
    push_nonzero(out, " bytes_acked:", info.bytes_acked);
    push_nonzero(out, " bytes_received:", info.bytes_received);
    push_nonzero(out, " segs_out:", info.segments_out);
    push_nonzero(out, " segs_in:", info.segments_in);
    push_nonzero(out, " data_segs_out:", info.data_segments_out);
    push_nonzero(out, " data_segs_in:", info.data_segments_in);
}

fn push_congestion_info(out: &mut Vec<u8>, info: Option<&CongestionInfo>, names: Names) {
    match info {
        Some(CongestionInfo::Dctcp(dctcp)) if !dctcp.enabled => {
            push_text(out, " dctcp:fallback_mode");
        }
        Some(CongestionInfo::Dctcp(dctcp)) => {
            push_number(out, " dctcp:(ce_state:", dctcp.ce_state);
            push_number(out, ",alpha:", dctcp.alpha);
            push_number(out, ",ab_ecn:", dctcp.acked_ecn_bytes);
            push_number(out, ",ab_tot:", dctcp.acked_total_bytes);
            out.push(b')');
        }
        Some(CongestionInfo::Bbr(bbr)) => {
            push_text(out, " bbr:(bw:");
            push_rate(out, double(bbr.bandwidth_bytes_per_s) * 8.0, names);
            push_milliseconds(out, ",mrtt:", bbr.min_rtt_us);
            for (key, gain) in [(",pacing_gain:", bbr.pacing_gain), (",cwnd_gain:", bbr.cwnd_gain)]
            {
                if gain != 0 {
                    push_text(out, key);
                    push_general(out, f64::from(gain) / 256.0);
                }
            }
            out.push(b')');
        }
        // Vegas shows in the sending rate only.
        _ => {}
    }
}

/// Returns the rate at which a window is sent in a round trip, in bits a second.
fn sending_rate(info: &TcpInfo, congestion: Option<&CongestionInfo>) -> Option<f64> {
    let rtt_us = match congestion {
        Some(CongestionInfo::Vegas(vegas)) if vegas.enabled => {
            vegas.rtt_us.filter(|rtt| *rtt != 0).unwrap_or(info.rtt_us)
        }
        _ => info.rtt_us,
    };
    if rtt_us == 0 || info.send_mss == 0 || info.congestion_window == 0 {
        return None;
    }
    let window = f64::from(info.congestion_window) * f64::from(info.send_mss);
    Some(window * 8_000_000.0 / f64::from(rtt_us))
}

fn push_rates(
    out: &mut Vec<u8>,
    info: &TcpInfo,
    congestion: Option<&CongestionInfo>,
    names: Names,
) {
    // All ones stand for no limit.
    let limited = |rate: u64| (rate != 0 && rate != u64::MAX).then(|| double(rate) * 8.0);
    if let Some(rate) = sending_rate(info, congestion) {
        push_text(out, " send ");
        push_rate(out, rate, names);
    }
    push_nonzero(out, " lastsnd:", info.last_data_sent_ms);
    push_nonzero(out, " lastrcv:", info.last_data_received_ms);
    push_nonzero(out, " lastack:", info.last_ack_received_ms);
    if let Some(rate) = limited(info.pacing_rate) {
        push_text(out, " pacing_rate ");
        push_rate(out, rate, names);
        if let Some(most) = limited(info.max_pacing_rate) {
            out.push(b'/');
            push_rate(out, most, names);
        }
    }
    if info.delivery_rate != 0 {
        push_text(out, " delivery_rate ");
        push_rate(out, double(info.delivery_rate) * 8.0, names);
    }
}

fn push_limits(out: &mut Vec<u8>, info: &TcpInfo) {
    push_nonzero(out, " delivered:", info.delivered);
    push_nonzero(out, " delivered_ce:", info.delivered_ce);
    if info.delivery_rate_app_limited {
        push_text(out, " app_limited");
    }
    if info.busy_us == 0 {
        return;
    }
    push_number(out, " busy:", info.busy_us / 1000);
    push_text(out, "ms");
    let limits = [
        (" rwnd_limited:", info.receive_window_limited_us),
        (" sndbuf_limited:", info.send_buffer_limited_us),
    ];
    for (key, limited_us) in limits {
        if limited_us != 0 {
            push_number(out, key, limited_us / 1000);
            let percent = 100.0 * double(limited_us) / double(info.busy_us);
            push_text(out, &format!("ms({percent:.1}%)"));
        }
    }
}

fn push_losses(out: &mut Vec<u8>, info: &TcpInfo, state: TcpState) {
    push_nonzero(out, " unacked:", info.unacked);
    if info.retransmitted != 0 || info.total_retransmitted != 0 {
        push_number(out, " retrans:", info.retransmitted);
        push_number(out, "/", info.total_retransmitted);
    }
    push_nonzero(out, " lost:", info.lost);
    // Of a listener this is the limit of its queue.
    if state != TcpState::Listen {
        push_nonzero(out, " sacked:", info.sacked);
    }
    push_nonzero(out, " dsack_dups:", info.dsack_duplicates);
    push_nonzero(out, " fackets:", info.fackets);
    if info.reordering != USUAL_REORDERING {
        push_as_signed(out, " reordering:", info.reordering);
    }
    push_nonzero_as_signed(out, " reord_seen:", info.reorderings_seen);
}

fn push_receiver(out: &mut Vec<u8>, info: &TcpInfo) {
    push_nonzero_milliseconds(out, " rcv_rtt:", info.receive_rtt_us);
    push_nonzero_as_signed(out, " rcv_space:", info.receive_space);
    push_nonzero(out, " rcv_ssthresh:", info.receive_ssthresh);
    push_nonzero(out, " notsent:", info.not_sent_bytes);
    // All ones stand for no measurement.
    if info.min_rtt_us != u32::MAX {
        push_nonzero_milliseconds(out, " minrtt:", info.min_rtt_us);
    }
    push_nonzero(out, " rcv_ooopack:", info.received_out_of_order);
    push_nonzero(out, " snd_wnd:", info.send_window);
    push_nonzero(out, " rcv_wnd:", info.receive_window);
    push_nonzero(out, " rehash:", info.rehashes);
}
