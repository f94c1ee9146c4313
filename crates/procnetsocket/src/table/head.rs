//! The first columns of an inet row, from the local address to the retransmissions, decoded
//! together.
//!
//! They have a fixed width, so the bytes of all of them can be compared with a template, and turned
//! into digits, many at a time: a table is mostly such digits. What does not fit the template is
//! left to the parser of single fields, which knows what is wrong with it.

use super::hex;

/// The columns as numbers; an address has one word or four.
pub(super) struct Head<const WORDS: usize> {
    pub(super) local: Endpoint<WORDS>,
    pub(super) remote: Endpoint<WORDS>,
    pub(super) state: u8,
    pub(super) send: u32,
    pub(super) recv: u32,
    pub(super) timer: u8,
    pub(super) ticks: u32,
    pub(super) retransmits: u32,
}

/// The words of an address, and a port.
pub(super) type Endpoint<const WORDS: usize> = ([u32; WORDS], u16);

/// The columns of a row of IPv4.
static IPV4: Template<80> = Template::new(
    b"xxxxxxxx:xxxx xxxxxxxx:xxxx xx xxxxxxxx:xxxxxxxx xx:xxxxxxxx xxxxxxxx???????????",
);

/// Bytes of [`IPV4`] that are columns.
const IPV4_BYTES: usize = 69;

/// The same for IPv6.
static IPV6: Template<128> = Template::new(
    b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:xxxx xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:xxxx xx \
      xxxxxxxx:xxxxxxxx xx:xxxxxxxx xxxxxxxx???????????",
);

/// Bytes of [`IPV6`] that are columns.
const IPV6_BYTES: usize = 117;

/// Parses the columns of a row of IPv4 and returns what follows them.
pub(super) fn ipv4(bytes: &[u8]) -> Option<(Head<1>, &[u8])> {
    let head = read(&IPV4.digits(bytes.first_chunk()?)?)?;
    Some((head, bytes.get(IPV4_BYTES..)?))
}

/// Parses the columns of a row of IPv6 and returns what follows them.
pub(super) fn ipv6(bytes: &[u8]) -> Option<(Head<4>, &[u8])> {
    let head = read(&IPV6.digits(bytes.first_chunk()?)?)?;
    Some((head, bytes.get(IPV6_BYTES..)?))
}

/// Where a text has hexadecimal digits and what stands between them, made so that many bytes can be
/// compared at a time. A byte is combined with `zeros` by exclusive or.
struct Template<const N: usize> {
    /// `0` in the place of a digit, and elsewhere the byte that has to be there.
    zeros: [u8; N],
    /// What a byte may come to: 9 for a digit, and 0 for other bytes.
    most: [u8; N],
    /// How many letters are digits: 6 in upper case, as the kernel prints them, and 0 in the place
    /// of other bytes.
    letters: [u8; N],
}

impl<const N: usize> Template<N> {
    /// Reads a picture of the text: `x` for a digit, `?` for a byte that is not looked at (it makes
    /// the text a round number of bytes, which is faster), and all others for themselves.
    const fn new(picture: &[u8; N]) -> Self {
        let (mut zeros, mut most, mut letters) = ([0; N], [0; N], [0; N]);
        let mut place = 0;
        while place < N {
            // OK because the place is below the length; this runs at compile time.
            #[allow(clippy::indexing_slicing, reason = "compile time, in range")]
            {
                (zeros[place], most[place], letters[place]) = match picture[place] {
                    b'x' => (b'0', 9, 6),
                    b'?' => (0, u8::MAX, 0),
                    byte => (byte, 0, 0),
                };
            }
            place += 1;
        }
        Self { zeros, most, letters }
    }

    /// Returns the values of the digits, if the text is as the template says.
    ///
    /// The loop has no branch, so that the compiler makes it handle 16 bytes at a time.
    #[inline]
    fn digits(&self, text: &[u8; N]) -> Option<[u8; N]> {
        let (mut digits, mut wrong) = ([0; N], 0);
        let template = self.zeros.iter().zip(&self.most).zip(&self.letters);
        for ((digit, byte), ((zero, most), letters)) in digits.iter_mut().zip(text).zip(template) {
            let value = byte ^ zero;
            let is_letter = value.wrapping_sub(b'A' ^ b'0') < *letters;
            *digit = (value & 0xF) + if is_letter { 9 } else { 0 };
            wrong |= u8::from(!(value <= *most || is_letter));
        }
        (wrong == 0).then_some(digits)
    }
}

/// Puts the digits together; between two columns, one byte is stepped over.
#[inline]
fn read<const WORDS: usize>(digits: &[u8]) -> Option<Head<WORDS>> {
    let (local, rest) = endpoint(digits)?;
    let (remote, rest) = endpoint(rest.get(1..)?)?;
    let (state, rest) = byte(rest.get(1..)?)?;
    let (send, rest) = word(rest.get(1..)?)?;
    let (recv, rest) = word(rest.get(1..)?)?;
    let (timer, rest) = byte(rest.get(1..)?)?;
    let (ticks, rest) = word(rest.get(1..)?)?;
    let (retransmits, _) = word(rest.get(1..)?)?;
    Some(Head { local, remote, state, send, recv, timer, ticks, retransmits })
}

#[inline]
fn endpoint<const WORDS: usize>(digits: &[u8]) -> Option<(Endpoint<WORDS>, &[u8])> {
    let (mut words, mut rest) = ([0; WORDS], digits);
    for place in &mut words {
        (*place, rest) = word(rest)?;
    }
    let (high, rest) = byte(rest.get(1..)?)?;
    let (low, rest) = byte(rest)?;
    Some(((words, u16::from_be_bytes([high, low])), rest))
}

#[inline]
fn word(digits: &[u8]) -> Option<(u32, &[u8])> {
    let (&eight, rest) = digits.split_first_chunk()?;
    Some((hex::join(eight), rest))
}

#[inline]
fn byte(digits: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], rest) = digits.split_first_chunk()?;
    Some((high << 4 | low, rest))
}
