/** 2026-11-22T13:00:00.123Z: when every request of a test arrives unless it says otherwise. */
export const NOW = Date.UTC(2026, 10, 22, 13, 0, 0, 123)
