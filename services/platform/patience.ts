/**
 * How long a database that only does not answer is waited for, in milliseconds, as while its machine is paused or the
 * network is cut: longer than half a minute. The legacy backend waits too, and a write that was sent may have been done.
 */
export const PATIENCE_MS = 45_000
