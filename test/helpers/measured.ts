/**
 * Options of a test that measures time. What else the machine does adds to a measure and never takes from it, so the
 * best of three runs is nearest to what the code itself takes; code that became slower fails all three. Memory, and time
 * beside something measured at the same time, are sure without it.
 */
export const MEASURED = { retry: 2 };
