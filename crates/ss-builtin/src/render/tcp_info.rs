//! The statistics of `-i` for a TCP connection from sock_diag.

use builtin_cli::Escaped;
use procnetsocket::model::{CongestionInfo, InetDetail, ShortName, TcpInfo, TcpOptions, TcpState};

use super::{
    field::{
        push_as_signed, push_milliseconds, push_nonzero, push_nonzero_as_signed,
        push_nonzero_milliseconds, push_number, push_text,
    },
    number::{double, push_general},
    rate::push_rate,
};
use crate::cli::NameDisplay;

/// The timeout before a round trip was measured.
///
/// Compat: it is not shown.
const INITIAL_RTO_US: u32 = 3_000_000;

/// Slow start thresholds of this size and above are not shown.
const LARGE_SSTHRESH: u32 = 0xffff;

/// The default tolerance of reordering, which is not shown.
const USUAL_REORDERING: u32 = 3;

/// The options of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// Whether the options that both ends agreed on are shown, as with `-o` and `-e`.
    pub(super) shows_agreed: bool,
    pub(super) names: NameDisplay,
}

/// Appends the statistics of a connection that is listed in `state`.
pub(super) fn push_tcp_info(
    out: &mut Vec<u8>,
    info: &TcpInfo,
    state: TcpState,
    detail: &InetDetail,
    style: Style,
) {
    if style.shows_agreed {
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
        Escaped::name(name.as_bytes()).push_to(out);
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

fn push_congestion_info(out: &mut Vec<u8>, info: Option<&CongestionInfo>, names: NameDisplay) {
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
        // Vegas affects only the sending rate.
        _ => {}
    }
}

/// Returns the rate of one window per round trip, in bits per second.
pub(super) fn sending_rate(info: &TcpInfo, congestion: Option<&CongestionInfo>) -> Option<f64> {
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
    names: NameDisplay,
) {
    // All ones mean no limit.
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
    // For a listener this is the limit of its queue.
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
    // All ones mean no measurement.
    if info.min_rtt_us != u32::MAX {
        push_nonzero_milliseconds(out, " minrtt:", info.min_rtt_us);
    }
    push_nonzero(out, " rcv_ooopack:", info.received_out_of_order);
    push_nonzero(out, " snd_wnd:", info.send_window);
    push_nonzero(out, " rcv_wnd:", info.receive_window);
    push_nonzero(out, " rehash:", info.rehashes);
}

#[cfg(test)]
mod tests {
    use procnetsocket::model::{BbrInfo, DctcpInfo, VegasInfo};
    use rstest::rstest;

    use super::*;

    /// Returns a default value with some fields set.
    fn made<T: Default>(set: impl FnOnce(&mut T)) -> T {
        let mut value = T::default();
        set(&mut value);
        value
    }

    const RESOLVED: Style = Style { shows_agreed: false, names: NameDisplay::Resolved };

    fn text(info: &TcpInfo, state: TcpState, detail: &InetDetail, style: Style) -> String {
        let mut out = Vec::new();
        push_tcp_info(&mut out, info, state, detail, style);
        String::from_utf8(out).unwrap()
    }

    fn of(set: impl FnOnce(&mut TcpInfo)) -> String {
        // A `reordering` of 3 is not shown, so only the fields below are printed.
        let info = made(|info: &mut TcpInfo| {
            info.reordering = USUAL_REORDERING;
            set(info);
        });
        text(&info, TcpState::Established, &InetDetail::default(), RESOLVED)
    }

    #[rstest]
    #[case::nothing(|_: &mut TcpInfo| {}, "")]
    #[case::no_reordering(|info: &mut TcpInfo| info.reordering = 0, " reordering:0")]
    #[case::initial_timeout(|info: &mut TcpInfo| info.rto_us = 3_000_000, "")]
    #[case::timeout(|info: &mut TcpInfo| info.rto_us = 204_000, " rto:204")]
    #[case::long_timeout(|info: &mut TcpInfo| info.rto_us = u32::MAX, " rto:4.29497e+06")]
    #[case::round_trip(|info: &mut TcpInfo| info.rtt_us = 43, " rtt:0.043/0")]
    #[case::segments_have_signs(|info: &mut TcpInfo| info.send_mss = u32::MAX, " mss:-1")]
    #[case::small_threshold(|info: &mut TcpInfo| info.send_ssthresh = 0xfffe, " ssthresh:65534")]
    #[case::large_threshold(|info: &mut TcpInfo| info.send_ssthresh = 0xffff, "")]
    #[case::scales(
        |info: &mut TcpInfo| {
            info.options = TcpOptions::WINDOW_SCALE;
            info.receive_window_scale = 7;
        },
        " wscale:0,7"
    )]
    #[case::retransmitted_now(|info: &mut TcpInfo| info.retransmitted = 3, " retrans:3/0")]
    #[case::retransmitted_before(|info: &mut TcpInfo| info.total_retransmitted = 3, " retrans:0/3")]
    #[case::no_pacing(|info: &mut TcpInfo| info.pacing_rate = u64::MAX, "")]
    #[case::pacing(|info: &mut TcpInfo| info.pacing_rate = 125, " pacing_rate 1kbps")]
    #[case::pacing_without_limit(
        |info: &mut TcpInfo| {
            info.pacing_rate = 5;
            info.max_pacing_rate = u64::MAX;
        },
        " pacing_rate 40bps"
    )]
    #[case::pacing_with_limit(
        |info: &mut TcpInfo| {
            info.pacing_rate = 1_000_000_000;
            info.max_pacing_rate = 2_000_000_000;
        },
        " pacing_rate 8Gbps/16Gbps"
    )]
    #[case::limit_without_pacing(|info: &mut TcpInfo| info.max_pacing_rate = 7, "")]
    #[case::shortest_round_trip(|info: &mut TcpInfo| info.min_rtt_us = 21, " minrtt:0.021")]
    #[case::none_measured(|info: &mut TcpInfo| info.min_rtt_us = u32::MAX, "")]
    #[case::limits_without_data(|info: &mut TcpInfo| info.receive_window_limited_us = 5, "")]
    #[case::limits(
        |info: &mut TcpInfo| {
            info.busy_us = 25_000_000;
            info.receive_window_limited_us = 5_000_001;
            info.send_buffer_limited_us = 6_000;
        },
        " busy:25000ms rwnd_limited:5000ms(20.0%) sndbuf_limited:6ms(0.0%)"
    )]
    #[case::sending_rate(
        |info: &mut TcpInfo| {
            info.rtt_us = 1_234;
            info.send_mss = 1_448;
            info.congestion_window = 10;
        },
        " rtt:1.234/0 mss:1448 cwnd:10 send 93.9Mbps"
    )]
    fn shows_known_fields(#[case] set: impl FnOnce(&mut TcpInfo), #[case] shown: &str) {
        assert_eq!(of(set), shown);
    }

    #[test]
    fn keys_come_in_the_order_of_ss() {
        let info = made(|info: &mut TcpInfo| {
            info.options = TcpOptions::from_bits(255);
            (info.send_window_scale, info.receive_window_scale) = (10, 7);
            (info.rto_us, info.backoff, info.ato_us) = (204_000, 3, 40_000);
            (info.rtt_us, info.rtt_variance_us) = (1_234, 567);
            (info.send_mss, info.receive_mss, info.advertised_mss) = (1_448, 536, 1_449);
            (info.path_mtu, info.congestion_window, info.send_ssthresh) = (1_500, 10, 5);
            (info.unacked, info.sacked, info.lost, info.retransmitted) = (3, 4, 5, 6);
            (info.fackets, info.last_data_sent_ms, info.last_ack_sent_ms) = (7, 8, 9);
            (info.last_data_received_ms, info.last_ack_received_ms) = (10, 11);
            (info.receive_ssthresh, info.receive_rtt_us, info.receive_space) = (12, 13_500, 14);
            (info.total_retransmitted, info.reordering) = (15, 5);
            (info.pacing_rate, info.max_pacing_rate) = (1_000, 2_000);
            (info.bytes_acked, info.bytes_received) = (16, 17);
            (info.segments_out, info.segments_in, info.not_sent_bytes) = (18, 19, 20);
            (info.min_rtt_us, info.data_segments_in, info.data_segments_out) = (21, 22, 23);
            (info.delivery_rate, info.busy_us) = (12_345_678, 1_000_000);
            (info.receive_window_limited_us, info.send_buffer_limited_us) = (500_000, 1_000);
            (info.delivered, info.delivered_ce, info.delivery_rate_app_limited) = (24, 25, true);
            (info.bytes_sent, info.bytes_retransmitted) = (26, 27);
            (info.dsack_duplicates, info.reorderings_seen) = (28, 29);
            (info.received_out_of_order, info.send_window) = (30, 31);
            (info.receive_window, info.rehashes) = (32, 33);
        });
        let detail = made(|detail: &mut InetDetail| {
            detail.congestion = ShortName::new(b"bbr");
            detail.congestion_info = Some(CongestionInfo::Bbr(BbrInfo::default()));
        });
        let style = Style { shows_agreed: true, names: NameDisplay::Numeric };
        insta::assert_snapshot!(
            text(&info, TcpState::Established, &detail, style),
            @" ts usec_ts sack ecn ecnseen fastopen bbr wscale:10,7 rto:204 backoff:3 rtt:1.234/0.567 ato:40 mss:1448 pmtu:1500 rcvmss:536 advmss:1449 cwnd:10 ssthresh:5 bytes_sent:26 bytes_retrans:27 bytes_acked:16 bytes_received:17 segs_out:18 segs_in:19 data_segs_out:23 data_segs_in:22 bbr:(bw:0bps,mrtt:0) send 93873582bps lastsnd:8 lastrcv:10 lastack:11 pacing_rate 8000bps/16000bps delivery_rate 98765424bps delivered:24 delivered_ce:25 app_limited busy:1000ms rwnd_limited:500ms(50.0%) sndbuf_limited:1ms(0.1%) unacked:3 retrans:6/15 lost:5 sacked:4 dsack_dups:28 fackets:7 reordering:5 reord_seen:29 rcv_rtt:13.5 rcv_space:14 rcv_ssthresh:12 notsent:20 minrtt:0.021 rcv_ooopack:30 snd_wnd:31 rcv_wnd:32 rehash:33"
        );
    }

    #[test]
    fn limit_of_a_listener_is_not_shown_as_acknowledged() {
        let info = made(|info: &mut TcpInfo| {
            (info.unacked, info.sacked, info.reordering) = (3, 128, 3);
        });
        let shown = text(&info, TcpState::Listen, &InetDetail::default(), RESOLVED);
        assert_eq!(shown, " unacked:3");
    }

    #[rstest]
    #[case::dctcp(
        CongestionInfo::Dctcp(made(|info: &mut DctcpInfo| {
            (info.enabled, info.ce_state, info.alpha) = (true, 2, 3);
            (info.acked_ecn_bytes, info.acked_total_bytes) = (4, 5);
        })),
        " dctcp:(ce_state:2,alpha:3,ab_ecn:4,ab_tot:5)"
    )]
    #[case::dctcp_fell_back(CongestionInfo::Dctcp(DctcpInfo::default()), " dctcp:fallback_mode")]
    #[case::bbr(
        CongestionInfo::Bbr(made(|info: &mut BbrInfo| {
            (info.bandwidth_bytes_per_s, info.min_rtt_us) = (4_295_967_296, 2_500);
            (info.pacing_gain, info.cwnd_gain) = (739, 512);
        })),
        " bbr:(bw:34.4Gbps,mrtt:2.5,pacing_gain:2.88672,cwnd_gain:2)"
    )]
    fn shows_congestion_control_details(#[case] info: CongestionInfo, #[case] shown: &str) {
        let mut out = Vec::new();
        push_congestion_info(&mut out, Some(&info), NameDisplay::Resolved);
        assert_eq!(String::from_utf8(out).unwrap(), shown);
    }

    #[rstest]
    #[case::measured(true, Some(5_000), Some(16_000_000.0))]
    #[case::nothing_measured(true, None, Some(800_000_000.0))]
    #[case::not_in_force(false, Some(5_000), Some(800_000_000.0))]
    fn round_trip_of_vegas_is_used(
        #[case] enabled: bool,
        #[case] rtt_us: Option<u32>,
        #[case] rate: Option<f64>,
    ) {
        let info = made(|info: &mut TcpInfo| {
            (info.rtt_us, info.congestion_window, info.send_mss) = (100, 10, 1_000);
        });
        let vegas = made(|vegas: &mut VegasInfo| {
            (vegas.enabled, vegas.rtt_us) = (enabled, rtt_us);
        });
        assert_eq!(sending_rate(&info, Some(&CongestionInfo::Vegas(vegas))), rate);
    }
}
