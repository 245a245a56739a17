"""The part of AMQP 1.0 that the local door speaks: types, frames, message sections. Bytes in, values out; no I/O."""
