//! Words for numbers and bits of the kernel: those of iproute2 if it has one.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Unexpected, Visitor},
};

use crate::model::{
    inet_detail::InetOptions,
    netlink::NetlinkFlags,
    packet::{PacketFlags, PacketKind},
    shutdown::Shutdown,
    tcp_info::TcpOptions,
    timer::TimerKind,
    ulp::{MptcpSubflowFlags, TlsMode},
    unix::{UnixKind, UnixState},
    vsock::VsockKind,
};

/// Declares the words of an enum; numbers without a word are `Other`.
macro_rules! numbers_with_words {
    ($type:ident, $number:ty, $($variant:ident = $word:literal,)*) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant => serializer.serialize_str($word),)*
                    Self::Other(number) => number.serialize(serializer),
                }
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct WordVisitor;

                impl Visitor<'_> for WordVisitor {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("one of", $(" ", $word, ",",)* " or a number"))
                    }

                    fn visit_str<E: Error>(self, word: &str) -> Result<$type, E> {
                        match word {
                            $($word => Ok($type::$variant),)*
                            _ => Err(E::invalid_value(Unexpected::Str(word), &self)),
                        }
                    }

                    fn visit_u64<E: Error>(self, number: u64) -> Result<$type, E> {
                        <$number>::try_from(number)
                            .map($type::Other)
                            .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
                    }
                }

                deserializer.deserialize_any(WordVisitor)
            }
        }
    };
}

numbers_with_words!(
    TimerKind,
    u32,
    Retransmit = "on",
    Keepalive = "keepalive",
    TimeWait = "timewait",
    Probe = "persist",
    DelayedAck = "delack",
);
numbers_with_words!(UnixKind, u16, Stream = "stream", Datagram = "dgram", SeqPacket = "seqpacket",);
numbers_with_words!(VsockKind, u8, Stream = "stream", Datagram = "dgram", SeqPacket = "seqpacket",);
numbers_with_words!(PacketKind, u16, Raw = "raw", Datagram = "dgram",);
numbers_with_words!(
    UnixState,
    u8,
    Unconnected = "unconnected",
    Connecting = "connecting",
    Connected = "connected",
    Disconnecting = "disconnecting",
    Listening = "listening",
);
numbers_with_words!(
    TlsMode,
    u16,
    None = "none",
    Software = "sw",
    Hardware = "hw",
    HardwareRecord = "hw-record",
);

/// Bits with words for some of them, the lowest first.
struct BitWords<'a>(&'a [&'static str]);

impl BitWords<'_> {
    fn serialize<S: Serializer>(&self, bits: u32, serializer: S) -> Result<S::Ok, S::Error> {
        let set = (0..u32::BITS).filter(|bit| bits >> bit & 1 == 1);
        serializer.collect_seq(set.map(|bit| Bit(bit, self.word(bit))))
    }

    fn word(&self, bit: u32) -> Option<&'static str> {
        usize::try_from(bit).ok().and_then(|bit| self.0.get(bit).copied())
    }

    fn bit(&self, word: &str) -> Option<u32> {
        if let Some(bit) = self.0.iter().position(|known| *known == word) {
            return u32::try_from(bit).ok();
        }
        word.strip_prefix("bit")?.parse().ok().filter(|bit| *bit < u32::BITS)
    }
}

/// One bit.
struct Bit(u32, Option<&'static str>);

impl Serialize for Bit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self(_, Some(word)) => serializer.serialize_str(word),
            Self(bit, None) => serializer.collect_str(&format_args!("bit{bit}")),
        }
    }
}

impl<'de> Visitor<'de> for BitWords<'_> {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {} or bitN", self.0.join(", "))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<u32, A::Error> {
        let mut bits = 0;
        while let Some(word) = words.next_element::<String>()? {
            let bit = self
                .bit(&word)
                .ok_or_else(|| A::Error::invalid_value(Unexpected::Str(&word), &self))?;
            bits |= 1 << bit;
        }
        Ok(bits)
    }
}

/// Declares the words of a set of bits.
macro_rules! bits_with_words {
    ($set:ident, $number:ty, [$($word:literal),* $(,)?]) => {
        impl Serialize for $set {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                BitWords(&[$($word),*]).serialize(u32::from(self.bits()), serializer)
            }
        }

        impl<'de> Deserialize<'de> for $set {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let bits = deserializer.deserialize_seq(BitWords(&[$($word),*]))?;
                <$number>::try_from(bits)
                    .map(Self::from_bits)
                    .map_err(|_| D::Error::custom("expected no bit above those of the set"))
            }
        }
    };
}

bits_with_words!(Shutdown, u8, ["receive", "send"]);
bits_with_words!(
    TcpOptions,
    u8,
    ["ts", "sack", "wscale", "ecn", "ecnseen", "fastopen", "usec_ts", "tfo_child"]
);
bits_with_words!(
    InetOptions,
    u16,
    [
        "recverr",
        "is_icsk",
        "freebind",
        "hdrincl",
        "mc_loop",
        "transparent",
        "mc_all",
        "nodefrag",
        "bind_addr_no_port",
        "recverr_rfc4884",
        "defer_connect",
    ]
);
bits_with_words!(PacketFlags, u32, ["running", "auxdata", "origdev", "vnethdr", "loss"]);
bits_with_words!(
    NetlinkFlags,
    u32,
    ["cb_running", "pktinfo", "broadcast_error", "no_enobufs", "listen_all_nsid", "cap_ack"]
);
bits_with_words!(
    MptcpSubflowFlags,
    u32,
    [
        "mcap_rem",
        "mcap_loc",
        "join_rem",
        "join_loc",
        "bkup_rem",
        "bkup_loc",
        "fully_established",
        "connected",
        "mapvalid",
    ]
);
