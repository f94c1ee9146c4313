//! The status that a builtin ends with.

/// The exit status of a call: 0 is success, all else is failure, as in POSIX shells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExitCode(u8);

impl ExitCode {
    /// The call succeeded.
    pub const SUCCESS: Self = Self(0);
    /// The call failed.
    pub const FAILURE: Self = Self(1);
    /// The arguments are invalid.
    pub const USAGE: Self = Self(2);
    /// The deadline passed; the status of `timeout(1)`.
    pub const TIMED_OUT: Self = Self(124);
    /// There is no such command; the status of POSIX shells.
    pub const NOT_FOUND: Self = Self(127);
    /// The call was cancelled; 128 and the number of SIGINT.
    pub const CANCELLED: Self = Self(130);
    /// The reader of the output closed its end; 128 and the number of SIGPIPE.
    pub const BROKEN_PIPE: Self = Self(141);

    /// Returns the status with this number.
    pub const fn new(code: u8) -> Self {
        Self(code)
    }

    /// Returns the number, 0 to 255.
    pub const fn code(self) -> u8 {
        self.0
    }

    /// Returns whether the status is 0.
    pub const fn is_success(self) -> bool {
        self.0 == 0
    }
}

impl From<ExitCode> for std::process::ExitCode {
    /// Returns the same status, for a program that ends with the status of a builtin.
    fn from(exit: ExitCode) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::ExitCode;

    #[rstest]
    #[case::success(ExitCode::SUCCESS, 0, true)]
    #[case::failure(ExitCode::FAILURE, 1, false)]
    #[case::usage(ExitCode::USAGE, 2, false)]
    #[case::timed_out(ExitCode::TIMED_OUT, 124, false)]
    #[case::not_found(ExitCode::NOT_FOUND, 127, false)]
    #[case::cancelled(ExitCode::CANCELLED, 130, false)]
    #[case::broken_pipe(ExitCode::BROKEN_PIPE, 141, false)]
    #[case::largest(ExitCode::new(255), 255, false)]
    fn has_the_number_of_posix_shells(
        #[case] exit: ExitCode,
        #[case] code: u8,
        #[case] success: bool,
    ) {
        assert_eq!((exit.code(), exit.is_success()), (code, success));
    }
}
