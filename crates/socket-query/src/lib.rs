//! socket-query
