"""The life of an outgoing mail: kinds, states, rate limits, uncertain and deferred deliveries. Never renders or
sends."""
