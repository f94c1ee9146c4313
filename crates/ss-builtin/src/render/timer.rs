//! Timers of internet sockets.

use std::time::Duration;

use procnetsocket::model::{InetProtocol, InetSocket, Source, Timer, TimerKind};

use super::{field::push_text, number::push_decimal};

/// Returns the count of a timer: retransmissions, or unanswered probes.
pub(super) fn timer_count(socket: &InetSocket) -> u32 {
    match socket.timer {
        Some(Timer { kind: TimerKind::Retransmit, .. }) => socket.retransmits,
        // sock_diag has one number for both; the other field is zero.
        _ if socket.source == Source::SockDiag => socket.retransmits.max(socket.probes),
        _ => socket.probes,
    }
}

/// Appends the running timer.
pub(super) fn push_timer(out: &mut Vec<u8>, socket: &InetSocket) {
    let Some(timer) = socket.timer else { return };
    push_text(out, " timer:(");
    push_text(out, name(socket.protocol, timer.kind));
    out.push(b',');
    push_expiry(out, timer.expires);
    out.push(b',');
    push_decimal(out, timer_count(socket).into());
    out.push(b')');
}

fn name(protocol: InetProtocol, kind: TimerKind) -> &'static str {
    match (protocol, kind) {
        (InetProtocol::Sctp, _) => "T3_RTX",
        (_, TimerKind::Retransmit) => "on",
        (_, TimerKind::Keepalive) => "keepalive",
        (_, TimerKind::TimeWait) => "timewait",
        (_, TimerKind::Probe) => "persist",
        (_, TimerKind::DelayedAck) => "delack",
        _ => "unknown",
    }
}

/// Appends the time until a timer expires: less precise for longer times, and nothing after it has
/// expired.
fn push_expiry(out: &mut Vec<u8>, expires: Duration) {
    let milliseconds = u64::from(expires.subsec_millis());
    let (minutes, seconds) = (expires.as_secs() / 60, expires.as_secs() % 60);
    let text = match (minutes, seconds, milliseconds) {
        (0, 0, 0) => return,
        (0, 0, _) => format!("{milliseconds:03}ms"),
        (0, 1..10, 1..) => format!("{seconds}.{milliseconds:03}sec"),
        (0, _, _) => format!("{seconds}sec"),
        (1..10, 1.., _) => format!("{minutes}min{seconds}sec"),
        _ => format!("{minutes}min"),
    };
    push_text(out, &text);
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::over(0, "")]
    #[case::three_digits(50, "050ms")]
    #[case::below_a_second(999, "999ms")]
    #[case::one_second(1_000, "1sec")]
    #[case::parts_of_a_second(1_010, "1.010sec")]
    #[case::single_milliseconds(2_003, "2.003sec")]
    #[case::last_with_parts(9_990, "9.990sec")]
    #[case::first_without_parts(10_010, "10sec")]
    #[case::last_second(59_990, "59sec")]
    #[case::one_minute(60_010, "1min")]
    #[case::minute_and_second(61_000, "1min1sec")]
    #[case::last_with_seconds(599_990, "9min59sec")]
    #[case::minutes_only(600_000, "10min")]
    #[case::longest_keepalive(32_767_000, "546min")]
    fn prints_the_time_that_is_left(#[case] milliseconds: u64, #[case] shown: &str) {
        let mut out = Vec::new();
        push_expiry(&mut out, Duration::from_millis(milliseconds));
        assert_eq!(String::from_utf8(out).unwrap(), shown);
    }
}
