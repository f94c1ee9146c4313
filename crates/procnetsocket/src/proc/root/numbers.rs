//! Directories whose names are numbers: of processes, of threads, of descriptors.

use std::{ffi::CStr, mem::MaybeUninit, ops::ControlFlow, os::fd::OwnedFd};

use rustix::{
    fd::{AsFd, BorrowedFd},
    fs::RawDir,
    io::Errno,
};

use crate::proc::text::number::unsigned;

/// Bytes of a directory that are read at a time: 32 KiB, about 1 300 names of descriptors.
pub(crate) const LISTING_BYTES: usize = 32 * 1024;

/// A buffer for names.
pub(crate) type ListingBuffer = Vec<MaybeUninit<u8>>;

/// A directory whose numbers can be read, in the order of the kernel.
#[derive(Debug)]
pub(crate) struct Numbers(OwnedFd);

impl Numbers {
    pub(super) fn new(directory: impl Into<OwnedFd>) -> Self {
        Self(directory.into())
    }

    /// Returns a buffer to read names with.
    pub(crate) fn buffer() -> ListingBuffer {
        vec![MaybeUninit::uninit(); LISTING_BYTES]
    }

    /// Passes on every name that is a number, with the number. Other names are skipped.
    ///
    /// # Errors
    ///
    /// The error number of reading the directory; earlier names were passed on.
    pub(crate) fn read<B>(
        &self,
        buffer: &mut ListingBuffer,
        mut each: impl FnMut(u32, &CStr) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>, Errno> {
        let mut names = RawDir::new(&self.0, buffer.as_mut_slice());
        while let Some(entry) = names.next() {
            let entry = match entry {
                Err(Errno::INTR) => continue,
                entry => entry?,
            };
            let name = entry.file_name();
            let Some(number) = number(name.to_bytes()) else { continue };
            if let ControlFlow::Break(end) = each(number, name) {
                return Ok(ControlFlow::Break(end));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Reads the target of a link of the directory, cut to the length of the buffer.
    #[expect(
        clippy::disallowed_methods,
        reason = "a name that the kernel listed, below its directory"
    )]
    pub(crate) fn link<'a>(
        &self,
        name: &CStr,
        buffer: &'a mut [MaybeUninit<u8>],
    ) -> Result<&'a [u8], Errno> {
        let (text, _) = rustix::fs::readlinkat_raw(&self.0, name, buffer)?;
        Ok(text)
    }
}

impl AsFd for Numbers {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Returns the number if it is written as the kernel writes numbers: only digits, without leading
/// zeros, within 32 bits.
fn number(name: &[u8]) -> Option<u32> {
    match (name, unsigned(name)?) {
        ([b'0', _, ..], _) => None,
        (_, (number, [])) => u32::try_from(number).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::zero(b"0", Some(0))]
    #[case::usual(b"42", Some(42))]
    #[case::longest(b"4294967295", Some(u32::MAX))]
    #[case::too_large(b"4294967296", None)]
    #[case::far_too_large(b"99999999999999999999999", None)]
    #[case::nothing(b"", None)]
    #[case::zeros_before(b"042", None)]
    #[case::zeros(b"00", None)]
    #[case::sign(b"-4", None)]
    #[case::plus(b"+4", None)]
    #[case::words_behind(b"4x", None)]
    #[case::word(b"self", None)]
    #[case::blank(b" 4", None)]
    #[case::dots(b"..", None)]
    fn names(#[case] name: &[u8], #[case] expected: Option<u32>) {
        assert_eq!(number(name), expected);
    }
}
