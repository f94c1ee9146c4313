//! Files of policies; and frames of brokers, which are typed data in bytes, too.

use socket_query::Policy;

use super::frame;

/// A policy that is understood is the same when it is written down and read again; one that is not
/// grants nothing, because there is none.
pub fn holds(input: &[u8]) {
    frame::holds(input);
    let Ok(policy) = toml::from_slice::<Policy>(input) else { return };
    let text = toml::to_string(&policy).expect("every policy can be written down");
    assert_eq!(toml::from_str::<Policy>(&text).as_ref(), Ok(&policy), "{text}");
}
