//! Files of policies; and frames of brokers, which are typed data in bytes, too.

use socket_query::Policy;

use super::frame;

/// A parsed policy is the same after printing and parsing again; a text that is not parsed grants
/// nothing, because there is no policy.
pub fn holds(input: &[u8]) {
    frame::holds(input);
    let Ok(policy) = toml::from_slice::<Policy>(input) else { return };
    let text = toml::to_string(&policy).expect("every policy can be written down");
    assert_eq!(toml::from_str::<Policy>(&text).as_ref(), Ok(&policy), "{text}");
}
