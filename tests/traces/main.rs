//! Traces of requests that pass a mesh, as a collector of OTLP receives them.

mod callers;
mod chain;
mod collector;
mod collectors;
mod hops;
mod own;
mod shop;
