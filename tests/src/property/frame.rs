//! Frames between a shell and its brokers.

use std::{
    io::{self, Write as _},
    marker::PhantomData,
    time::Duration,
};

use host_confine::broker::{
    Broker, NamespaceAnswer, NamespaceRequest, ProcessAnswer, ProcessRequest, ResolverAnswer,
    ResolverRequest, Service, serve,
};
use procnetsocket::Uninterrupted;
use serde::{Serialize, de::DeserializeOwned};

/// Longer than any exchange takes.
const LONG: Duration = Duration::from_mins(20);

/// Answers with the request.
struct Echo<T>(PhantomData<T>);

impl<T: Serialize + DeserializeOwned> Service for Echo<T> {
    type Request = T;
    type Answer = T;

    fn answer(&self, request: T) -> T {
        request
    }

    fn too_long() -> T {
        panic!("no request is longer than an answer")
    }
}

/// A decoded message is unchanged after encoding and decoding again, and a malformed one is an
/// error of the broker and of the shell.
pub(super) fn holds(input: &[u8]) {
    goes_back_and_forth::<ProcessRequest>(input);
    goes_back_and_forth::<ProcessAnswer>(input);
    goes_back_and_forth::<NamespaceRequest>(input);
    goes_back_and_forth::<NamespaceAnswer>(input);
    goes_back_and_forth::<ResolverRequest>(input);
    goes_back_and_forth::<ResolverAnswer>(input);
    is_received(input);
}

fn goes_back_and_forth<T: Serialize + DeserializeOwned>(input: &[u8]) {
    let echoed = echo::<T>(input);
    assert_eq!(echo::<T>(&echoed), echoed);
}

fn echo<T: Serialize + DeserializeOwned>(mut input: &[u8]) -> Vec<u8> {
    let mut answers = Vec::new();
    // OK because requests before an error are answered.
    let _ = serve(&Echo::<T>(PhantomData), &mut input, &mut answers);
    answers
}

/// Uses the input as the output of a broker that then ends.
fn is_received(input: &[u8]) {
    let (Ok((_requests, to_broker)), Ok((from_broker, mut answers))) = (io::pipe(), io::pipe())
    else {
        return;
    };
    let broker = Broker::<Echo<ResolverAnswer>>::new(to_broker.into(), from_broker.into());
    // OK because a pipe has room for more than any input.
    answers.write_all(input).expect("a pipe has room");
    drop(answers);
    let asked = broker.expect("pipes").ask(&ResolverAnswer::Name(None), LONG, &Uninterrupted);
    // It has to end even without an answer to the first request.
    drop(asked);
}
