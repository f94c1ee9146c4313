//! Integration tests of the workspace; everything stands in `tests/integration`.
